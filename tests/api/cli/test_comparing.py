"""`daybook compare`: what it says, records and ends with."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from api.cli.exits import Exit
from domain.book import ViewCompared, stream_of_book
from projections.case_file import CASE_FILE
from projections.registry import PROJECTIONS
from projections.staff import STAFF
from tests.api.cli.conftest import CUSTOMER, CommandLine, Teller
from tests.api.cli.test_commands import example
from tests.conftest import Database
from tests.projections.tampered import Tamperer

BY = ("--by", "Chen Jie")


@pytest.fixture
def case(daybook: CommandLine, teller: Teller) -> UUID:
    """A case in a book whose views are up to date."""
    case_id = teller.case("INC0000102")
    teller.case("INC0000103")
    teller.resolve(case_id)
    daybook("project")
    return case_id


@pytest.fixture
def hand(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.projector_url, autocommit=True) as connection:
        yield connection


def recorded(teller: Teller) -> list[ViewCompared]:
    history = teller.workspace.ledger.history(stream_of_book("main"))
    return [one.event for one in history if isinstance(one.event, ViewCompared)]


def test_every_view_is_compared_and_the_results_are_recorded_under_the_name_of_who_asked(
    daybook: CommandLine, teller: Teller, case: UUID
) -> None:
    head = teller.workspace.ledger.head()
    answer = daybook.json("compare", *BY)
    assert (answer["same"], [one["view"] for one in answer["compared"]]) == (True, [view.name for view in PROJECTIONS])
    for one, event in zip(answer["compared"], recorded(teller), strict=True):
        assert (event.view, event.position, event.rows) == (one["view"], head, one["fresh"]["rows"])
        assert event.live_digest == event.fresh_digest == one["live"]["sha256"] == one["fresh"]["sha256"]
        assert (event.scope, event.differing, event.anomalous) == ("all", 0, False)
    last = teller.workspace.ledger.history(stream_of_book("main"))[-1]
    assert (last.metadata.actor.name, last.position) == ("Chen Jie", answer["compared"][-1]["recorded_at_position"])
    daybook("project")
    assert daybook.json("compare", "audit_trail", *BY)["compared"][0]["position"] == head + len(PROJECTIONS)


def test_a_row_changed_by_hand_is_told_recorded_and_shown_by_the_audit_trail(
    daybook: CommandLine, teller: Teller, case: UUID, hand: psycopg.Connection
) -> None:
    key, column = Tamperer(hand, CASE_FILE).edit()
    result = daybook("compare", "case_file", *BY)
    assert result.exit_code == Exit.LEDGER
    assert f"case_file: row {key[0]} was edited" in result.stdout
    assert f"{column} is " in result.stdout
    assert "case_file: not what the events of book main make of them." in result.stderr
    (event,) = recorded(teller)
    assert (event.differing, event.anomalous, event.live_digest == event.fresh_digest) == (1, True, False)
    daybook("project")
    trail = daybook.json("audit", "--overrides")
    assert [(one["topic"], one["actor"], one["overrides"]) for one in trail["entries"]][-1:] == [
        ("view-compared.1", "Chen Jie", ["view-differs"])
    ]
    again = daybook("compare", "case_file", "--no-record", "--json")
    (told,) = json.loads(again.stdout)["compared"]
    assert (again.exit_code, told["rows"][0]["key"], told["recorded_at_position"]) == (Exit.LEDGER, list(key), None)
    assert len(recorded(teller)) == 1


def test_the_rows_about_one_case_are_compared_in_every_view_that_has_any(
    daybook: CommandLine, case: UUID, hand: psycopg.Connection
) -> None:
    answer = daybook.json("compare", "--case", "C2026-000001", *BY)
    rows = {one["view"]: one["fresh"]["rows"] for one in answer["compared"]}
    assert rows.keys() == {"case_file", "audit_trail", "timeline", "movement", "register", "sla_timer"}
    assert (rows["case_file"], rows["register"], rows["audit_trail"]) == (1, 1, 4)
    Tamperer(hand, CASE_FILE).delete()
    same = [daybook("compare", "case_file", "--case", f"C2026-00000{number}", *BY).exit_code for number in (1, 2)]
    assert sorted(same) == [Exit.DONE, Exit.LEDGER]
    assert daybook.json("compare", "customer_profile", "--key", str(CUSTOMER), *BY)["compared"][0]["fresh"]["rows"] == 1


def test_a_sample_is_drawn_again_by_its_seed(daybook: CommandLine, teller: Teller, case: UUID) -> None:
    one, other = (daybook.json("compare", "case_file", "--sample", "1", "--seed", "7", *BY) for _ in range(2))
    assert one["compared"][0]["live"] == other["compared"][0]["live"]
    assert one["compared"][0]["scope"] == {"kind": "sample", "key": None, "subjects": 1, "seed": 7}
    (event, _) = recorded(teller)
    assert (event.scope, event.subjects, event.seed, event.rows) == ("sample", 1, 7, 1)
    unseeded = daybook("compare", "case_file", "--sample", "1", *BY)
    assert "Drawn by --seed " in unseeded.stdout


def test_the_example_of_the_command_runs(daybook: CommandLine, case: UUID) -> None:
    result = daybook(*example("compare"))
    assert (result.exit_code, "Drawn by --seed 7." in result.stdout) == (Exit.DONE, True)


def test_a_table_of_another_version_is_not_compared_and_told(
    daybook: CommandLine, case: UUID, hand: psycopg.Connection
) -> None:
    Tamperer(hand, STAFF).call_it(STAFF.version + 1)
    result = daybook("compare", "staff", *BY)
    assert result.exit_code == Exit.LEDGER
    versions = f"its table is of version {STAFF.version + 1}, and this program knows version {STAFF.version}"
    assert f"staff: {versions}" in result.stdout
    Tamperer(hand, STAFF).call_it(STAFF.version - 1)
    assert "`daybook project` builds that" in daybook("compare", "staff", *BY).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "say --by NAME, or --no-record"),
        (["--seed", "7", *BY], "say --sample N as well"),
        (["--case", "C2026-000001", "--key", str(CUSTOMER), *BY], "Ask for one thing"),
        (["--key", "nobody", *BY], "--key 'nobody' is no id"),
        (["case_fil", *BY], "There is no view 'case_fil'; there are case_file,"),
    ],
    ids=["nobody", "seed", "two", "no id", "no view"],
)
def test_what_cannot_be_understood_is_said(daybook: CommandLine, words: list[str], said: str) -> None:
    result = daybook("compare", *words)
    assert (result.exit_code, said in result.stderr) == (Exit.USAGE, True), result.stderr


def test_views_that_were_never_made_are_missing(daybook: CommandLine, teller: Teller) -> None:
    teller.case("INC0000102")
    result = daybook("compare", "staff", *BY)
    assert (result.exit_code, "its table is not there; `daybook project` makes it" in result.stdout) == (4, True)


def test_a_role_that_may_not_write_is_told_so_before_anything_is_folded(
    daybook: CommandLine, database: Database, case: UUID
) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute("DROP ROLE IF EXISTS a_reader")
        owner.execute("CREATE ROLE a_reader LOGIN IN ROLE pg_read_all_data")
    url = database.writer_url.replace("daybook_writer", "a_reader")
    assert "a_reader" in url
    refused = daybook("compare", "case_file", *BY, DATABASE_URL=url)
    assert (refused.exit_code, "say --no-record to be shown the result only" in refused.stderr) == (Exit.LEDGER, True)
    shown = daybook("compare", "case_file", "--no-record", DATABASE_URL=url)
    assert (shown.exit_code, "same" in shown.stdout) == (Exit.DONE, True), shown.stderr


def test_a_database_whose_sessions_only_read_is_compared_all_the_same(
    daybook: CommandLine, database: Database, case: UUID
) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute(f"ALTER DATABASE {database.name} SET default_transaction_read_only = on")
    assert daybook("compare", "case_file", "--no-record").exit_code == Exit.DONE


def shape(answer: Any) -> Any:
    """The names in an answer, without its values."""
    if isinstance(answer, dict):
        return {name: shape(value) for name, value in answer.items()}
    return [shape(answer[0])] if isinstance(answer, list) and answer else None


def test_the_json_keeps_its_shape(daybook: CommandLine, case: UUID, hand: psycopg.Connection) -> None:
    Tamperer(hand, CASE_FILE).edit()
    told = shape(json.loads(daybook("compare", "case_file", *BY, "--json").stdout))
    digest = {"rows": None, "sha256": None}
    assert told == {
        "book": None,
        "time": None,
        "same": None,
        "compared": [
            {
                **dict.fromkeys(("view", "version", "live_version", "position", "head", "stopped_before")),
                "scope": {"kind": None, "key": None, "subjects": None, "seed": None},
                "same": None,
                "findings": None,
                "live": digest,
                "fresh": digest,
                **dict.fromkeys(("differing", "edited", "deleted", "inserted")),
                "rows": [
                    {
                        "key": [None],
                        "kind": None,
                        "swapped_with": None,
                        "columns": [{"column": None, "live": None, "fresh": None}],
                    }
                ],
                "recorded_at_position": None,
            }
        ],
    }
