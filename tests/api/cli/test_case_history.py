"""The history of a case as people and programs are told it: as known, narrowed down, in colour, around the unread."""

import itertools
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import jsonschema_rs
import psycopg
import pytest
from pydantic import TypeAdapter, ValidationError
from rich.cells import cell_len

from api.cli.exits import Exit
from api.cli.history_data import FORMAT, Answer, schema
from api.cli.history_shown import EFFECTS, STYLES
from api.settings import Settings
from api.workspace import NewBook, Workspace
from domain.book import BookTime
from domain.case.commands import DispatchCase, SendResponse
from domain.case.events import CaseResolved, Outcome, ResponseKind
from domain.channel import Channel
from domain.stream import Category, stream_of
from domain.topics import EVENTS
from ledger.embedded import Embedded
from projections.case_row import CaseFile
from replay.history import Effect
from tests.api.cli.conftest import OPENED, CommandLine, Teller, environment
from tests.conftest import PROJECT, Database, _database
from tests.projections.regulated import promise
from tests.projections.righted import corrected, voided

NUMBER = "C2026-000001"
PUBLISHED = PROJECT / "docs" / "case-history.schema.json"
ANSWER = TypeAdapter(Answer)
DAY = timedelta(days=1)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
REJECTED = CaseResolved(outcome=Outcome.REJECTED, redress=None, resolved_by=None, code=None)


@pytest.fixture(scope="module")
def database(server: Embedded, template: str) -> Iterator[Database]:
    """A fresh migrated database."""
    yield from _database(server, template)


@pytest.fixture(scope="module")
def daybook(database: Database) -> CommandLine:
    """The command line on a book that `tell` filled, and nobody writes to afterwards."""
    daybook = CommandLine(environment(database))
    settings = Settings.from_environment(daybook.environment)
    with Workspace(settings, new_book=NewBook(BookTime.SIMULATED, "Asia/Shanghai", OPENED)) as workspace:
        tell(Teller(workspace))
    return daybook


def tell(teller: Teller) -> None:
    """A case of eleven events, the first at position 7: resolved too late and written down later still, its
    classification (version 6) void, its resolution (version 7) corrected."""
    ledger = teller.workspace.ledger
    promise(ledger, at=OPENED)
    case_id = teller.case("INC0000102")
    stream = stream_of(Category.CASE, case_id)
    teller.tell(DispatchCase(at=teller.now, case_id=case_id, unit="北京分部", handler="王芳"))
    sent = SendResponse(at=teller.now, case_id=case_id, kind=ResponseKind.FIRST, channel=Channel.EMAIL, by="王芳")
    teller.tell(sent)
    teller.now += 3 * DAY
    teller.resolve(case_id)
    corrected(ledger, stream, 7, REJECTED, asked=teller.now + 4 * DAY)
    voided(ledger, stream, 6, asked=teller.now + 4 * DAY)


def steps(answer: Any) -> list[int]:
    return [step["version"] for step in answer["history"]]


# For programs ---------------------------------------------------------------------------------------------------------


def test_the_answer_for_programs_has_the_form_that_is_published(daybook: CommandLine) -> None:
    published = jsonschema_rs.validator_for(json.loads(PUBLISHED.read_text("utf-8")))
    said = "print it anew: python -m api.cli.history_data > docs/case-history.schema.json"
    assert PUBLISHED.read_text("utf-8") == schema(), said
    for words in ((), ("--known", "13"), ("--known", "2026-03-09", "--valid", "2026-03-04"), ("--amended",)):
        result = daybook("case", NUMBER, *words, "--json")
        answer = ANSWER.validate_json(result.stdout, strict=True)
        published.validate(json.loads(result.stdout))
        assert answer["format"] == FORMAT
        assert set(answer["case"]) == {"register", *CaseFile._fields}
        assert answer["history"]
    broken = daybook.json("case", NUMBER)
    broken["history"][0]["surprise"] = 1
    with pytest.raises(ValidationError):
        ANSWER.validate_python(broken)
    assert not published.is_valid(broken)


