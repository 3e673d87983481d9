"""Everything that can be asked for, one line a mutation, and how one is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import strawberry
from strawberry.tools import create_type
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from api.graphql import amendments, inputs, making
from api.graphql.carrying_out import Done, Maker, Objection, carried_out
from api.graphql.case import Case, shown_case
from api.graphql.codes import (
    NOT_YET_VISIBLE,
    OF_THE_DOOR,
    STALE_VERSION,
    UNKNOWN_CASE,
    UNKNOWN_CUSTOMER,
    UNKNOWN_TOUCHPOINT,
)
from api.graphql.customer import Customer, shown_customer
from api.graphql.node import Node
from api.graphql.payload import Answer, answer_of
from api.graphql.request import Info, Request
from api.graphql.touchpoint import Touchpoint, shown_touchpoint
from domain import amending
from domain.case import commands as of_case
from domain.customer import AssignTier, RecordContact, RegisterCustomer
from domain.event import Command
from domain.stream import subject_of
from domain.touchpoint import RecordTouchpoint
from projections.case_file import CASE_FILE
from projections.customer_profile import CUSTOMER_PROFILE
from projections.view import View

Showing = Callable[[Request, UUID], Awaitable[Any]]
ShowingStream = Callable[[Request, str], Awaitable[Any]]


class Subject(NamedTuple):
    """What a mutation changes: its name in the payload, its type, and how it is shown as it is now."""

    name: str
    type: Any
    show: Showing | None = None
    show_stream: ShowingStream | None = None
    """Instead, where the mutation may be about several kinds of things."""
    views: Collection[View[Any]] | None = None
    """Which show what was changed; None waits for all, and one that has stopped then keeps the object from sight."""

    async def shown(self, request: Request, stream: str) -> Any:
        """It as it is now; None when there is none."""
        if self.show_stream is not None:
            return await self.show_stream(request, stream)
        return None if self.show is None else await self.show(request, subject_of(stream))


CASE = Subject("case", Case, shown_case, views=(CASE_FILE,))
CUSTOMER = Subject("customer", Customer, shown_customer, views=(CUSTOMER_PROFILE,))
TOUCHPOINT = Subject("touchpoint", Touchpoint, shown_touchpoint, views=(CUSTOMER_PROFILE,))
RECORD = Subject("record", Node, show_stream=amendments.shown_record)


class Mutation(NamedTuple):
    """Something that can be asked for."""

    name: str
    description: str
    input: type[inputs.Asked]
    make: Maker
    commands: tuple[type[Command], ...]
    """The commands it may become, whose refusals are its codes."""
    subject: Subject = CASE
    codes: tuple[str, ...] = ()
    """Those that come on top."""


def _of_case(name: str, description: str, asked: type[inputs.AskedOfCase], kind: type[of_case.AboutCase]) -> Mutation:
    return Mutation(name, description, asked, making.OfCase(kind), (kind,), codes=(STALE_VERSION,))


def _of_record(
    name: str, description: str, asked: type[amendments.AskedOfRecord], make: Maker, kind: type[amending.AboutRecord]
) -> Mutation:
    return Mutation(name, description, asked, make, (kind,), RECORD, (STALE_VERSION,))


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
    Mutation(
        "receive_case",
        "Takes a matter in (受理).",
        inputs.ReceiveCaseInput,
        making.receive_case,
        (of_case.ReceiveCase,),
        codes=(UNKNOWN_CUSTOMER, UNKNOWN_TOUCHPOINT),
    ),
    _of_case("register_case", "Gives a case its number (登记).", inputs.RegisterCaseInput, of_case.RegisterCase),
    _of_case("classify_case", "Puts a case in a class (分类).", inputs.ClassifyCaseInput, of_case.ClassifyCase),
    _of_case("prioritise_case", "Gives a case a priority.", inputs.PrioritiseCaseInput, of_case.PrioritiseCase),
    _of_case("dispatch_case", "Sends a case to a unit (派单).", inputs.DispatchCaseInput, of_case.DispatchCase),
    _of_case("return_dispatch", "Gives a case back (退单).", inputs.ReturnDispatchInput, of_case.ReturnDispatch),
    _of_case("transfer_case", "Sends a case to another unit (转派).", inputs.TransferCaseInput, of_case.TransferCase),
    _of_case("assign_case", "Makes somebody a case's handler.", inputs.AssignCaseInput, of_case.AssignCase),
    _of_case("start_work", "Begins to handle a case.", inputs.StartWorkInput, of_case.StartWork),
    _of_case("pause_case", "Lets a case wait for something (暂停).", inputs.PauseCaseInput, of_case.PauseCase),
    _of_case("resume_case", "Lets a case wait for it no longer.", inputs.ResumeCaseInput, of_case.ResumeCase),
    Mutation(
        "send_response",
        "Answers the customer (初步回复, 持续跟进).",
        inputs.SendResponseInput,
        making.send_response,
        (of_case.SendResponse,),
        codes=(STALE_VERSION,),
    ),
    Mutation(
        "resolve_case",
        "Gives a case its outcome (处理结果).",
        inputs.ResolveCaseInput,
        making.resolve_case,
        (of_case.ResolveCase,),
        codes=(STALE_VERSION,),
    ),
    _of_case("reopen_case", "Puts a case back to work (重开).", inputs.ReopenCaseInput, of_case.ReopenCase),
    _of_case("close_case", "Closes the loop on a case (闭环).", inputs.CloseCaseInput, of_case.CloseCase),
    _of_record(
        "request_correction",
        "Asks that an event be read otherwise (更正).",
        amendments.RequestCorrectionInput,
        amendments.request_correction,
        amending.RequestCorrection,
    ),
    _of_record(
        "request_void",
        "Asks that an event count no longer (作废).",
        amendments.RequestVoidInput,
        amendments.request_void,
        amending.RequestVoid,
    ),
    _of_record(
        "approve_amendment",
        "Approves what somebody else asked for (审批).",
        amendments.ApproveAmendmentInput,
        amendments.approve_amendment,
        amending.ApproveAmendment,
    ),
    _of_record(
        "decline_amendment",
        "Turns down what was asked for.",
        amendments.DeclineAmendmentInput,
        amendments.decline_amendment,
        amending.DeclineAmendment,
    ),
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


async def _answered(request: Request, mutation: Mutation, answer: Answer, asked: inputs.Asked) -> Any:
    """The payload: the object as it is now, after a wait for what was written to show."""
    door = request.door
    done = await door.off_loop(carried_out, door, asked, mutation.make)
    request.forget()
    objections: Sequence[Objection] = done.objections
    shows = done.position is None or await door.shows(done.position, mutation.subject.views)
    if not shows:
        objections = (*objections, _not_yet_visible(done))
    stream = done.stream if shows else None
    return answer.payload(**{
        mutation.subject.name: None if stream is None else await mutation.subject.shown(request, stream),
        "user_errors": answer.errors(objections),
        "consistency_token": None if done.position is None else door.token(done.position),
    })  # fmt: skip


def _not_yet_visible(done: Done) -> Objection:
    what = "Nothing was changed, and the object" if done.objections else "This was carried out, and what it changed"
    message = f"{what} cannot be shown yet; ask for it with the consistency token."
    return Objection(NOT_YET_VISIBLE, message, None, {"position": done.position})
