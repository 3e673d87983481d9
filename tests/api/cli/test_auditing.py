from datetime import timedelta
from typing import Any
from uuid import uuid5

import pytest

from domain.case.commands import CloseCase, ReceiveCase
from domain.case.events import CaseKind
from domain.channel import Channel
from domain.envelope import Actor, ActorKind, Source, Submission
from ledger.ledger import Ledger
from tests.api.cli.conftest import CUSTOMER, NAMESPACE, OPENED, CommandLine, Teller
from tests.conftest import PROJECT

NUMBER = "C2026-000001"
WORDS = "宽带一直断线。"
LI = ("--by", "Director Li")


@pytest.fixture
def told(daybook: CommandLine, teller: Teller) -> None:
    """A case that was resolved, which was written down three days late, corrected and then approved by who asked."""
    teller.resolve(teller.case("INC0000102"))
    why = ("--reason", "mistyped", "--by", "陈洁")
    daybook.json("amend", "correct", NUMBER, "4", "--set", "outcome=rejected", *why)
    daybook.json("amend", "approve", NUMBER, "5", *LI)
    daybook.json("amend", "own-approval", "--allow", "--reason", "two people", *LI)
    daybook.json("amend", "void", NUMBER, "6", *why)
    daybook.json("amend", "approve", NUMBER, "7", "--by", "陈洁")
    case_id = uuid5(NAMESPACE, "imported")
    commands = (
        ReceiveCase(at=OPENED, case_id=case_id, kind=CaseKind.REQUEST, channel=Channel.LETTER, source_key="S1"),
        CloseCase(at=OPENED, case_id=case_id),
    )
    imported = Submission(
        uuid5(NAMESPACE, "import"), commands, Actor("reader", ActorKind.IMPORT), "import", said_at=OPENED,
        imported=True, source=Source("ab" * 32, 7), source_recorded_at=OPENED,
    )  # fmt: skip
    teller.workspace.ledger.carry_out(imported)
    daybook.json("project")


def trail(daybook: CommandLine, *words: str) -> list[tuple[int, str, str]]:
    return [(one["position"], one["topic"].partition(".")[0], one["actor"])
            for one in daybook.json("audit", *words)["entries"]]  # fmt: skip


@pytest.mark.usefixtures("told")
def test_the_trail_of_a_book_and_of_a_case_is_shown_in_order(daybook: CommandLine) -> None:
    whole = trail(daybook)
    assert whole == [
        (1, "book-opened", "daybook"), (2, "customer-registered", "王芳"), (3, "case-received", "王芳"),
        (4, "case-registered", "王芳"), (5, "case-classified", "王芳"), (6, "case-resolved", "王芳"),
        (7, "correction-requested", "陈洁"), (8, "event-corrected", "Director Li"),
        (9, "self-approval-allowed", "Director Li"), (10, "void-requested", "陈洁"), (11, "event-voided", "陈洁"),
        (12, "case-received", "reader"), (13, "case-closed", "reader"),
    ]  # fmt: skip
    assert trail(daybook, NUMBER) == [one for one in whole if one[0] in {3, 4, 5, 6, 7, 8, 10, 11}]
    assert trail(daybook, f"customer-{CUSTOMER}") == whole[1:3]
    assert trail(daybook, "--limit", "2") == whole[-2:]


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("words", "positions"),
    [
        (("--actor", "陈洁"), [7, 10, 11]),
        (("--topic", "case-received"), [3, 12]),
        (("--topic", "case-received.1", "--actor", "reader"), [12]),
        (("--recorded-to", "2026-03-02"), [1, 2, 3, 4]),
        (("--recorded-to", "2026-03-02T09:00:00"), []),
        (("--recorded-from", "2026-03-05", "--topic", "case-resolved"), [6]),
        (("--recorded-from", "2026-03-05T09:01:00+08:00", "--topic", "case-resolved"), [6]),
        (("--departures",), [13]),
        (("--overrides",), [5, 6, 7, 8, 9, 10, 11, 13]),
        (("--overrides", "--departures"), [13]),
        ((NUMBER, "--overrides", "--actor", "Director Li"), [8]),
    ],
)
def test_the_trail_is_narrowed_down(daybook: CommandLine, words: tuple[str, ...], positions: list[int]) -> None:
    assert [position for position, *_ in trail(daybook, *words)] == positions


@pytest.mark.usefixtures("told")
def test_programs_get_each_entry_whole_with_what_it_changed(daybook: CommandLine) -> None:
    answer: dict[str, Any] = daybook.json("audit", NUMBER)
    assert (answer["book"], answer["time"]) == ("main", "simulated")
    received, _, _, resolved, _, approved, _, own = answer["entries"]
    assert {"field": "words", "before": None, "after": {"state": "open"}} in received["changes"]
    assert {"field": "outcome", "before": None, "after": "upheld"} in resolved["changes"]
    assert (resolved["back_dated_seconds"], resolved["subject"]) == (3 * 86_400, NUMBER)
    assert approved["changes"] == [{"field": "outcome", "before": "upheld", "after": "rejected"}]
    assert own["changes"] == [{"field": "outcome", "before": "rejected", "after": "upheld"}]
    assert [(one["requested_by"], one["decided_by"], one["about_version"]) for one in (approved, own)] == [
        ("陈洁", "Director Li", 4), ("陈洁", "陈洁", 6),
    ]  # fmt: skip
    assert received["data"]["words"].keys() == {"commitment", "subject"}


