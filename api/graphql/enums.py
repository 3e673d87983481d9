"""The domain's enumerations as the schema shows them: SCREAMING names, the domain's own sentences.

The types of the schema import them from here, so that Strawberry knows them before a field names one.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from api.graphql.enum_values import VALUES, meanings_of, sentences
from domain.book import BookTime
from domain.case.deadline import Cause
from domain.case.dialogue import FollowUpResult
from domain.case.due import DueOrigin
from domain.case.escalation import EscalatedBy
from domain.case.events import CaseKind, Level, Outcome, PauseGround, Priority, ResponseKind
from domain.case.relations import Relation
from domain.case.rules import Departure as CaseDeparture
from domain.case.state import Status
from domain.case.statutory import NoticeOf, ReviewOutcome
from domain.channel import Channel, Direction
from domain.customer import ContactKind, CustomerKind, Tier
from domain.departure import Departure as OtherDeparture
from domain.envelope import ActorKind
from domain.event import Precision
from domain.obligation import ObligationKind
from domain.sla.clock import Verdict
from domain.sla.days import Weekday
from domain.unit.events import UnitKind
from projections.case_row import OpenLoop, Proposal
from projections.obligation import ObligationStatus

if TYPE_CHECKING:
    from domain.case.rules import Departure
else:
    # One enumeration of the schema: the departures of cases, and those of everything else.
    Departure = StrEnum(
        "Departure", {each.name: each.value for part in (CaseDeparture, OtherDeparture) for each in part}
    )
    Departure.__doc__ = "A step that the declared life does not foresee. Imported history takes them."

__all__ = [
    "ActorKind",
    "BookTime",
    "CaseKind",
    "Cause",
    "Channel",
    "ContactKind",
    "CustomerKind",
    "Departure",
    "Direction",
    "DueOrigin",
    "EscalatedBy",
    "FollowUpResult",
    "Level",
    "NoticeOf",
    "ObligationKind",
    "ObligationStatus",
    "OpenLoop",
    "Outcome",
    "PauseGround",
    "Precision",
    "Priority",
    "Proposal",
    "Relation",
    "ResponseKind",
    "ReviewOutcome",
    "Status",
    "Tier",
    "UnitKind",
    "Verdict",
    "Weekday",
    "shown",
]

NAMES: dict[type[StrEnum], str] = {
    ActorKind: "ActorKind",
    BookTime: "BookTime",
    CaseKind: "CaseKind",
    Cause: "RevisionCause",
    Channel: "Channel",
    ContactKind: "ContactKind",
    CustomerKind: "CustomerKind",
    Departure: "Departure",
    Direction: "Direction",
    DueOrigin: "DueOrigin",
    EscalatedBy: "EscalatedBy",
    FollowUpResult: "FollowUpResult",
    Level: "Level",
    NoticeOf: "NoticeOf",
    OpenLoop: "OpenLoop",
    ObligationKind: "ObligationKind",
    ObligationStatus: "ObligationStatus",
    Outcome: "Outcome",
    PauseGround: "PauseGround",
    Precision: "Precision",
    Priority: "Priority",
    Proposal: "ProposalState",
    Relation: "CaseRelation",
    ResponseKind: "ResponseKind",
    ReviewOutcome: "ReviewOutcome",
    Status: "CaseStatus",
    Tier: "Tier",
    UnitKind: "UnitKind",
    Verdict: "Verdict",
    Weekday: "Weekday",
}


def shown(
    enumeration: type[StrEnum], name: str, description: str, meanings: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Makes an enumeration part of the schema. What its values mean is said by name, or where they are declared."""
    strawberry.enum(enumeration, name=name, description=description)
    definition: StrawberryEnumDefinition = enumeration.__strawberry_definition__  # type: ignore[attr-defined]
    said = {**meanings_of(enumeration, name), **meanings}
    for value in definition.values:
        value.description = said.get(value.name)


_DEPARTURES = {**sentences(OtherDeparture), **sentences(CaseDeparture), **VALUES["Departure"]}
for _enumeration, _name in NAMES.items():
    _meanings = _DEPARTURES if _name == "Departure" else {}
    shown(_enumeration, _name, (_enumeration.__doc__ or "").split("\n", maxsplit=1)[0], _meanings)
