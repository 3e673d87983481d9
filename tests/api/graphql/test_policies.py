from collections.abc import Iterator
from typing import Any

import pytest

from api.app import create_app
from tests.api.graphql.asking import FrontEnd, asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.api.graphql.test_calendars import DOCUMENT as CALENDAR
from tests.conftest import Database

TARGET: dict[str, Any] = {
    "id": "decision",
    "title": {"en": "Decided", "zh": "作出处理决定"},
    "kind": "RESOLUTION",
    "statute": {"clause": "第十五条", "source": "the regulator's site", "unverified": "the number of days"},
    "note": "The fifteenth day may fall into a holiday.",
    "subject": "CASE",
    "clock": {"type": "CALENDAR_DAYS", "count": 15, "ends": "END_OF_DAY", "firstDay": "EXCLUDED", "roll": "NONE"},
    "start": "unit-received",
    "measuredFrom": "case-received",
    "stop": "all(decision-made, complainant-notified(of=decision, version=@decision-made))",
    "cancel": "any(case-withdrawn, case-merged)",
    "instances": "START",
    "zone": "Asia/Urumqi",
    "calendar": "office",
    "boundary": "NEXT_OPENING",
    "cutOff": "17:30:00",
    "pauses": {
        "grounds": ["CUSTOMER"],
        "between": [{"ground": "material", "begins": "material-requested", "ends": "material-completed"}],
        "days": "WHOLE",
    },
    "extensions": [
        {
            "id": "complex",
            "title": {"en": "Complex", "zh": None},
            "length": {"count": 30, "duration": None},
            "mode": "TOTAL_FROM_START",
            "most": 2,
            "approverRole": "supervisor",
            "evidence": True,
            "notice": True,
        }
    ],
    "cap": {"count": 60, "duration": None},
    "warnings": [
        {"atPercent": 75, "before": None, "beforeBusinessDays": None},
        {"atPercent": None, "before": "PT4H", "beforeBusinessDays": None},
        {"atPercent": None, "before": None, "beforeBusinessDays": 3},
    ],
    "escalations": [
        {"level": 1, "atPercent": 100, "afterDue": None, "toUnit": "客户服务处", "toStaff": None},
        {"level": 2, "atPercent": None, "afterDue": "PT24H", "toUnit": None, "toStaff": "Director Li"},
    ],
    "onExpiry": "OPENS",
    "opens": "reply",
    "onChange": "KEEP",
    "onTransfer": "MOVE",
    "reopen": "RESUME",
    "cycles": "WORST",
    "lateRecord": "ACCEPT_WITHIN",
    "lateRecordWithin": "PT48H",
    "verdictBy": "AS_LIVED",
}
REPLY: dict[str, Any] = {
    "id": "reply",
    "title": {"en": "Reply"},
    "kind": "FIRST_RESPONSE",
    "clock": {"type": "WORKING_TIME", "duration": "PT4H"},
    "stop": "response-sent",
}
WHEN: dict[str, Any] = {
    "obligation": [],
    "kind": ["COMPLAINT"],
    "category": ["billing"],
    "tier": ["gold"],
    "priority": ["CRITICAL", "HIGH"],
    "channel": ["WECHAT"],
    "unit": ["北京分部"],
    "attributes": [{"name": "product", "values": ["loan", "card"]}],
}
DOCUMENT: dict[str, Any] = {
    "name": "full",
    "title": {"en": "Every field", "zh": "全部字段"},
    "regime": "internal",
    "rank": 10,
    "jurisdiction": "CN",
    "note": "For reading and writing.",
    "zone": "Asia/Shanghai",
    "calendar": "office",
    "rules": [
        {"id": "some", "when": WHEN, "targets": ["decision", "reply"]},
        {"id": "others", "targets": ["reply"]},
    ],
    "targets": [TARGET, REPLY],
}
MEASURE = "{ count duration }"
OF_TARGET = f"""
  id: key title {{ en zh }} kind statutory statute {{ clause source unverified }} note subject
  clock {{
    type duration count ends firstDay roll everyMonths firstMonth within withinBusinessDays of by word {{ en }}
  }}
  inWords {{ en zh }} start measuredFrom stop cancel instances zone calendar boundary cutOff
  pauses {{ grounds between {{ ground begins ends }} days }}
  extensions {{ id: key title {{ en zh }} length {MEASURE} mode most approverRole evidence notice }}
  cap {MEASURE} warnings {{ atPercent before beforeBusinessDays }}
  escalations {{ level atPercent afterDue toUnit toStaff }}
  onExpiry opens onChange onTransfer reopen cycles lateRecord lateRecordWithin verdictBy
"""
OF_DOCUMENT = f"""
  name title {{ en zh }} regime rank jurisdiction note zone calendar
  rules {{
    id: key when {{ obligation kind category tier priority channel unit attributes {{ name values }} }} targets
  }}
  targets {{ {OF_TARGET} }}
"""
SHOWN = """
  version
  nodes { name version effectiveFrom effectiveBefore withdrawnAt requestedBy approvedBy reason document { name } }
  requests { request name effectiveFrom effectiveBefore reassigns reason requestedBy document { name } }
"""
PROPOSED = {"document": DOCUMENT, "effectiveFrom": "2026-01-01", "reason": "announced", "requestedBy": "陈洁"}