def test_every_step_says_what_it_changed_how_it_is_read_and_how_the_clocks_stood(daybook: CommandLine) -> None:
    answer = daybook.json("case", NUMBER)
    assert (answer["as_of"], answer["steps"], answer["clocks_told"], answer["unread"]) == (None, 11, "each", [])
    classified, resolved = answer["history"][5:7]
    assert (classified["void"], classified["amended_by"], classified["read_as"]) == (True, 11, None)
    assert (resolved["void"], resolved["amended_by"]) == (False, 9)
    assert resolved["data"]["outcome"] == "upheld"
    assert (resolved["read_as"]["topic"], resolved["read_as"]["data"]["outcome"]) == ("case-resolved.1", "rejected")
    (link,) = resolved["amendments"]
    assert {name: link[name] for name in ("version", "kind", "effect", "request", "requested_by", "decision",
                                          "decided_by")} == {
        "version": 7, "kind": "correction", "effect": "decides", "request": 8, "requested_by": "grace", "decision": 9,
        "decided_by": "李主任",
    }  # fmt: skip
    assert {"field": "status", "before": "registered", "after": "resolved"} in resolved["changes"]
    late = {clock["target"]: (clock["before"], clock["state"]) for clock in classified["clocks"]}
    assert late == {"resolution": ("running", "overdue"), "lived": ("running", "overdue")}
    in_time = {clock["target"]: (clock["before"], clock["state"]) for clock in resolved["clocks"]}
    assert in_time["resolution"] == ("overdue", "met")  # by what was written down late
    assert {clock["target"] for clock in answer["history"][-1]["clocks"]} >= {"resolution", "lived", "legal", "prompt"}
    corrected_step = answer["history"][8]
    assert {"field": "outcome", "before": "upheld", "after": "rejected"} in corrected_step["changes"]


def test_it_is_told_as_known_at_a_position_or_on_a_day_and_as_far_as_it_had_occurred(daybook: CommandLine) -> None:
    known = daybook.json("case", NUMBER, "--known", "14")
    assert (steps(known), known["case"]["outcome"], known["as_of"]["known_position"]) == ([*range(1, 9)], "upheld", 14)
    assert [link["effect"] for link in known["history"][6]["amendments"]] == ["open"]
    day = daybook.json("case", NUMBER, "--known", "2026-03-02")
    assert (steps(day), day["case"]["status"]) == ([1, 2, 3, 4, 5], "registered")
    valid = daybook.json("case", NUMBER, "--valid", "2026-03-03T00:00:00Z")
    assert (steps(valid), valid["case"]["resolved_at"]) == ([1, 2, 3, 4, 5], None)
    assert valid["as_of"]["valid_at"] == "2026-03-03T00:00:00Z"
    source = daybook.json("case", NUMBER, "--known", "2026-03-08", "--known-by", "source")
    assert (source["as_of"]["known_by"], steps(source)) == ("source", [*range(1, 8)])
    assert daybook("case", NUMBER, "--known", "14").stdout.splitlines()[1].startswith("As known at 2026-03-09")


@pytest.mark.parametrize(
    ("words", "versions"),
    [
        (("--topic", "case-resolved"), [7]),
        (("--topic", "case-resolved.1", "--topic", "case-registered"), [2, 7]),
        (("--actor", "grace"), [8, 9, 10, 11]),
        (("--actor", "nobody"), []),
        (("--amended",), [6, 7]),
        (("--departures",), []),
        (("--from", "2026-03-05", "--to", "2026-03-05"), [6, 7]),
        (("--recorded-from", "2026-03-09"), [8, 9, 10, 11]),
        (("--recorded-to", "2026-03-02"), [1, 2, 3, 4, 5]),
        (("--amended", "--topic", "case-classified"), [6]),
    ],
    ids=itertools.count(),
)
def test_options_narrow_the_steps_down(daybook: CommandLine, words: tuple[str, ...], versions: list[int]) -> None:
    answer = daybook.json("case", NUMBER, *words)
    assert (steps(answer), answer["steps"]) == (versions, 11)
    shown = daybook("case", NUMBER, *words)
    assert (shown.exit_code, f"{len(versions)} of 11 steps." in shown.stdout) == (Exit.DONE, True)


# What cannot be told --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("C2026-000009",), Exit.NO, "There is no case 'C2026-000009'"),
        ((NUMBER, "--known", "6"), Exit.NO, "6; it was first recorded at 2026-03-02T01:00:00.000000Z, position 7."),
        ((NUMBER, "--known", "2026-03-01"), Exit.NO, "Nothing had been recorded in book 'main' by then; it begins at"),
        ((NUMBER, "--valid", "2026-03-01"), Exit.NO, "the first of it did at 2026-03-02T01:00:00.000000Z."),
        ((NUMBER, "--known", "999"), Exit.USAGE, "Position 999 is not in book 'main', which has positions 1 to 17"),
        ((NUMBER, "--known", "0"), Exit.USAGE, "positions count from 1"),
        ((NUMBER, "--known", "2026-03-02T09:00"), Exit.USAGE, "names no zone"),
        ((NUMBER, "--valid", "2026-10-25T02:30[Europe/Berlin]"), Exit.USAGE, "showed 2026-10-25 02:30:00 twice"),
        ((NUMBER, "--known", "2198-01-01"), Exit.USAGE, "has not come yet"),
        ((NUMBER, "--known", "9", "--known-by", "source"), Exit.USAGE, "A source has no positions"),
        ((NUMBER, "--topic", "case-forgotten"), Exit.USAGE, "There is no event 'case-forgotten'"),
        ((NUMBER, "--from", "yesterday"), Exit.USAGE, "--from 'yesterday' is no time of this ledger"),
        ((NUMBER, "--actor", "caf\udce9"), Exit.USAGE, "is no text"),
    ],
    ids=itertools.count(),
)  # fmt: skip
def test_what_cannot_be_told_is_said_in_a_sentence(
    daybook: CommandLine, words: tuple[str, ...], code: Exit, said: str
) -> None:
    result = daybook("case", *words, COLUMNS="400")
    assert (result.exit_code, result.stdout) == (code, ""), result.stderr
    assert said in re.sub(r"[\s│]+", " ", result.stderr)


