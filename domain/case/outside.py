"""What happens to a complaint outside the company: portals, hotlines, regulators, and the returns that report it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeAlias, TypeVar, assert_never

from domain.case.about import HANDLING, KNOWN, AboutCase
from domain.case.rules import Said, merged, out_of_time, recorded_otherwise, unregistered
from domain.decider import Decided
from domain.departure import stepped
from domain.envelope import Context, Recorded
from domain.event import Event, Label, SourceKey, StaffName
from domain.refusal import Refusal

if TYPE_CHECKING:
    from domain.case.state import Case

# Events ---------------------------------------------------------------------------------------------------------------


class SentToPortal(Event):
    """A complaint portal passed the matter on to the company; some clocks start here, whenever it was received."""

    TOPIC: ClassVar = "sent-to-portal.1"

    portal: Label
    reference: SourceKey | None


class HotlineInformed(Event):
    """The hotline from which the case came was told what was done about it."""

    TOPIC: ClassVar = "hotline-informed.1"

    by: StaffName | None


class RegulatorReceived(Event):
    """A regulator got the complaint, perhaps long before the company did."""

    TOPIC: ClassVar = "regulator-received.1"

    regulator: Label
    reference: SourceKey | None


class RegulatorForwarded(Event):
    """A regulator passed the complaint on."""

    TOPIC: ClassVar = "regulator-forwarded.1"

    regulator: Label
    to: Label


class ReturnSubmitted(Event):
    """The case was reported in a periodical return."""

    TOPIC: ClassVar = "return-submitted.1"

    to: Label
    period: Label


OutsideEvent: TypeAlias = SentToPortal | HotlineInformed | RegulatorReceived | RegulatorForwarded | ReturnSubmitted

# Commands -------------------------------------------------------------------------------------------------------------

_ELSEWHERE = (Refusal.UNKNOWN_CASE, Refusal.RECORDED_OTHERWISE)
"""Of what somebody outside did, before the company received the case or after."""


class SendToPortal(AboutCase):
    """Note that a portal passed the matter on, at any time, once for each portal."""

    REFUSALS: ClassVar[tuple[str, ...]] = _ELSEWHERE

    portal: Label
    reference: SourceKey | None = None


class InformHotline(AboutCase):
    """Tell the hotline from which the case came what was done about it, also after closing."""

    REFUSALS: ClassVar[tuple[str, ...]] = HANDLING

    by: StaffName | None = None


class NoteRegulatorReceipt(AboutCase):
    """Note that a regulator got the complaint, at any time, once for each regulator."""

    REFUSALS: ClassVar[tuple[str, ...]] = _ELSEWHERE

    regulator: Label
    reference: SourceKey | None = None


class NoteRegulatorForwarding(AboutCase):
    """Note that a regulator passed the complaint on, at any time."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.UNKNOWN_CASE,)

    regulator: Label
    to: Label


class SubmitReturn(AboutCase):
    """Note in which return the case was reported, at any time."""

    REFUSALS: ClassVar[tuple[str, ...]] = KNOWN

    to: Label
    period: Label


OutsideCommand: TypeAlias = SendToPortal | InformHotline | NoteRegulatorReceipt | NoteRegulatorForwarding | SubmitReturn

# Life -----------------------------------------------------------------------------------------------------------------


Outside: TypeAlias = tuple[Said[OutsideEvent], ...]
"""What of this kind happened in the case's whole life, in the order in which it was recorded."""
K = TypeVar("K", bound=OutsideEvent)


def evolve(outside: Outside, recorded: Recorded[OutsideEvent]) -> Outside:
    """What happened, with one more."""
    return (*outside, Said(recorded.version, recorded.occurred_at, recorded.event))


def decide(case: Case, command: OutsideCommand, context: Context) -> Decided:
    """The events that the command leads to; none when nothing changes. Raises: Refused.

    What a portal or a regulator did may have come before the company received the case.
    """
    outside = case.rare.outside
    early = out_of_time(case, command, context)
    match command:
        case SendToPortal():
            sent = SentToPortal(portal=command.portal, reference=command.reference)
            portals = [each for each in _all(outside, SentToPortal) if each.portal == sent.portal]
            return [] if sent in portals else stepped(context, sent, recorded_otherwise(portals))
        case InformHotline():
            informed = HotlineInformed(by=command.by)
            if any(said.at == command.at and said.event == informed for said in outside):
                return []
            return stepped(context, informed, merged(case), unregistered(case), early)
        case NoteRegulatorReceipt():
            receipt = RegulatorReceived(regulator=command.regulator, reference=command.reference)
            receipts = [each for each in _all(outside, RegulatorReceived) if each.regulator == receipt.regulator]
            return [] if receipt in receipts else stepped(context, receipt, recorded_otherwise(receipts))
        case NoteRegulatorForwarding():
            forwarded = RegulatorForwarded(regulator=command.regulator, to=command.to)
            return [] if forwarded in _all(outside, RegulatorForwarded) else stepped(context, forwarded)
        case SubmitReturn():
            submitted = ReturnSubmitted(to=command.to, period=command.period)
            return [] if submitted in _all(outside, ReturnSubmitted) else stepped(context, submitted, early)
        case _:
            assert_never(command)


def _all(outside: Outside, kind: type[K]) -> list[K]:
    return [said.event for said in outside if isinstance(said.event, kind)]