@pytest.fixture(scope="module", autouse=True)
def calendar(front_end: FrontEnd) -> None:
    """The calendar that the policies name."""
    publish_calendar(front_end)


@pytest.fixture
def new_book(database: Database) -> Iterator[FrontEnd]:
    """A front end of a book that nobody else writes in, with the calendar."""
    with opened(database) as workspace, asking(create_app(workspace, development_actor=ACTOR)) as running:
        publish_calendar(running)
        yield running


def publish_calendar(front_end: FrontEnd) -> None:
    asked = {"document": CALENDAR, "effectiveFrom": "2026-01-01", "reason": "announced", "requestedBy": "陈洁"}
    front_end.done("proposeCalendar", "version", **asked)
    front_end.done("publishCalendar", "version", proposal=1, approvedBy="李四")


def objections(front_end: FrontEnd, mutation: str, **asked: Any) -> list[tuple[str, list[str]]]:
    """The codes with which something was not done, and the fields at fault."""
    errors = front_end.change(mutation, "version", **asked)["userErrors"]
    return [(error["code"], error["field"]) for error in errors]


def test_a_policy_is_proposed_published_withdrawn_and_shown(new_book: FrontEnd) -> None:
    front_end = new_book
    assert front_end.ask(f"{{ policies {{ {SHOWN} }} }}")["policies"] == {"version": 0, "nodes": [], "requests": []}
    waiting = {
        "request": 1,
        "name": "full",
        "effectiveFrom": "2026-01-01",
        "effectiveBefore": None,
        "reassigns": False,
        "reason": "announced",
        "requestedBy": "陈洁",
        "document": {"name": "full"},
    }
    assert front_end.done("proposePolicy", SHOWN, **PROPOSED) == {"version": 1, "nodes": [], "requests": [waiting]}
    assert objections(front_end, "publishPolicy", proposal=1, approvedBy="陈洁") == [("SAME_PERSON", ["approvedBy"])]
    published = front_end.done("publishPolicy", SHOWN, proposal=1, approvedBy="李四")
    assert published["nodes"] == [
        {
            "name": "full",
            "version": 1,
            "effectiveFrom": "2026-01-01",
            "effectiveBefore": None,
            "withdrawnAt": None,
            "requestedBy": "陈洁",
            "approvedBy": "李四",
            "reason": "announced",
            "document": {"name": "full"},
        }
    ]
    assert front_end.done("proposePolicy", SHOWN, **PROPOSED) == published
    later = PROPOSED | {"effectiveFrom": "2199-01-01"}
    assert [each["request"] for each in front_end.done("proposePolicy", SHOWN, **later)["requests"]] == [3]
    declined = {"request": 3, "reason": "too far away", "declinedBy": "李四"}
    assert objections(front_end, "declinePolicy", **declined, expectedVersion=1) == [
        ("STALE_VERSION", ["expectedVersion"])
    ]
    assert front_end.done("declinePolicy", SHOWN, **declined)["requests"] == []
    asked = {"name": "full", "effectiveBefore": "2199-01-01", "reason": "replaced", "requestedBy": "陈洁"}
    (request,) = front_end.done("requestPolicyWithdrawal", SHOWN, **asked)["requests"]
    assert (request["request"], request["effectiveBefore"], request["document"]) == (5, "2199-01-01", None)
    (ended,) = front_end.done("approvePolicyWithdrawal", SHOWN, request=5, approvedBy="李四")["nodes"]
    assert (ended["effectiveBefore"], ended["withdrawnAt"] is None) == ("2199-01-01", False)


