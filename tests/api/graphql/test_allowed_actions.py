from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, get_named_type, is_required_input_field
from strawberry.utils.str_converters import to_camel_case

from api.graphql.codes import MEANINGS
from api.graphql.customer_inputs import AskedOfCustomer
from api.graphql.inputs import AskedOfCase
from api.graphql.mutations import MUTATIONS
from api.graphql.obligation_inputs import AskedOfObligation
from api.graphql.organisation_inputs import AskedOfStaff, AskedOfUnit
from api.graphql.schema import SCHEMA
from api.workspace import Workspace
from domain.refusal import Refusal
from domain.stream import Category
from domain.ways.subjects import WAYS
from tests.api.access.issuing import Issuer
from tests.api.access.world import BEIJING, EAST, NORTH, Signed, World, app_of
from tests.api.graphql.asking import FrontEnd, asking
from tests.api.graphql.test_policies import publish_calendar
from tests.api.graphql.test_whole_life import a_case

Actions = dict[str, dict[str, Any]]
ABOUT: dict[Category, type[Any]] = {
    Category.CASE: AskedOfCase,
    Category.CUSTOMER: AskedOfCustomer,
    Category.OBLIGATION: AskedOfObligation,
    Category.UNIT: AskedOfUnit,
    Category.STAFF: AskedOfStaff,
}
SHOWN = "allowedActions { action requiredFields doneAlready refusedBecause { code params message } }"
LIFE: list[tuple[str, dict[str, Any]]] = [
    ("registerCase", {"unit": "North"}),
    ("confirmUnitReceipt", {"unit": "North"}),
    ("acknowledgeCase", {"channel": "WEB"}),
    ("startWork", {"by": "ada"}),
    ("escalateCase", {"level": 1}),
    ("acknowledgeEscalation", {"level": 1, "by": "Director Li"}),
    ("pauseCase", {"ground": "CUSTOMER"}),
    ("resumeCase", {"ground": "CUSTOMER"}),
    ("requestPause", {"reason": "flood", "requestedBy": "ada"}),
    ("approvePause", {"approvedBy": "grace"}),
    ("openCasePart", {"part": "the second letter"}),
    ("resolveCasePart", {"part": "the second letter", "outcome": "UPHELD"}),
    ("startInvestigation", {"by": "ada"}),
    ("finishInvestigation", {"by": "ada"}),
    ("proposeResolution", {"by": "ada"}),
    ("acceptProposal", {"channel": "WEB"}),
    ("acceptCase", {}),
    ("makeDecision", {"outcome": "UPHELD"}),
    ("notifyComplainant", {"of": "DECISION"}),
    ("requestReview", {"reason": "not content"}),
    ("decideReview", {"outcome": "UPHELD"}),
    ("resolveCase", {"outcome": "UPHELD"}),
    ("giveFeedback", {"channel": "WEB"}),
    ("closeCase", {"code": "settled"}),
    ("reopenCase", {"reason": "more to say"}),
    ("returnDispatch", {"unit": "North", "reason": "not ours"}),
    ("dispatchCase", {"unit": "East"}),
    ("withdrawCase", {"channel": "WEB", "reason": "settled"}),
]
"""One step after the other, each of which can be done then."""
VALUES: dict[str, Any] = {
    "approvedBy": "lin", "body": "Ombudsman", "by": "li", "category": "power", "cause": "CORRECTION",
    "channel": "LETTER", "declinedBy": "lin", "dueAt": "2199-01-01T00:00:00Z", "ground": "CUSTOMER",
    "handler": "lin", "items": ["the bill"], "level": 9, "now": "KEPT", "of": "EXTENSION", "outcome": "SOLVED",
    "part": "the first letter", "period": "2026-H1", "policy": "trials", "policyVersion": 1, "portal": "12345",
    "priority": "LOW", "reason": "said so", "regulator": "CBIRC", "relation": "RELATED", "request": 1,
    "requestedBy": "ada", "result": "SATISFIED", "statedBy": "COMPANY", "step": "goodwill", "target": "resolution",
    "to": "the regulator", "toUnit": "West", "unit": "North",
}  # fmt: skip
"""What the fields that are required can be filled with, where another value does not stand beside the mutation."""
BESIDE: dict[str, dict[str, Any]] = {
    "acknowledgeEscalation": {"level": 1},
    "resumeCase": {"ground": "VENDOR"},
    "resolveCasePart": {"part": "the second letter", "outcome": "REJECTED"},
    "decideReview": {"outcome": "CHANGED"},
    "sendResponse": {"kind": "UPDATE"},
    "changeCaseKind": {"kind": "PRAISE"},
}