@pytest.mark.usefixtures("told")
def test_counts_stand_beside_the_events_that_they_count(daybook: CommandLine) -> None:
    answer = daybook.json("audit", "--departures", "--overrides")
    assert answer["departures"] == [
        {"departure": departure, "events": 1, "subjects": 1} for departure in ("closed-unresolved", "not-registered")
    ]
    assert {each["actor"]: each["counts"] for each in answer["overrides"]} == {
        "王芳": {"back-dated": 2},
        "陈洁": {"correction-requested": 1, "void-requested": 1, "void-approved": 1, "own-approval": 1},
        "Director Li": {"correction-approved": 1, "self-approval-allowed": 1},
        "reader": {"departure": 1},
    }
    shown = " ".join(daybook("audit", "--departures", "--overrides").stdout.split())
    assert "closed-unresolved 1 1" in shown
    assert "陈洁 person 4 correction-requested 1, void-requested 1, void-approved 1, own-approval 1" in shown


@pytest.mark.usefixtures("told")
def test_a_calendar_that_somebody_proposed_and_published_themselves_is_an_own_approval(daybook: CommandLine) -> None:
    both = ("--by", "陈洁", "--approved-by", "陈洁")
    daybook.json("calendar", "publish", str(PROJECT / "examples" / "calendars" / "china.toml"), *both)
    daybook.json("project")
    (published,) = daybook.json("audit", "--topic", "calendar-published")["entries"]
    assert (published["requested_by"], published["decided_by"]) == ("陈洁", "陈洁")
    answer = daybook.json("audit", "--overrides")
    assert {each["actor"]: each["counts"] for each in answer["overrides"]}["陈洁"]["own-approval"] == 2


@pytest.mark.usefixtures("told")
def test_a_narrow_terminal_gets_what_changed_as_well(daybook: CommandLine) -> None:
    narrow = {"COLUMNS": "80", "FORCE_COLOR": "1", "NO_COLOR": "1", "TERM": "dumb"}
    shown = daybook("audit", NUMBER, "--topic", "case-resolved", **narrow).stdout
    entry = shown[shown.index("       6  ") :]
    assert entry.startswith("       6  2026-03-02 ")
    assert f", recorded 2026-03-05 09:01:00+08:00 (+3 d)\n          王芳 · 北京分部 · agent   {NUMBER}\n" in entry
    assert "case resolved   status: registered -> resolved" in entry


@pytest.mark.usefixtures("told")
def test_people_see_what_changed_and_the_state_of_personal_values_but_not_their_texts(daybook: CommandLine) -> None:
    shown = " ".join(daybook("audit").stdout.split())
    assert shown.startswith("SIMULATED BOOK main")
    for told in (
        "case registered as C2026-000001 status: received -> registered, series: C2026, number: 1,",
        "outcome: upheld, redress minor units: 12550, redress currency: CNY",
        "(+3 d)",
        "event corrected of version 4 asked by 陈洁 decided by Director Li outcome: upheld -> rejected",
        "words: (open)",
        "王芳 · 北京分部 · agent",
        "[not-registered, closed-unresolved]",
    ):
        assert told in shown, told
    assert "transfers" not in shown
    assert WORDS not in shown
    assert WORDS not in daybook("audit", "--json").stdout


def test_a_long_trail_comes_page_after_page_with_one_heading(
    daybook: CommandLine, teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        teller.case(f"INC{number}", identity=f"case {number}")
        teller.now += timedelta(hours=1)
    daybook.json("project")
    whole = trail(daybook)
    monkeypatch.setattr("api.cli.auditing.PAGE", 4)
    assert trail(daybook, "--all") == whole
    assert len(whole) == 12
    assert daybook("audit", "--all").stdout.count("occurred") == 1
    assert "These are the latest 3" in daybook("audit", "--limit", "3").stderr


def test_the_trail_says_when_it_is_behind_the_book_or_not_there_at_all(daybook: CommandLine, teller: Teller) -> None:
    teller.case("INC0000102")
    missing = daybook("audit")
    assert (missing.exit_code, missing.stdout) == (1, "")
    assert "`daybook project` makes it" in missing.stderr
    daybook.json("project")
    teller.case("INC0000103")
    assert "goes up to position 4 of 6; `daybook project` reads on." in daybook("audit").stderr


def test_an_empty_book_has_its_genesis_alone(daybook: CommandLine, teller: Teller) -> None:
    assert teller.workspace.ledger.head() == 1
    daybook.json("project")
    assert [topic for _, topic, _ in trail(daybook)] == ["book-opened"]
    empty = daybook.json("audit", "--overrides", "--departures")
    assert (empty["overrides"], empty["departures"], empty["entries"]) == ([], [], [])
    assert "Nothing was recorded that answers this." in daybook("audit", "--overrides").stdout


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--topic", "case-sold"), 2, "There is no event 'case-sold'"),
        (("--recorded-from", "yesterday"), 2, "--recorded-from 'yesterday' is no time of this ledger"),
        (("--recorded-from", "0001-01-01"), 2, "'0001-01-01' is no time"),
        (("--recorded-to", "9999-12-31"), 2, "'9999-12-31' is no time"),
        (("--actor", "caf\udce9"), 2, "is no text"),
        (("C2026-000099",), 1, "There is no case 'C2026-000099'"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_sentence(
    daybook: CommandLine, words: tuple[str, ...], code: int, said: str
) -> None:
    answer = daybook("audit", *words)
    assert (answer.exit_code, answer.stdout, said in answer.stderr) == (code, "", True), answer.stderr


def test_a_stream_of_entries_reads_each_page_of_streams_at_once(
    daybook: CommandLine, teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        teller.case(f"INC{number}", identity=f"case {number}")
    daybook.json("project")
    asked: list[int] = []
    histories = Ledger.histories

    def counted(self: Ledger, streams: Any, **how: Any) -> Any:
        asked.append(len(streams))
        return histories(self, streams, **how)

    monkeypatch.setattr(Ledger, "histories", counted)
    daybook.json("audit")
    assert asked == [5]
