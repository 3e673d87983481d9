"""Who may follow what: by role, by unit, and as the units stand when something is told."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from api.access.principal import Principal, Role
from api.graphql.identity import parts_of
from api.graphql.schema import SCHEMA
from api.workspace import Workspace
from tests.api.access.expecting import expected, fields
from tests.api.access.issuing import Issuer
from tests.api.access.test_scope import selecting
from tests.api.access.world import BEIJING, EAST, GROUP, NORTH, World, app_of
from tests.api.graphql.asking import asking
from tests.api.graphql.following import Follower, beside

FOLLOWED = "subscription($id: ID!, $after: ConsistencyToken) { caseChanged(id: $id, after: $after) "
CASE = FOLLOWED + "{ topic case { id unit } } }"
OWN = FOLLOWED + "{ case { id status } } }"


@pytest.fixture(scope="module")
def world(workspace: Workspace) -> Iterator[World]:
    issuer = Issuer()
    with asking(app_of(workspace, issuer)) as front_end:
        yield World(front_end, issuer)


@pytest.fixture(scope="module")
def follower(world: World, workspace: Workspace) -> Iterator[Follower]:
    with beside(world.administrator, workspace) as follower:
        yield follower


def somebody(role: Role, unit: str = GROUP, customer: str | None = None) -> Principal:
    """Somebody in a role."""
    known = None if customer is None else UUID(parts_of(customer)[2])
    return Principal("u-1", "王芳", frozenset({role}), role, issuer="https://issuer.test", unit=unit, customer=known)


def told_by(field: str) -> GraphQLObjectType:
    """What a stream tells."""
    streams = SCHEMA._schema.subscription_type
    assert streams is not None
    kind = get_named_type(streams.fields[field].type)
    assert isinstance(kind, GraphQLObjectType)
    return kind


def everything(of: str) -> str:
    """A subscription to all that is told in a stream by itself."""
    shown = (name if is_leaf_type(get_named_type(each.type)) else f"{name} {{ __typename }}"
             for name, each in told_by(of).fields.items())  # fmt: skip
    return least(of).replace("__typename", " ".join(shown), 1)


def least(of: str) -> str:
    """A subscription to as little of it as can be."""
    return selecting("Subscription", of).replace(" @skip(if: true)", "")


@pytest.mark.parametrize("role", Role)
def test_every_stream_is_refused_or_open_to_a_role_as_the_list_says(
    world: World, follower: Follower, role: Role
) -> None:
    who = somebody(role, customer=world.customers[GROUP])
    for field in fields()["Subscription"]:
        kind = told_by(field)
        for document, needed in (
            (least(field), ()),
            (everything(field), [f"{kind.name}.{name}" for name in kind.fields]),
        ):
            allowed = all((role, each) in expected().allowed for each in [f"Subscription.{field}", *needed])
            with follower.following(f"subscription {{ {document} }}", who=who) as stream:
                if not allowed:
                    assert stream.code() == "FORBIDDEN", document
                elif field == "ledgerHead":
                    stream.next()
                elif field != "casesOnBoard":
                    assert stream.code() in {"BAD_ID", "BAD_ARGUMENTS"}


@pytest.mark.parametrize(
    ("role", "unit", "seen"),
    [
        (Role.AGENT, GROUP, {GROUP, NORTH, BEIJING, EAST, "nobody"}),
        (Role.AGENT, NORTH, {NORTH, BEIJING}),
        (Role.SUPERVISOR, EAST, {EAST}),
        (Role.AGENT, "南极分部", set()),
        (Role.AUDITOR, GROUP, {GROUP, NORTH, BEIJING, EAST, "nobody"}),
    ],
)
def test_a_case_is_followed_within_reach_and_else_as_if_it_were_not_there(
    world: World, follower: Follower, role: Role, unit: str, seen: set[str]
) -> None:
    before, found = follower.token(), set()
    for name, case in world.cases.items():
        world.administrator.done("prioritiseCase", caseId=case, priority="HIGH")
        world.administrator.done("prioritiseCase", caseId=case, priority="LOW")
        with follower.following(CASE, who=somebody(role, unit), id=case, after=before) as stream:
            told = stream.next()
            if told is None:
                stream.ends()
            else:
                assert told["case"]["id"] == case
                found.add(name)
    assert found == seen


def test_a_case_that_leaves_the_reach_of_who_follows_it_is_null_and_nothing_follows(
    world: World, follower: Follower
) -> None:
    case, before = world.cases[BEIJING], follower.token()
    with follower.following(CASE, who=somebody(Role.AGENT, NORTH), id=case, after=before) as stream:
        world.administrator.done("transferCase", caseId=case, toUnit=NORTH)
        assert stream.next() == {"topic": "case-transferred.1", "case": {"id": case, "unit": NORTH}}
        world.administrator.done("transferCase", caseId=case, toUnit=EAST)
        assert stream.next() is None
        stream.ends()
    world.administrator.done("transferCase", caseId=case, toUnit=BEIJING)


def test_a_unit_that_moves_away_takes_its_cases_out_of_reach_though_nothing_happens_to_them(
    world: World, follower: Follower
) -> None:
    case = world.cases[BEIJING]
    with follower.following(CASE, who=somebody(Role.AGENT, NORTH), id=case, after=follower.token()) as stream:
        world.administrator.done("prioritiseCase", caseId=case, priority="HIGH")
        assert stream.next()["case"]["id"] == case
        world.administrator.done("moveUnit", unitId=world.units[BEIJING], parent=world.units[EAST])
        assert stream.next() is None
        stream.ends()
    world.administrator.done("moveUnit", unitId=world.units[BEIJING], parent=world.units[NORTH])


def test_a_customer_follows_their_own_case_and_hears_nothing_of_what_it_rests_on(
    world: World, follower: Follower
) -> None:
    by, case, before = world.administrator, world.cases[NORTH], follower.token()
    customer = somebody(Role.CUSTOMER, customer=world.customers[NORTH])
    by.done("assignTier", customerId=world.customers[NORTH], tier="GOLD")
    by.done("openObligation", kind="TASK", title="look into it", caseId=case)
    by.done("recordTouchpoint", channel="HOTLINE", direction="IN", caseId=case)
    by.done("startWork", caseId=case, by="王芳")
    with follower.following(OWN, who=customer, id=case, after=before) as stream:
        assert stream.next() == {"case": {"id": case, "status": "IN_PROGRESS"}}
    with follower.following(OWN, who=customer, id=world.cases[EAST], after=before) as stream:
        assert stream.next() is None
        stream.ends()
    other = replace(customer, customer=UUID(int=1))
    with follower.following(OWN, who=other, id=case, after=before) as stream:
        assert stream.next() is None
        stream.ends()


def test_a_customer_is_told_of_the_book_what_they_need_to_follow_something_in_it_and_no_more(world: World) -> None:
    customer = world.customer(NORTH)
    assert customer.ask("{ ledgerHead { consistencyToken } }")["ledgerHead"]["consistencyToken"]
    assert customer.code("{ ledgerHead { position } }") == "FORBIDDEN"
