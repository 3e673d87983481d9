"""What can be asked of policies, one line a mutation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from strawberry.utils.str_converters import to_camel_case

from api.graphql import policy_inputs as inputs
from api.graphql.asked import content_of
from api.graphql.carrying_out import Maker, Making, Objected, Objection
from api.graphql.codes import INVALID_INPUT, STALE_VERSION
from api.graphql.inputs import AskedAgain
from api.graphql.mutation import Mutation, Subject
from api.graphql.policy import Policies, shown_policies
from api.graphql.policy_enums import ClockType
from domain import policy
from domain.book import id_of_book
from domain.event import Command
from domain.sla.check import BadPolicy, Problem, document_of
from domain.sla.policy import PolicyDocument

POLICIES = Subject("policies", Policies, shown_policies, views=())
OF_TIME = (ClockType.WORKING_TIME, ClockType.ELAPSED)
RENAMED = {"count": "amount", "duration": "amount"}
"""Fields of a clock that are one in the document."""


def _path(problem: Problem, document: inputs.PolicyDocumentInput) -> tuple[str, ...]:
    """The place of a problem as the path to a field of the input."""
    told: list[str] = ["document"]
    for part in problem.path:
        if told[-1] == "cutOff":
            break
        name = to_camel_case(str(part))
        if name == "amount" and told[-1] == "clock":
            clock = document.targets[int(told[-2])].clock
            name = "duration" if clock.type in OF_TIME else "count"
        told.append(name)
    return tuple(told)


def _raw(asked: Any) -> Any:
    """An input as the document takes it; what is null is left out, and has its default."""
    match asked:
        case inputs.MeasureInput(count=count, duration=duration):
            return duration if count is None else count
        case inputs.TargetClockInput():
            told = _fields(asked)
            return {RENAMED.get(name, name): value for name, value in told.items()}
        case inputs.PolicyTargetInput():
            told = _fields(asked)
            return told if asked.cut_off is None else told | {"cut_off": {"at": asked.cut_off}}
        case inputs.RuleWhenInput():
            return _fields(asked) | {"attributes": {each.name: each.values for each in asked.attributes}}
        case Enum():
            return asked.value
        case list():
            return [_raw(each) for each in asked]
        case _:
            return _fields(asked) if is_dataclass(asked) else asked


def _fields(asked: Any) -> dict[str, Any]:
    values = {each.name: getattr(asked, each.name) for each in fields(asked)}
    return {name: _raw(value) for name, value in values.items() if value is not None}


def document_in(asked: inputs.PolicyDocumentInput) -> PolicyDocument:
    """The policy that an input says. Raises: Objected, with all the mistakes of the document."""
    try:
        return document_of(_raw(asked))
    except BadPolicy as bad:
        raise Objected(*(Objection(INVALID_INPUT, each.message, _path(each, asked)) for each in bad.mistakes)) from None


def propose_policy(asked: inputs.ProposePolicyInput, making: Making) -> Sequence[Command]:
    """The proposal. Raises: Objected, with all the mistakes of the document."""
    return OfPolicies(policy.ProposePolicy)(asked, making, document=document_in(asked.document))


class OfPolicies:
    """An input that becomes one command about the policies of the door's book, whose fields have the same names."""

    def __init__(self, kind: type[policy.AboutPolicies]) -> None:
        self.kind = kind

    def __call__(self, asked: AskedAgain, making: Making, **instead: Any) -> Sequence[Command]:
        """The command; `instead` takes the place of fields."""
        content = content_of(asked) | instead
        return [making.command(self.kind, book_id=id_of_book(making.ledger.book), **content)]


def _of_policies(
    name: str,
    description: str,
    asked: type[AskedAgain],
    kind: type[policy.AboutPolicies],
    make: Maker | None = None,
) -> Mutation:
    return Mutation(name, description, asked, make or OfPolicies(kind), (kind,), POLICIES, (STALE_VERSION,))


POLICY_MUTATIONS: tuple[Mutation, ...] = (
    _of_policies(
        "propose_policy",
        "Proposes a policy that says what is due, and when (服务标准).",
        inputs.ProposePolicyInput,
        policy.ProposePolicy,
        propose_policy,
    ),
    _of_policies(
        "publish_policy",
        "Publishes a policy that somebody else proposed.",
        inputs.PublishPolicyInput,
        policy.PublishPolicy,
    ),
    _of_policies(
        "decline_policy",
        "Turns down a policy that was proposed, or a withdrawal that was asked for.",
        inputs.DeclinePolicyInput,
        policy.DeclinePolicy,
    ),
    _of_policies(
        "request_policy_withdrawal",
        "Asks that a policy be withdrawn.",
        inputs.RequestPolicyWithdrawalInput,
        policy.RequestPolicyWithdrawal,
    ),
    _of_policies(
        "approve_policy_withdrawal",
        "Withdraws a policy as somebody else asked.",
        inputs.ApprovePolicyWithdrawalInput,
        policy.ApprovePolicyWithdrawal,
    ),
)
