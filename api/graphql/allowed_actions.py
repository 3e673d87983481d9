"""What may be done next about a thing, as a front end asks before it shows its buttons."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import MISSING, fields
from functools import cache
from typing import Annotated, Any, NamedTuple, TypeAlias

import strawberry
from strawberry.scalars import JSON
from strawberry.utils.str_converters import to_camel_case

from api.graphql.carrying_out import leads_to, objection_of
from api.graphql.codes import UserErrorCode
from api.graphql.enums import PauseGround
from api.graphql.problem import Code, Problem
from api.graphql.request import Request
from api.next_steps import Wanted
from domain.case.commands import PauseCase
from domain.event import Command, Refused
from domain.stream import Category
from domain.ways.subjects import WAYS
from domain.ways.trying import ANY, Tried

Only: TypeAlias = Annotated[
    list[str] | None, strawberry.argument(description="The mutations to look at, by name; all when left out.")
]


@strawberry.type(description="Why something would be refused now.")
class ActionRefusal:
    code: UserErrorCode = strawberry.field(description="The code with which the mutation would answer.")  # type: ignore[valid-type]
    params: JSON = strawberry.field(description="What a translation of the message needs, by name; empty for nothing.")
    message: str = strawberry.field(description="What stands in the way and what can be done, in English.")


@strawberry.type(
    description="A mutation about this that is open to the asker's role, and whether it could be done now."
)
class AllowedAction:
    action: str = strawberry.field(description="The mutation, by its name.")
    required_fields: list[str] = strawberry.field(
        description="The fields of its input that cannot be left out, beside `commandId` and the id of what it is "
        "about."
    )
    done_already: bool = strawberry.field(
        description="Whether it was done, and asking for it again would change nothing."
    )
    refused_because: ActionRefusal | None = strawberry.field(
        description="Why it would be refused, whatever its input says; null when it can be done. What was done before "
        "is never refused when it is said once more."
    )


async def allowed_actions(
    request: Request, category: Category, stream: str, only: Collection[str] | None
) -> list[AllowedAction]:
    """What the asker's role may ask about the subject of a stream, in the schema's order. Raises: Problem."""
    known = _actions(category)
    if unknown := sorted(set(only or ()) - known.keys()):
        message = f"There is no mutation {unknown[0]!r} about a thing of this kind; name one of {', '.join(known)}."
        raise Problem(Code.BAD_ARGUMENTS, message)
    asked = [name for name in known if name in request.rights.mutations and (only is None or name in only)]
    if not asked:
        return []
    tries = await request.loaders.tries.load(_wanted(request, stream, tuple(known[name].kind for name in asked)))
    return [] if tries is None else [await _shown(request, known[name], tries[known[name].kind]) for name in asked]


async def pause_grounds(request: Request, stream: str) -> list[PauseGround]:
    """The grounds on which a case may be paused now, without asking somebody."""
    wanted = _wanted(request, stream, (PauseCase,), all_ways=True)
    tries = await request.loaders.tries.load(wanted)
    ways = () if tries is None else tries[PauseCase].changing
    return [way.ground for way in ways if isinstance(way, PauseCase)]


def _wanted(request: Request, stream: str, kinds: tuple[type[Command], ...], *, all_ways: bool = False) -> Wanted:
    """Who signed in asks and decides in their own name alone; where nobody did, in whatever name."""
    name = request.principal.name if request.principal.signed_in else ANY
    return Wanted(stream, kinds, name, all_ways)


class _Action(NamedTuple):
    """A mutation about one kind of thing."""

    name: str
    kind: type[Command]
    """The command that it becomes."""
    required: tuple[str, ...]


@cache
def _actions(category: Category) -> Mapping[str, _Action]:
    """The mutations about a kind of thing that is there already, by name."""
    from api.graphql.mutations import MUTATIONS  # which names the types of this schema

    found = {}
    for mutation in MUTATIONS:
        name = to_camel_case(mutation.name)
        for kind in mutation.commands[:1]:  # an announcement becomes none
            if kind in WAYS[category]:
                found[name] = _Action(name, kind, _required(mutation.input, category))
    return found


def _required(asked: type[Any], category: Category) -> tuple[str, ...]:
    """The fields of an input without a default, but for those that every mutation about this kind of thing has."""
    always = {"command_id", f"{category}_id"}
    needed = [each.name for each in fields(asked) if each.default is MISSING and each.default_factory is MISSING]
    return tuple(to_camel_case(name) for name in needed if name not in always)


async def _is_told(request: Request, refused: Refused) -> bool:
    """Whether the asker is told of what a refusal leads to, if it does to anything."""
    led, loaders = leads_to(refused), request.loaders
    if led is None:
        return True
    return await (loaders.cases if led.kind is Category.CASE else loaders.customers).load(led.subject) is not None


async def _shown(request: Request, action: _Action, tried: Tried) -> AllowedAction:
    refusal = None
    if tried.refused is not None:
        objection = objection_of(tried.refused, request.door.book, told=await _is_told(request, tried.refused))
        params: Any = dict(objection.params or {})
        refusal = ActionRefusal(code=UserErrorCode(objection.code), params=params, message=objection.message)
    return AllowedAction(
        action=action.name,
        required_fields=list(action.required),
        done_already=refusal is None and not tried.changing,
        refused_because=refusal,
    )