@pytest.fixture
def unknown(database: Database) -> Iterator[None]:
    """An event of the case (version 5) lies under a topic of some later program, until the test is over."""
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute("ALTER TABLE ledger.event DISABLE TRIGGER append_only")
        owner.execute("UPDATE ledger.event SET topic = 'response-dreamt.1' WHERE topic = 'response-sent.1'")
        yield
        owner.execute("UPDATE ledger.event SET topic = 'response-sent.1' WHERE topic = 'response-dreamt.1'")
        owner.execute("ALTER TABLE ledger.event ENABLE TRIGGER append_only")


@pytest.mark.usefixtures("unknown")
def test_an_event_of_an_unknown_topic_is_named_with_its_position(daybook: CommandLine) -> None:
    result = daybook("case", NUMBER)
    assert (result.exit_code, result.stdout) == (Exit.LEDGER, "")
    for said in ("'response-dreamt.1'", "position 11", "`daybook case --skip-unknown`"):
        assert said in result.stderr


@pytest.mark.usefixtures("unknown")
def test_what_reads_on_past_an_unknown_topic_says_so_on_every_line(daybook: CommandLine) -> None:
    for more in ({}, {"COLUMNS": "50", "FORCE_COLOR": "1"}):
        result = daybook("case", NUMBER, "--skip-unknown", **more)
        lines = result.stdout.removesuffix("\n").split("\n")
        assert result.exit_code == Exit.DONE
        assert [line for line in lines if not line.startswith("[1 unread]")] == []
        assert "Not read: position 11, response-dreamt.1, version 5 of case-" in COLOUR.sub("", result.stdout)
    answer = daybook.json("case", NUMBER, "--skip-unknown")
    assert steps(answer) == [1, 2, 3, 4, 6, 7, 8, 9, 10, 11]
    assert {step["unread"] for step in answer["history"]} == {1}
    (missing,) = answer["unread"]
    assert {name: missing[name] for name in ("position", "version", "topic")} == {
        "position": 11, "version": 5, "topic": "response-dreamt.1"
    }  # fmt: skip
    assert "No event class" in missing["reason"]


def test_where_all_can_be_read_there_is_no_mark(daybook: CommandLine) -> None:
    assert daybook("case", NUMBER, "--skip-unknown").stdout == daybook("case", NUMBER).stdout
    assert {step["unread"] for step in daybook.json("case", NUMBER, "--skip-unknown")["history"]} == {0}


def test_only_what_reads_can_pass_over_an_unknown_topic(daybook: CommandLine) -> None:
    for command in ("project", "import", "alarms", "serve", "demo"):
        assert "--skip-unknown" not in daybook(command, "--help", COLUMNS="200").stdout


# For people -----------------------------------------------------------------------------------------------------------


def test_a_pipe_has_no_colours_and_a_terminal_strikes_out_what_is_read_otherwise(daybook: CommandLine) -> None:
    assert not COLOUR.search(daybook("case", NUMBER).stdout)
    shown = daybook("case", NUMBER, FORCE_COLOR="1", COLUMNS="220").stdout
    struck = [line for line in shown.splitlines() if "\x1b[2;9" in line]
    assert [COLOUR.sub("", line).split()[:2] for line in struck] == [["12", "6"], ["13", "7"]]


@pytest.mark.parametrize("columns", [24, 40, 79, 119, 120, 200, 400])
def test_whatever_the_width_no_line_is_wider_and_nothing_is_lost(daybook: CommandLine, columns: int) -> None:
    shown = COLOUR.sub("", daybook("case", NUMBER, FORCE_COLOR="1", COLUMNS=str(columns)).stdout)
    *_, table = shown.partition("customer ")  # what stands before are sentences, which a terminal wraps itself
    assert [line for line in table.splitlines() if cell_len(line) > columns] == []
    squeezed = re.sub(r"\s+", "", table)
    for words in (
        "宽带一直断线。",
        "[voidbyversion11]",
        "[byversion9readas:caseresolvedoutcome:rejected]",
        "(mistyped)",
    ):
        assert words in squeezed, words


def test_every_colour_is_of_something_that_happens_and_every_effect_has_words() -> None:
    assert STYLES.keys() <= {event.TOPIC.rpartition(".")[0] for event in EVENTS}
    assert set(EFFECTS) == set(Effect)