def actions(front_end: FrontEnd, thing: str, of: str = "Case", only: str = "") -> Actions:
    """What may be done about something, by the mutation."""
    shown = SHOWN.replace("allowedActions", f"allowedActions{only}")
    found = front_end.ask(f"query($id: ID!) {{ node(id: $id) {{ ... on {of} {{ {shown} }} }} }}", id=thing)
    return {each["action"]: each for each in found["node"]["allowedActions"]}


def refusals(front_end: FrontEnd, thing: str, of: str = "Case") -> dict[str, str | None]:
    """The codes with which mutations would be refused, by the mutation."""
    found = actions(front_end, thing, of)
    return {name: each["refusedBecause"] and each["refusedBecause"]["code"] for name, each in found.items()}


def received(front_end: FrontEnd) -> str:
    found: str = front_end.done("receiveCase", kind="COMPLAINT", channel="WECHAT")["id"]
    return found


def filled(action: dict[str, Any], other: str) -> dict[str, Any]:
    """The fields that a mutation requires."""
    values = VALUES | BESIDE.get(action["action"], {}) | {"otherId": other, "into": other}
    return {name: values[name] for name in action["requiredFields"]}


@pytest.fixture
def other(front_end: FrontEnd) -> str:
    """Some other case that goes its way."""
    return a_case(front_end)


def test_whatever_is_asked_of_something_that_is_there_can_be_tried() -> None:
    for category, asked in ABOUT.items():
        kinds = {mutation.commands[0] for mutation in MUTATIONS if issubclass(mutation.input, asked)}
        assert kinds == WAYS[category].keys()


def test_the_fields_that_are_required_are_those_of_the_schema(front_end: FrontEnd) -> None:
    for name, action in actions(front_end, a_case(front_end)).items():
        mutations = SCHEMA._schema.mutation_type
        assert mutations is not None
        asked = get_named_type(mutations.fields[name].args["input"].type)
        assert isinstance(asked, GraphQLInputObjectType)
        required = [field for field, kind in asked.fields.items() if is_required_input_field(kind)]
        assert action["requiredFields"] == [field for field in required if field not in {"commandId", "caseId"}]


def test_all_along_a_life_what_is_shown_as_refused_is_refused_so_and_the_step_that_follows_is_shown_as_allowed(
    front_end: FrontEnd, other: str
) -> None:
    case = received(front_end)
    for step, said in LIFE:
        shown = actions(front_end, case)
        assert (step, shown[step]["refusedBecause"], shown[step]["doneAlready"]) == (step, None, False)
        for name, action in shown.items():
            because = action["refusedBecause"]
            if because is not None:
                errors = front_end.change(name, caseId=case, **filled(action, other))["userErrors"]
                assert [(name, error["code"]) for error in errors] == [(name, because["code"])]
        front_end.done(step, caseId=case, **said)


@pytest.mark.parametrize("steps", [0, 1, 22, 24], ids=["received", "registered", "resolved", "closed"])
def test_what_is_shown_as_allowed_is_done_when_it_is_sent_with_the_fields_that_are_required(
    front_end: FrontEnd, other: str, steps: int
) -> None:
    def there() -> str:
        case = received(front_end)
        for step, said in LIFE[:steps]:
            front_end.done(step, caseId=case, **said)
        return case

    allowed = [action for action in actions(front_end, there()).values() if action["refusedBecause"] is None]
    assert allowed
    for action in allowed:
        front_end.done(action["action"], caseId=there(), **filled(action, other))


