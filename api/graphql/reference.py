"""Lists to choose from, and what values are called on a page, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, cast

import strawberry
from graphql import GraphQLEnumType, GraphQLSchema

from api.graphql.arguments import Token
from api.graphql.codes import MEANINGS
from api.graphql.connection import MOST_A_PAGE
from api.graphql.problem import Code, Problem, speakable
from api.graphql.request import Info
from api.graphql.resolved import resolved
from api.graphql.scalars import SafeInt
from api.labels import labels
from domain.topics import EVENTS
from projections import taxonomy

TOPICS = "EventTopic"
CODES = "UserErrorCode"


@strawberry.type(description="A value of a list, and what it is called on a page.")
class ReferenceTerm:
    value: str = strawberry.field(description="The value, as the schema has it.")
    en: str = strawberry.field(description="What it is called in English.")
    zh: str = strawberry.field(description="What it is called in Chinese.")
    description: str | None = strawberry.field(description="What it means, in English.")


@strawberry.type(description="The values of an enumeration of the schema, or of something like it, in their order.")
class ReferenceList:
    name: str = strawberry.field(description="The enumeration, by its name; or `EventTopic`, what may have happened.")
    terms: list[ReferenceTerm] = strawberry.field(description="Its values.")


@strawberry.type(description="A class of the issue library in which cases stand.")
class TaxonomyTerm:
    category: str = strawberry.field(description="The category.")
    subcategory: str | None = strawberry.field(description="The subcategory.")
    symptom: str | None = strawberry.field(description="The symptom.")
    cases: SafeInt = strawberry.field(description="How many of the cases that the asker is told of stand in it.")
    last_received_at: datetime = strawberry.field(description="When the latest of them was received.")


@strawberry.type
class ReferenceQuery:
    @resolved(
        "What the values of enumerations, the topics of events and the codes of user errors are called on a page."
    )
    async def reference_lists(
        self,
        info: Info,
        names: Annotated[
            list[str] | None, strawberry.argument(description="The lists, by name; all when left out.")
        ] = None,
    ) -> list[ReferenceList]:
        known = (*labels.enumerations(), CODES, TOPICS)
        if unknown := sorted(set(names or ()) - set(known)):
            message = f"There is no list {unknown[0]!r}; name an enumeration that pages show, {CODES} or {TOPICS}."
            raise Problem(Code.BAD_ARGUMENTS, message, list=unknown[0])
        schema: Any = info.schema
        wanted = known if names is None else dict.fromkeys(names)
        return [ReferenceList(name=name, terms=list(_terms(schema._schema, name))) for name in wanted]

    @resolved("The terms of the issue library in which cases stand, the most frequent first.")
    async def taxonomy_terms(
        self,
        info: Info,
        category: Annotated[str | None, strawberry.argument(description="Those of this category alone.")] = None,
        starts_with: Annotated[
            str | None,
            strawberry.argument(description="Those whose category begins so, in whatever case of letters."),
        ] = None,
        received_from: Annotated[
            datetime | None, strawberry.argument(description="Of cases received then or later; of all when left out.")
        ] = None,
        first: Annotated[int, strawberry.argument(description="How many terms; at most 100.")] = 20,
        consistency_token: Token = None,
    ) -> list[TaxonomyTerm]:
        request = info.context
        await request.caught_up(consistency_token)
        if not 0 <= first <= MOST_A_PAGE:
            message = f"At most {MOST_A_PAGE} terms are listed, not {first}."
            raise Problem(Code.PAGE_TOO_LARGE, message, limit=MOST_A_PAGE, found=first)
        where = taxonomy.TermFilter(
            None if category is None else speakable(category),
            None if starts_with is None else speakable(starts_with),
            received_from,
        )
        door = request.door
        found = await door.off_loop(
            taxonomy.terms_in_use, door.ledger.database, door.book, where, first, await request.reach()
        )
        return [TaxonomyTerm(**each._asdict() | {"cases": SafeInt(each.cases)}) for each in found]


def _terms(schema: GraphQLSchema, name: str) -> Iterator[ReferenceTerm]:
    if name == TOPICS:
        yield from _topics()
    elif name == CODES:
        for code, meaning in MEANINGS.items():
            yield ReferenceTerm(value=code, en=meaning, zh=labels.of_codes()[code], description=None)
    else:
        enumeration, words = cast(GraphQLEnumType, schema.type_map[name]), labels.of_enumeration(name)
        for value, told in enumeration.values.items():
            yield ReferenceTerm(value=value, description=told.description, **words[value]._asdict())


def _topics() -> Iterator[ReferenceTerm]:
    words = labels.of_topics()
    for event in EVENTS:
        meaning = (event.__doc__ or "").split("\n", maxsplit=1)[0]
        called = words[event.TOPIC.rpartition(".")[0]]
        yield ReferenceTerm(value=event.TOPIC, description=meaning, **called._asdict())
