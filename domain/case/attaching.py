"""Files of a case: what a customer sent in, what was sent to them, and what the company keeps with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from domain.attachment import REFUSALS, Attaching, attached
from domain.case.about import NOT_MERGED, AboutCase
from domain.case.rules import merged, out_of_time
from domain.decider import Decided
from domain.departure import stepped
from domain.envelope import Context

if TYPE_CHECKING:
    from domain.case.state import Case


class AttachToCase(Attaching, AboutCase):
    """Put a file to the case, at any time: what shows something is worth having after closing as well."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*NOT_MERGED, *REFUSALS)


def decide(case: Case, command: AttachToCase, context: Context) -> Decided:
    """The event that the command leads to; none when nothing changes. Raises: Refused."""
    event = attached(case.rare.attachments, command, case.customer_id or command.case_id)
    return [] if event is None else stepped(context, event, merged(case), out_of_time(case, command, context))