def test_every_field_of_a_policy_is_shown_as_it_was_given(front_end: FrontEnd) -> None:
    document = DOCUMENT | {"name": "whole"}
    front_end.done("proposePolicy", "version", **PROPOSED | {"document": document})
    waiting = front_end.ask(f"{{ policies {{ requests {{ request name document {{ {OF_DOCUMENT} }} }} }} }}")[
        "policies"
    ]
    (request,) = (each for each in waiting["requests"] if each["name"] == "whole")
    shown = request["document"]
    target, reply = shown.pop("targets")
    clock = dict.fromkeys(("duration", "everyMonths", "firstMonth", "within", "withinBusinessDays", "of", "by", "word"))
    assert target == TARGET | {
        "statutory": True,
        "inWords": {
            "en": "15 days, until the end of the last day, measured from case-received",
            "zh": "15日，至末日24时，自 case-received 起算",
        },
        "clock": TARGET["clock"] | clock,
    }
    assert (reply["statutory"], reply["start"], reply["cutOff"], reply["onChange"]) == (
        False,
        "case-received",
        None,
        "RETARGET",
    )
    none: dict[str, list[Any]] = {name: [] for name in WHEN}
    rules = [document["rules"][0], document["rules"][1] | {"when": none}]
    assert shown == {name: value for name, value in document.items() if name != "targets"} | {"rules": rules}
    front_end.done("publishPolicy", "version", proposal=request["request"], approvedBy="李四")
    asked = 'query One($version: Int) { policy(name: "whole", version: $version) { version document { name } } }'
    assert front_end.ask(asked)["policy"] == {"version": 1, "document": {"name": "whole"}}
    assert front_end.ask(asked, version=1)["policy"]["version"] == 1
    assert front_end.ask(asked, version=2)["policy"] is None


CLOCKS: list[dict[str, Any]] = [
    {"type": "ELAPSED", "duration": "PT30M"},
    {"type": "BUSINESS_DAYS", "count": 3, "ends": "CLOSE_OF_BUSINESS"},
    {"type": "WEEKS", "count": 8},
    {"type": "MONTHS", "count": 1, "roll": "NEXT_WORKING_DAY"},
    {"type": "YEARS", "count": 3, "firstDay": "COUNTED"},
    {"type": "REPORTING_PERIOD", "everyMonths": 6, "within": 30, "withinBusinessDays": True},
    {"type": "STATED_DATE", "of": "resolution", "by": "COMPANY"},
    {"type": "NO_NUMBER", "word": {"en": "prompt"}},
]


