"""Everything that can be asked for, and how it is answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import strawberry
from strawberry.tools import create_type
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from api.graphql import inputs, making
from api.graphql.amendment_mutations import AMENDMENT_MUTATIONS
from api.graphql.attachment_mutations import ATTACHMENT_MUTATIONS
from api.graphql.calendar_mutations import CALENDAR_MUTATIONS
from api.graphql.carrying_out import Done, Objection
from api.graphql.case_mutations import CASE_MUTATIONS
from api.graphql.codes import NOT_YET_VISIBLE, OF_THE_DOOR, UNKNOWN_CASE, UNKNOWN_CUSTOMER
from api.graphql.comparing import COMPARING_MUTATIONS
from api.graphql.customer_mutations import CUSTOMER, CUSTOMER_MUTATIONS
from api.graphql.mutation import Mutation, Subject
from api.graphql.obligation_mutations import OBLIGATION_MUTATIONS
from api.graphql.organisation_mutations import STAFF_MUTATIONS, UNIT_MUTATIONS
from api.graphql.payload import Answer, answer_of
from api.graphql.policy_mutations import POLICY_MUTATIONS
from api.graphql.request import Info, Request
from api.graphql.revealing import REVEALING_MUTATIONS
from api.graphql.touchpoint import Touchpoint, shown_touchpoint
from domain.customer import AssignTier, RecordContact, RegisterCustomer
from domain.touchpoint import RecordTouchpoint
from projections.customer_profile import CUSTOMER_PROFILE

TOUCHPOINT = Subject("touchpoint", Touchpoint, shown_touchpoint, views=(CUSTOMER_PROFILE,))

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "record_touchpoint",
        "Notes that a customer and the company met (接触).",
        inputs.RecordTouchpointInput,
        making.record_touchpoint,
        (RecordTouchpoint,),
        TOUCHPOINT,
        (UNKNOWN_CUSTOMER, UNKNOWN_CASE),
    ),
    Mutation(
        "register_customer",
        "Opens a file for a customer (客户档案).",
        inputs.RegisterCustomerInput,
        making.register_customer,
        (RegisterCustomer, RecordContact, AssignTier),
        CUSTOMER,
    ),
    *CASE_MUTATIONS,
    *AMENDMENT_MUTATIONS,
    *CUSTOMER_MUTATIONS,
    *UNIT_MUTATIONS,
    *STAFF_MUTATIONS,
    *OBLIGATION_MUTATIONS,
    *CALENDAR_MUTATIONS,
    *POLICY_MUTATIONS,
    *REVEALING_MUTATIONS,
    *ATTACHMENT_MUTATIONS,
    *COMPARING_MUTATIONS,
)


def mutation_type() -> type:
    """The schema's mutation type."""
    fields = [_field(mutation) for mutation in MUTATIONS]
    return create_type("Mutation", fields, description="Everything that can be asked for. Each is carried out once.")


def _field(mutation: Mutation) -> StrawberryField:
    pascal = to_camel_case(f"_{mutation.name}").removeprefix("_")
    pascal = pascal[:1].upper() + pascal[1:]
    refusals = [str(code) for command in mutation.commands for code in command.REFUSALS]
    answer = answer_of(pascal, mutation.subject.name, mutation.subject.type, (*refusals, *mutation.codes, *OF_THE_DOOR))

    async def resolve(info: Info, input: Any) -> Any:  # noqa: A002  the schema's own word
        return await _answered(info.context, mutation, answer, input)

    resolve.__annotations__ = {
        "info": strawberry.Info,
        "input": Annotated[mutation.input, strawberry.argument(description="What is asked for.")],
        "return": answer.payload,
    }
    resolve.__name__ = mutation.name
    field: StrawberryField = strawberry.mutation(
        resolver=resolve, name=to_camel_case(mutation.name), description=mutation.description
    )
    return field


async def _answered(request: Request, mutation: Mutation, answer: Answer, asked: inputs.AskedOnce) -> Any:
    """The payload: the object as it is now, after a wait for what was written to show."""
    door = request.door
    reach = await request.reach()
    done = await door.off_loop(mutation.carried, door, request.principal, reach, asked, mutation.make)
    request.forget()
    objections: Sequence[Objection] = done.objections
    shows = done.position is None or await door.shows(done.position, mutation.subject.views)
    if shows and done.position is not None and mutation.subject.views is not None:
        await door.shows(done.position)  # its clocks and timelines too; who waits for them in vain still has the object
    if not shows:
        objections = (*objections, _not_yet_visible(done))
    stream = done.stream if shows else None
    return answer.payload(**{
        mutation.subject.name: None if stream is None else await mutation.subject.shown(request, stream, done.found),
        "user_errors": answer.errors(objections),
        "consistency_token": None if done.position is None else door.token(done.position),
    })  # fmt: skip


def _not_yet_visible(done: Done) -> Objection:
    what = "Nothing was changed, and the object" if done.objections else "This was carried out, and what it changed"
    message = f"{what} cannot be shown yet; ask for it with the consistency token."
    return Objection(NOT_YET_VISIBLE, message, None, {"position": done.position})