def test_what_was_done_already_would_change_nothing(front_end: FrontEnd) -> None:
    case = a_case(front_end)
    front_end.done("acceptCase", caseId=case)
    shown = actions(front_end, case, only='(only: ["acceptCase", "refuseCase"])')
    assert list(shown) == ["acceptCase", "refuseCase"]
    assert (shown["acceptCase"]["doneAlready"], shown["acceptCase"]["refusedBecause"]) == (True, None)
    assert shown["refuseCase"]["refusedBecause"]["code"] == "RECORDED_OTHERWISE"


def test_a_mutation_that_is_not_about_a_case_is_no_action_of_one(front_end: FrontEnd) -> None:
    asked = '{ cases(first: 1) { nodes { allowedActions(only: ["openUnit"]) { action } } } }'
    a_case(front_end)
    assert front_end.code(asked) == "BAD_ARGUMENTS"


def test_a_payload_shows_what_comes_next(front_end: FrontEnd) -> None:
    case = received(front_end)
    asked = SHOWN.replace("allowedActions", 'allowedActions(only: ["startWork"])')
    before = actions(front_end, case, only='(only: ["startWork"])')
    assert before["startWork"]["refusedBecause"] == {
        "code": "NOT_REGISTERED",
        "params": {},
        "message": "This case is not registered; register it first.",
    }
    (after,) = front_end.done("registerCase", asked, caseId=case)["allowedActions"]
    assert after["refusedBecause"] is None


def test_customers_obligations_units_and_staff_say_what_may_be_done_about_them(front_end: FrontEnd) -> None:
    customer = front_end.done("registerCustomer", kind="PERSON", name="王小明")["id"]
    assert refusals(front_end, customer, "Customer") == {
        "renameCustomer": None, "recordContact": None, "withdrawContact": "UNKNOWN_CONTACT", "changeLanguage": None,
        "assignTier": None, "mergeCustomers": None, "assignManager": None, "releaseManager": "NOT_THE_MANAGER",
        "planVisit": None, "makeVisit": None, "cancelVisit": "UNKNOWN_VISIT",
    }  # fmt: skip
    front_end.done("recordContact", customerId=customer, kind="EMAIL", value="a@example.org")
    front_end.done("assignManager", customerId=customer, manager="ada")
    later = refusals(front_end, customer, "Customer")
    assert (later["withdrawContact"], later["releaseManager"]) == (None, None)

    owed = front_end.done("openObligation", kind="TASK", title="mend the line")["id"]
    open_ones = {name for name, code in refusals(front_end, owed, "Obligation").items() if code is None}
    assert open_ones >= {"reassignObligation", "meetObligation", "cancelObligation", "escalateObligation"}
    assert open_ones.isdisjoint({"verifyObligation", "reopenObligation", "approveObligationRevision"})
    front_end.done("meetObligation", obligationId=owed)
    met = refusals(front_end, owed, "Obligation")
    assert (met["verifyObligation"], met["meetObligation"]) == (None, "OBLIGATION_MET")

    unit = front_end.done("openUnit", name="Branch of the trials", kind="BRANCH")["id"]
    assert {name for name, code in refusals(front_end, unit, "Unit").items() if code} == {
        "reopenUnit",
        "endSupervision",
    }
    front_end.done("closeUnit", unitId=unit)
    assert refusals(front_end, unit, "Unit")["renameUnit"] == "UNIT_CLOSED"
    assert refusals(front_end, unit, "Unit")["reopenUnit"] is None

    member = front_end.done("registerStaff", name="lin of the trials")["id"]
    assert {name for name, code in refusals(front_end, member, "StaffMember").items() if code} == {
        "takeStaffBack", "expireCertificate", "revokeCertificate",
    }  # fmt: skip
    front_end.done("letStaffGo", staffId=member)
    assert refusals(front_end, member, "StaffMember")["moveStaff"] == "STAFF_LEFT"


# By role and by who asks ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world(workspace: Workspace) -> Iterator[World]:
    issuer = Issuer()
    with asking(app_of(workspace, issuer)) as running:
        yield World(running, issuer)


def of_case(asker: Signed, case: str) -> dict[str, str | None]:
    found = asker.ask(f"query($id: ID!) {{ case(id: $id) {{ {SHOWN} }} }}", id=case)["case"]["allowedActions"]
    return {each["action"]: each["refusedBecause"] and each["refusedBecause"]["code"] for each in found}


