"""`revealPersonal`: personal values that a role sees masked, for a purpose that the ledger keeps."""

from __future__ import annotations

from collections.abc import Sequence

import strawberry

from api.access.rules import Showing
from api.graphql import inputs
from api.graphql.carrying_out import Making, Objected, Objection
from api.graphql.codes import INVALID_INPUT, UNKNOWN_PERSONAL_VALUE
from api.graphql.identity import parts_of
from api.graphql.mutation import Mutation, Subject
from api.graphql.personal import KIND, PersonalString, string_of
from api.graphql.request import Request
from domain.event import Command
from domain.revealing import MOST_VALUES, PersonalRevealed, RevealedValue, RevealPersonal
from domain.stream import Category, category_of, subject_of
from ledger.ledger import PersonalPlace


@strawberry.input(description="Personal values to read, and what for.")
class RevealPersonalInput(inputs.Asked):
    ids: list[strawberry.ID] = strawberry.field(description="The values, by their ids; at most 100.")
    purpose: str = strawberry.field(
        description="What for, as the installation calls it; never about a person. The ledger keeps it with who asked."
    )


def reveal_personal(asked: RevealPersonalInput, making: Making) -> Sequence[Command]:
    """The reading of values that are there, and within reach."""
    if not 1 <= len(asked.ids) <= MOST_VALUES:
        message = f"{len(asked.ids)} values at once; give 1 to {MOST_VALUES}."
        raise Objected(Objection(INVALID_INPUT, message, ("ids",), {"limit": MOST_VALUES}))
    places = list(dict.fromkeys(_place(text, at, making) for at, text in enumerate(asked.ids)))
    there = making.ledger.disclose(place for place in places if _seen(place, making))
    unknown = [str(at) for at, place in enumerate(places) if place not in there]
    if unknown:
        message = "There is no such personal value."
        raise Objected(*(Objection(UNKNOWN_PERSONAL_VALUE, message, ("ids", at)) for at in unknown))
    values = tuple(RevealedValue(**place._asdict()) for place in places)
    access_id = making.new_id(Category.ACCESS)
    return [making.command(RevealPersonal, access_id=access_id, purpose=asked.purpose, values=values)]


def _place(text: str, at: int, making: Making) -> PersonalPlace:
    """The place in an id. Raises: Objected."""
    try:
        kind, book, stream, version, path, how = parts_of(text)
        if (kind, book) == (KIND, making.ledger.book) and how in {"read", "written"}:
            Category(category_of(stream))
            subject_of(stream)
            value = RevealedValue(stream=stream, version=int(version), path=path, as_read=how == "read")
            return PersonalPlace(**value.model_dump())
    except ValueError:
        pass
    message = f"{text!r} is no id of a personal value of this book; use one as an answer gave it."
    raise Objected(Objection(INVALID_INPUT, message, ("ids", str(at))))


def _seen(place: PersonalPlace, making: Making) -> bool:
    return making.sees(Category(category_of(place.stream)), subject_of(place.stream))


async def revealed(request: Request, stream: str) -> list[PersonalString] | None:
    """What somebody had revealed to them, and nobody else under their command's id."""
    history = await request.loaders.histories.load(stream) or ()
    own = [one for one in history if one.metadata.actor.name == request.principal.name]
    places = [
        PersonalPlace(**value.model_dump())
        for one in own
        if isinstance(one.event, PersonalRevealed)
        for value in one.event.values
    ]
    found = await request.loaders.personal.load_many(places)
    shown = [
        string_of(request.door.book, place, value, Showing.OPEN)
        for place, value in zip(places, found, strict=True)
        if value is not None
    ]
    return shown if own else None


REVEALING_MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "reveal_personal",
        "Shows personal values that the asker's role sees masked. Who read what, and what for, is recorded.",
        RevealPersonalInput,
        reveal_personal,
        (RevealPersonal,),
        Subject("revealed", list[PersonalString], show_stream=revealed, views=()),
        (UNKNOWN_PERSONAL_VALUE,),
    ),
)