def test_a_rule_for_obligations_is_taken_and_shown(front_end: FrontEnd) -> None:
    owed = REPLY | {
        "id": "done",
        "subject": "OBLIGATION",
        "start": "obligation-opened",
        "stop": "obligation-met",
        "cancel": "obligation-cancelled",
    }
    rule = {"id": "back", "when": {"obligation": ["TASK", "FINDING"], "unit": ["后台支持"]}, "targets": ["done"]}
    document = DOCUMENT | {"name": "back-office", "rules": [rule], "targets": [owed]}
    front_end.done("proposePolicy", "version", **PROPOSED | {"document": document})
    asked = (
        "{ policies { requests { name document { rules { when { obligation kind unit } } targets { subject } } } } }"
    )
    shown = {one["name"]: one["document"] for one in front_end.ask(asked)["policies"]["requests"]}
    assert shown["back-office"] == {
        "rules": [{"when": {"obligation": ["TASK", "FINDING"], "kind": [], "unit": ["后台支持"]}}],
        "targets": [{"subject": "OBLIGATION"}],
    }
    for_cases = document | {"rules": [rule | {"when": {"unit": ["后台支持"]}}]}
    refused = front_end.change("proposePolicy", "version", **PROPOSED | {"document": for_cases})["userErrors"]
    assert "say which kinds in when.obligation" in refused[0]["message"]


def test_every_type_of_clock_is_taken_and_shown(front_end: FrontEnd) -> None:
    targets = [REPLY | {"id": f"t{place}", "clock": clock} for place, clock in enumerate(CLOCKS)]
    rule = {"id": "all", "targets": [target["id"] for target in targets]}
    document = DOCUMENT | {"name": "clocks", "rules": [rule], "targets": targets}
    shown = front_end.done(
        "proposePolicy",
        f"requests {{ name document {{ targets {{ {OF_TARGET} }} }} }}",
        **PROPOSED | {"document": document},
    )
    (found,) = [each for each in shown["requests"] if each["name"] == "clocks"]
    clocks = [target["clock"] for target in found["document"]["targets"]]
    assert [{name: clock[name] for name in asked} for clock, asked in zip(clocks, CLOCKS, strict=True)] == CLOCKS
    assert [target["inWords"]["en"] for target in found["document"]["targets"]] == [
        "30 minutes",
        "3 working days, until close of business",
        "8 weeks, until the end of the last day",
        "1 month, until the end of the last day, moved to the next working day",
        "3 years, until the end of the last day, the day of the start counted",
        "within 30 working days of the end of each period of 6 months",
        "by the date stated for resolution by the company",
        "prompt; no number, never missed",
    ]


def test_all_mistakes_of_a_policy_are_told_with_their_places_in_the_input(front_end: FrontEnd) -> None:
    target = TARGET | {"stop": "responce-sent", "clock": {"type": "CALENDAR_DAYS"}, "cutOff": "noon"}
    rules = [{"id": "some", "targets": ["decision", "replie"]}]
    document = DOCUMENT | {"zone": "Asia/Shangai", "rules": rules, "targets": [target, REPLY]}
    assert objections(front_end, "proposePolicy", **PROPOSED | {"document": document}) == [
        ("INVALID_INPUT", ["document", "zone"]),
        ("INVALID_INPUT", ["document", "rules", "0", "targets", "1"]),
        ("INVALID_INPUT", ["document", "targets", "0", "clock", "count"]),
        ("INVALID_INPUT", ["document", "targets", "0", "stop"]),
        ("INVALID_INPUT", ["document", "targets", "0", "cutOff"]),
    ]


def test_a_policy_is_refused_for_what_the_book_holds(front_end: FrontEnd) -> None:
    elsewhere = DOCUMENT | {"name": "elsewhere", "calendar": "china"}
    assert objections(front_end, "proposePolicy", **PROPOSED | {"document": elsewhere}) == [
        ("UNKNOWN_CALENDAR", ["document"])
    ]
    assert objections(front_end, "publishPolicy", proposal=99, approvedBy="李四") == [("UNKNOWN_REQUEST", ["proposal"])]
    ends = PROPOSED | {"effectiveBefore": "2025-01-01", "document": DOCUMENT | {"name": "ends"}}
    assert [code for code, _ in objections(front_end, "proposePolicy", **ends)] == ["INVALID_INPUT"]
    gone = {"name": "gone", "effectiveBefore": "2199-01-01", "reason": "replaced", "requestedBy": "陈洁"}
    assert objections(front_end, "requestPolicyWithdrawal", **gone) == [("UNKNOWN_POLICY", ["name"])]