def test_a_role_is_told_of_its_own_mutations_alone(world: World) -> None:
    case, cases = world.cases[BEIJING], {one for mutation in MUTATIONS for one in mutation.commands[:1]}
    assert WAYS[Category.CASE].keys() <= cases
    customer = of_case(world.customer(BEIJING), case)
    assert customer == {
        "recordCustomerReply": None,
        "acceptProposal": "NO_OPEN_PROPOSAL",
        "rejectProposal": "NO_OPEN_PROPOSAL",
        "withdrawCase": None,
        "requestReview": "NOTHING_TO_REVIEW",
    }
    agent, supervisor = (of_case(world.signed(role, unit=NORTH), case) for role in ("agent", "supervisor"))
    assert "approvePause" in supervisor.keys() - agent.keys()
    assert of_case(world.signed("auditor"), case) == {}
    assert len(of_case(world.administrator, case)) == len(WAYS[Category.CASE])


def test_what_lies_beyond_reach_has_no_actions_because_it_is_not_there(world: World) -> None:
    elsewhere = world.signed("agent", unit=EAST)
    asked = f"query($id: ID!) {{ case(id: $id) {{ {SHOWN} }} }}"
    assert elsewhere.ask(asked, id=world.cases[BEIJING]) == {"case": None}


def test_who_asked_for_a_pause_is_told_that_somebody_else_approves_it(world: World) -> None:
    case = world.cases[NORTH]
    asker, colleague = (world.signed("supervisor", unit=NORTH, name=name) for name in ("张三", "李四"))
    assert of_case(asker, case)["approvePause"] == "NO_PAUSE_REQUESTED"
    asker.done("requestPause", caseId=case, reason="flood", requestedBy="张三")
    assert of_case(asker, case)["approvePause"] == "SAME_PERSON"
    assert of_case(asker, case)["declinePause"] is None
    assert of_case(colleague, case)["approvePause"] is None


# Pauses by the policy -------------------------------------------------------------------------------------------------

POLICY: dict[str, Any] = {
    "name": "trials",
    "title": {"en": "Trials"},
    "regime": "internal",
    "zone": "Asia/Shanghai",
    "calendar": "office",
    "rules": [
        {"id": "gold", "when": {"kind": ["SUGGESTION"], "tier": ["gold"]}, "targets": ["quick"]},
        {"id": "all", "when": {"kind": ["SUGGESTION"]}, "targets": ["slow"]},
    ],
    "targets": [
        {
            "id": name,
            "title": {"en": "Resolved"},
            "kind": "RESOLUTION",
            "clock": {"type": "CALENDAR_DAYS", "count": 15},
            "stop": "case-resolved",
            "onChange": "KEEP",
            "pauses": {"grounds": grounds},
            "extensions": [{"id": "goodwill", "length": {"count": 2}, "mode": "ADD_TO_RAW"}],
        }
        for name, grounds in (("quick", ["CUSTOMER"]), ("slow", ["CUSTOMER", "VENDOR"]))
    ],
}


@pytest.fixture(scope="module", autouse=True)
def promised(front_end: FrontEnd) -> FrontEnd:
    """A front end of a book with a policy that asks for tiers."""
    publish_calendar(front_end)
    asked = {"document": POLICY, "effectiveFrom": "2020-01-01", "reason": "announced", "requestedBy": "陈洁"}
    version = front_end.done("proposePolicy", "requests { request }", **asked)["requests"][-1]["request"]
    front_end.done("publishPolicy", "version", proposal=version, approvedBy="李四")
    return front_end


def suggested(front_end: FrontEnd, tier: str) -> str:
    """A case for which the policy has a rule, of a customer in a tier."""
    customer = front_end.done("registerCustomer", kind="PERSON", name="王小明", tier=tier)["id"]
    case: str = front_end.done("receiveCase", kind="SUGGESTION", channel="WEB", customerId=customer)["id"]
    front_end.done("registerCase", caseId=case)
    return case


