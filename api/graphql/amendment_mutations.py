"""What can be asked about what is recorded: that it be read otherwise, or count no longer."""

from __future__ import annotations

from api.graphql import amendments
from api.graphql.carrying_out import Maker
from api.graphql.codes import STALE_VERSION
from api.graphql.mutation import Mutation, Subject
from api.graphql.node import Node
from domain import amending

RECORD = Subject("record", Node, show_stream=amendments.shown_record)


def _of_record(
    name: str, description: str, asked: type[amendments.AskedOfRecord], make: Maker, kind: type[amending.AboutRecord]
) -> Mutation:
    return Mutation(name, description, asked, make, (kind,), RECORD, (STALE_VERSION,))


AMENDMENT_MUTATIONS: tuple[Mutation, ...] = (
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
