"""Personal values as the schema shows them: with their state, so that "erased" is never mistaken for "empty"."""

from __future__ import annotations

from enum import StrEnum

import strawberry

from api.access.rules import Showing
from api.graphql.enums import shown
from api.graphql.identity import opaque
from api.graphql.masking import masked
from api.graphql.request import Request
from domain import personal
from ledger.ledger import PersonalPlace

KIND = "personal"
"""What the id of a personal value begins with, unlike that of anything else."""


class PersonalState(StrEnum):
    """Whether a personal value can be read here and now."""

    OPEN = "open"
    MASKED = "masked"
    CLOSED = "closed"
    ERASED = "erased"


shown(
    PersonalState,
    "PersonalState",
    "Whether a personal value can be read here and now.",
    {
        "OPEN": "It can be read.",
        "MASKED": "Not in the asker's role. `revealPersonal` shows it, where it is open to the role.",
        "CLOSED": "It was not opened.",
        "ERASED": "Its key is gone: nobody can read it any more.",
    },
)


@strawberry.type(description="A text about a person, sealed in the ledger under that person's own key.")
class PersonalString:
    id: strawberry.ID = strawberry.field(description="Where it lies in the ledger; `revealPersonal` takes it.")
    state: PersonalState = strawberry.field(description="Whether it can be read.")
    display: str | None = strawberry.field(
        description="What a screen may show: the text when it is open, `王**` or `+86 138 **** 1111` when it is "
        "masked; null otherwise."
    )
    value: str | None = strawberry.field(description="The text, when it is open.")


def id_of_place(book: str, place: PersonalPlace) -> str:
    """The id of a personal value."""
    return opaque(KIND, book, place.stream, str(place.version), place.path, "read" if place.as_read else "written")


def string_of(book: str, place: PersonalPlace, found: personal.Personal[object], showing: Showing) -> PersonalString:
    """A personal value as it is shown so."""
    named = strawberry.ID(id_of_place(book, place))
    if found.state is not personal.PersonalState.OPEN:
        return PersonalString(id=named, state=PersonalState(found.state), display=None, value=None)
    text = str(found.value)
    if showing is Showing.MASKED:
        return PersonalString(id=named, state=PersonalState.MASKED, display=masked(place.path, text), value=None)
    return PersonalString(id=named, state=PersonalState.OPEN, display=text, value=text)


async def shown_personal(request: Request, place: PersonalPlace | None) -> PersonalString | None:
    """The personal value at a place as the asker's role sees it; None when there is none."""
    found = None if place is None else await request.loaders.personal.load(place)
    if place is None or found is None:
        return None
    return string_of(request.door.book, place, found, request.rights.personal)