def test_a_case_is_paused_on_the_grounds_that_its_policy_allows(promised: FrontEnd) -> None:
    grounds = "query($id: ID!) { case(id: $id) { pauseGrounds } }"
    gold, standard = suggested(promised, "GOLD"), suggested(promised, "STANDARD")
    assert promised.ask(grounds, id=gold) == {"case": {"pauseGrounds": ["CUSTOMER"]}}
    assert promised.ask(grounds, id=standard) == {"case": {"pauseGrounds": ["CUSTOMER", "VENDOR"]}}
    promised.done("pauseCase", caseId=standard, ground="VENDOR")
    assert promised.ask(grounds, id=standard) == {"case": {"pauseGrounds": ["CUSTOMER"]}}
    promised.done("resolveCase", caseId=standard, outcome="SOLVED")
    assert promised.ask(grounds, id=standard) == {"case": {"pauseGrounds": []}}


def test_more_time_is_asked_for_where_the_policy_has_a_step_and_given_by_somebody_else(promised: FrontEnd) -> None:
    case = suggested(promised, "GOLD")
    shown = refusals(promised, case)
    assert (shown["requestExtension"], shown["approveExtension"]) == (None, "UNKNOWN_REQUEST")
    asked = {"policy": "trials", "target": "quick", "step": "goodwill", "reason": "flood", "requestedBy": "ada"}
    promised.done("requestExtension", caseId=case, **asked)
    shown = refusals(promised, case)
    assert (shown["requestExtension"], shown["approveExtension"]) == ("EXTENSION_ALREADY_REQUESTED", None)
    request = promised.ask("query($id: ID!) { case(id: $id) { deadlineRequests { request } } }", id=case)
    version = request["case"]["deadlineRequests"][0]["request"]
    promised.done("approveExtension", caseId=case, request=version, approvedBy="grace")
    shown = refusals(promised, case)
    assert (shown["requestExtension"], shown["approveExtension"]) == ("STEP_USED_UP", "ALREADY_DECIDED")


# Cost -----------------------------------------------------------------------------------------------------------------


def test_what_may_be_done_about_thirty_cases_is_read_as_that_about_one(
    promised: FrontEnd, statements: list[str]
) -> None:
    for tier in ("GOLD", "SILVER", "STANDARD") * 10:
        suggested(promised, tier)
    counted = {}
    for first in (1, 30):
        token = promised.ask("{ ledgerHead { consistencyToken } }")["ledgerHead"]["consistencyToken"]
        asked = "query($token: ConsistencyToken) { cases(first: 1, consistencyToken: $token) { nodes { id } } }"
        promised.ask(asked, token=token)
        statements.clear()
        cases = f"cases(first: $first, filter: {{kind: SUGGESTION}}) {{ nodes {{ {SHOWN} pauseGrounds }} }}"
        asked = f"query($first: Int) {{ {cases} }}"
        found = promised.ask(asked, first=first)["cases"]["nodes"]
        assert len(found) == first
        counted[first] = len(statements)
    assert counted[30] == counted[1]


def test_more_actions_than_a_request_may_ask_about_are_refused_with_the_figure(promised: FrontEnd) -> None:
    for _ in range(30):
        suggested(promised, "STANDARD")
    names = list(actions(promised, a_case(promised)))
    all_but = [[name for name in names if name != left_out] for left_out in names[:7]]
    fields = " ".join(f"a{nth}: allowedActions(only: $only{nth}) {{ action }}" for nth in range(7))
    declared = ", ".join(f"$only{nth}: [String!]" for nth in range(7))
    asked = f"query({declared}) {{ cases(first: 30, filter: {{kind: SUGGESTION}}) {{ nodes {{ {fields} }} }} }}"
    (error, *_) = promised.errors(asked, **{f"only{nth}": only for nth, only in enumerate(all_but)})
    assert error["extensions"]["code"] == "DOCUMENT_TOO_LARGE"
    assert error["extensions"]["params"] == {"limit": 10_000, "found": 30 * 7 * (len(names) - 1), "of": "actions"}


def test_every_refusal_of_every_command_that_is_tried_has_its_code() -> None:
    declared = {code for kinds in WAYS.values() for kind in kinds for code in kind.REFUSALS}
    assert declared <= MEANINGS.keys()
    assert Refusal.SAME_PERSON in declared
    assert {to_camel_case(mutation.name) for mutation in MUTATIONS} >= set(dict(LIFE))
