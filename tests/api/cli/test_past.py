"""--known, --valid and --known-by: the same words with every command that shows the past, and both instants stated."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from api.cli.exits import Exit
from api.settings import Settings
from api.workspace import NewBook, Workspace
from domain.book import BookTime
from domain.case.commands import RegisterCase, ResolveCase
from domain.case.events import Outcome
from domain.event import rfc3339
from ledger.embedded import Embedded
from ledger.ledger import Ledger
from tests.api.cli.conftest import CommandLine, environment
from tests.api.published import AFTER, BEGUN, CUT, DAY, DESK, NORTH, SOUTH, write, write_on
from tests.conftest import _database
from tests.ledger.submissions import submission
from tests.projections.books import case_id, received

INSTANTS = ("known_at", "known_position", "known_by", "valid_at")
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("units",), ("sla", "explain", "K-1"), ("sla", "due"), ("sla", "report"), ("policy", "list"),
    ("policy", "show", "promises"), ("calendar", "show", "desk"),
)  # fmt: skip


class Book:
    """A command line on a book, and where the book stood before more was known."""

    def __init__(self, daybook: CommandLine, ledger: Ledger, cut: int) -> None:
        self.daybook = daybook
        self.ledger = ledger
        self.cut = cut

    def json(self, *words: str) -> Any:
        return self.daybook.json(*words)


@pytest.fixture(scope="module")
def book(server: Embedded, template: str) -> Iterator[Book]:
    """A book in which much was put right after a report, and which then took in the history of another system."""
    for database in _database(server, template):
        daybook = CommandLine(environment(database))
        settings = Settings.from_environment(daybook.environment)
        with Workspace(settings, new_book=NewBook(BookTime.SIMULATED, "Asia/Shanghai", BEGUN)) as workspace:
            ledger = workspace.ledger
            write(ledger)
            cut = ledger.head()
            write_on(ledger)
            took_over(ledger)
            workspace.runner.catch_up()
            yield Book(daybook, ledger, cut)


HEARD = BEGUN - 60 * DAY
"""When another system heard of a case, before there was this book: on a weekday."""


def took_over(ledger: Ledger) -> None:
    about: dict[str, Any] = {"case_id": case_id(9)}
    for command, heard in (
        (received(9, at=HEARD, source_key="OLD-9"), HEARD),
        (RegisterCase(at=HEARD, **about, unit=DESK), HEARD),
        (ResolveCase(at=HEARD + DAY, **about, outcome=Outcome.UPHELD), HEARD + 40 * DAY),
    ):
        ledger.carry_out(submission(command, at=AFTER, imported=True, source_recorded_at=heard))


def instants(answer: Any) -> tuple[Any, ...]:
    return tuple(answer[name] for name in INSTANTS)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_answer_states_both_instants_and_who_knew(book: Book, words: tuple[str, ...]) -> None:
    now, head = _z(rfc3339(AFTER)), book.ledger.head()
    assert _without_fractions(instants(book.json(*words))) == (now, head, "ledger", now)
    cut = _z(rfc3339(CUT))
    by_position = book.json(*words, "--known", str(book.cut))
    assert instants(by_position) == (cut, book.cut, "ledger", cut)
    assert instants(book.json(*words, "--known", cut)) == instants(by_position)
    both = book.json(*words, "--known", str(book.cut), "--valid", "2099-03-10T09:00[Asia/Shanghai]")
    assert instants(both) == (cut, book.cut, "ledger", "2099-03-10T01:00:00Z")
    valid = book.json(*words, "--valid", cut)
    assert instants(valid) == (now, head, "ledger", cut)
    source = book.json(*words, "--known", cut, "--known-by", "source")
    assert instants(source) == (cut, head, "source", cut)
    shown = book.daybook(*words, "--known", cut, "--known-by", "source").stdout
    assert "As known at 2099-03-22T01:00:00.000000Z by its source" in " ".join(shown.split())
    told = "Policies and calendars come from no source" in " ".join(shown.split())
    assert told == (words != ("units",))


def _z(text: str) -> str:
    return text.replace(".000000Z", "Z")


def _without_fractions(told: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(_z(each) if isinstance(each, str) else each for each in told)


WRONG = [
    (("--known", "99999"), "Position 99999 is not in book 'main', which has positions 1 to"),
    (("--known", "0"), "positions count from 1"),
    (("--known", "2199-01-01"), "has not come yet; in book 'main' it is 2099-03-23T01:00:00"),
    (("--known", "2099-03-10T09:00"), "names no zone"),
    (("--known", "2098-10-26T02:30[Europe/Berlin]"), "twice; say which is meant"),
    (("--known", "2098-03-30T02:30[Europe/Berlin]"), "never showed"),
    (("--known", "7", "--known-by", "source"), "A source has no positions: say by an instant what it had recorded"),
    (("--known-by", "source"), "A source has no positions"),
    (("--known-by", "nobody"), "Invalid value for '--known-by'"),
    (("--valid", "soon"), "is no day and no instant"),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_what_cannot_be_asked_is_told_in_the_same_words_whatever_it_is_asked_of(book: Book, number: int) -> None:
    asked, said = WRONG[number]
    for words in (COMMANDS[number % len(COMMANDS)], COMMANDS[(number + 4) % len(COMMANDS)]):
        result = book.daybook(*words, *asked)
        told = " ".join(result.stderr.replace("│", " ").split())
        assert (result.exit_code, said in told, result.stdout) == (Exit.USAGE, True, ""), (words, result.stderr)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_before_the_first_event_there_is_nothing_and_it_is_told_when_the_book_begins(
    book: Book, words: tuple[str, ...]
) -> None:
    result = book.daybook(*words, "--known", "2099-01-01")
    said = "Nothing had been recorded in book 'main' by then; it begins at 2099-03-02T01:00:00.000000Z."
    assert (result.exit_code, said in " ".join(result.stderr.split())) == (Exit.NO, True), result.stderr


def test_deadlines_not_yet_come_are_asked_of_policies_and_calendars_alone(book: Book) -> None:
    ahead = ("--valid", "2099-06-01")
    assert book.json("policy", "show", "promises", *ahead)["valid_at"] == "2099-06-01T15:59:59.999999Z"
    assert book.json("calendar", "show", "desk", *ahead)["month"] == "2099-06"
    for words in (("units",), ("sla", "due"), ("sla", "report"), ("sla", "explain", "K-1")):
        assert "has not come yet" in book.daybook(*words, *ahead).stderr


# What each shows ------------------------------------------------------------------------------------------------------


def parents(answer: Any) -> dict[str, str | None]:
    return {unit["name"]: (["", *unit["path"]][-2] or None) for unit in answer["units"]}


def test_the_tree_of_units_stands_as_it_was_known_and_as_it_was(book: Book) -> None:
    assert parents(book.json("units"))[DESK] == SOUTH
    assert parents(book.json("units", "--known", str(book.cut)))[DESK] == NORTH
    # The move was told on the last day, and had been so from the first.
    assert parents(book.json("units", "--valid", rfc3339(BEGUN)))[DESK] == SOUTH
    assert parents(book.json("units", "--as-of", rfc3339(BEGUN)))[DESK] == SOUTH
    assert book.json("units", "--valid", rfc3339(BEGUN - DAY))["units"] == []


def clock(book: Book, name: str, *asked: str) -> tuple[str, str | None, str | None]:
    answer = book.json("sla", "explain", name, "--target", "resolution", *asked)
    (told,) = answer["clocks"]
    assert told["explanation"]["en"]
    return told["state"], told["verdicts"]["when_due"], told["verdicts"]["now"]


def test_a_clock_is_explained_as_it_was_known_and_as_it_stood(book: Book) -> None:
    assert clock(book, "K-3") == ("met", "missed", "kept")
    assert clock(book, "K-3", "--known", str(book.cut)) == ("overdue", "missed", "missed")
    # What was told late had happened by then.
    assert clock(book, "K-3", "--valid", rfc3339(BEGUN + 2 * DAY)) == ("met", None, "kept")
    assert clock(book, "K-3", "--known", str(book.cut), "--valid", rfc3339(BEGUN + DAY)) == ("running", None, None)
    none = book.daybook("sla", "explain", "K-6", "--known", str(book.cut))
    assert (none.exit_code, "Nothing was then to be done for the case 'K-6'" in none.stderr) == (Exit.NO, True)


def test_what_a_source_knew_of_a_case_that_was_taken_over(book: Book) -> None:
    def by_source(days: float, *valid: str) -> tuple[str, str | None, str | None]:
        return clock(book, "OLD-9", "--known", rfc3339(HEARD + days * DAY), "--known-by", "source", *valid)

    assert by_source(0.5)[0] == "running"
    assert by_source(20)[0] == "overdue"
    assert by_source(41) == ("met", "missed", "kept")
    assert by_source(41, "--valid", rfc3339(HEARD + timedelta(hours=3)))[0] == "running"
    by_ledger = book.daybook("sla", "explain", "OLD-9", "--known", str(book.cut))
    assert by_ledger.exit_code == Exit.NO


def cases(answer: Any, which: str) -> set[str]:
    return {told["source_key"] for told in answer[which]}


def test_what_was_overdue_and_due_soon_on_a_day_is_listed(book: Book) -> None:
    then = book.json("sla", "due", "--known", rfc3339(BEGUN + 2 * DAY), "--within", "3d")
    assert (cases(then, "overdue"), cases(then, "due_soon")) == (set(), {"K-2", "K-3", "K-4"})
    as_told_later = book.json("sla", "due", "--valid", rfc3339(BEGUN + 2 * DAY), "--within", "3d")
    assert "K-3" not in cases(as_told_later, "due_soon")
    late = book.json("sla", "due", "--known", str(book.cut))
    assert cases(late, "overdue") == {"K-3", "K-4"}
    source = book.json("sla", "due", "--known", rfc3339(HEARD + 20 * DAY), "--known-by", "source")
    assert cases(source, "overdue") == {"OLD-9"}
    shown = book.daybook("sla", "due", "--known", rfc3339(BEGUN), "--unit", "Nowhere").stdout
    assert "Nothing was overdue." in shown
    of_a_unit = book.json("sla", "due", "--known", str(book.cut), "--unit", SOUTH)
    assert cases(of_a_unit, "overdue") == {"K-4"}


def kept(answer: Any) -> dict[str, tuple[int, int, int]]:
    return {row["group"]["target"]: (row["clocks"], row["kept"], row["missed"]) for row in answer["rows"]}


def test_a_report_is_counted_as_it_was_known_and_as_it_stood(book: Book) -> None:
    only = ("sla", "report", "--where", "target=resolution")
    assert kept(book.json(*only, "--known", str(book.cut))) == {"resolution": (5, 1, 3)}
    # On the second day nothing had been missed, and by what is known of it now two cases had been resolved.
    early = ("--valid", rfc3339(BEGUN + 2 * DAY))
    assert kept(book.json(*only, "--known", str(book.cut), *early)) == {"resolution": (4, 1, 0)}
    by_now = book.json(*only, *early)
    assert kept(by_now)["resolution"][2] == 0
    assert kept(by_now) != kept(book.json(*only, "--known", str(book.cut), *early))
    assert (
        book.json(*only, "--known", str(book.cut), "--at", early[1])["rows"]
        == book.json(*only, "--known", str(book.cut), *early)["rows"]
    )
    for days, expected in ((0, (1, 0, 0)), (20, (1, 0, 1)), (41, (1, 1, 0))):
        known = rfc3339(HEARD + timedelta(hours=1) + days * DAY)
        source = book.json(*only, "--known", known, "--known-by", "source", "--group", "target,top")
        assert [(row["clocks"], row["kept"], row["missed"]) for row in source["rows"]] == [expected]


def test_policies_and_calendars_are_shown_as_they_were_known_and_in_force(book: Book) -> None:
    def versions(*asked: str) -> list[tuple[int, bool]]:
        return [(row["version"], row["in_force"]) for row in book.json("policy", "list", *asked)["policies"]]

    assert versions() == [(1, False), (2, True)]
    assert versions("--valid", rfc3339(CUT)) == [(1, True), (2, False)]
    assert versions("--known", str(book.cut)) == [(1, True)]
    assert versions("--known", str(book.cut), "--valid", rfc3339(AFTER)) == [(1, True)]
    assert versions("--known", "1") == []
    assert book.json("policy", "show", "promises", "--valid", rfc3339(CUT))["version"] == 1
    first = book.json("policy", "show", "promises", "--known", str(book.cut))
    assert (first["version"], first["in_force"], first["known_since"]) == (1, True, "2099-03-02T01:00:00Z")

    def fourth(*asked: str) -> str:
        days = book.json("calendar", "show", "desk", "--month", "2099-03", *asked)["days"]
        return str(days[3]["kind"])

    assert (fourth(), fourth("--known", str(book.cut))) == ("holiday", "usual")
    assert fourth("--known", rfc3339(HEARD), "--known-by", "source") == "holiday"
