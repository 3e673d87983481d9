"""A made-up log of one row an activity, as long as wanted, with counts that are known beforehand.

As a program: `python tests/api/imports/made_up.py ROWS FILE`.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

BLOCK = 100
LIFE = ("Opened", "Assigned", "Answered", "Resolved", "Closed")
ODD = ("Robot looked", "Remark")
"""An activity that has no rule, and one that is ignored."""
ROWS_OF_BLOCK = BLOCK * len(LIFE) + 4
BEGAN = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
HEADER = "case,activity,time,who,customer,team,via"

MAPPING = """
name = "made-up"
shape = "event"
source = "made-up.log"

[rows]
case = "case"
key = ["activity", "time"]

[time]
formats = ["iso"]
zone = "UTC"
zone_assumed = false
occurred = "time"
source_recorded = true

[actor]
column = "who"

[customer]
column = "customer"
kind = "person"

[case]
kind = "request"
channel = { column = "via", values = { phone = "hotline", mail = "email" } }

[activity]
column = "activity"

[activities]
"Opened" = [{ do = "receive-case" }, { do = "register-case" }]
"Assigned" = { do = "dispatch-case", unit = { column = "team" } }
"Answered" = { do = "send-response", kind = "first", channel = "email" }
"Resolved" = { do = "resolve-case", outcome = "solved" }
"Closed" = { do = "close-case" }

[ignored.activities]
"Remark" = "among colleagues"
"""


class Counts(NamedTuple):
    """What a log of so many blocks comes to."""

    rows: int
    cases: int
    customers: int
    events: int
    duplicates: int
    ignored: int
    rejected: dict[str, int]


def counts_of(blocks: int) -> Counts:
    """Each block has as many cases as its name says, ten of a customer, and four odd rows."""
    cases, customers = blocks * BLOCK, blocks * BLOCK // 10
    return Counts(
        rows=blocks * ROWS_OF_BLOCK,
        cases=cases,
        customers=customers,
        events=cases * 7 + customers,
        duplicates=blocks,
        ignored=blocks,
        rejected={"activity-without-rule": blocks, "bad-time": blocks},
    )


def rows(blocks: int) -> Iterator[str]:
    """The rows: the cases of a block run side by side."""
    for block in range(blocks):
        first = ""
        for step, activity in enumerate(LIFE):
            for nth in range(BLOCK):
                case = block * BLOCK + nth
                at = BEGAN + timedelta(minutes=case, hours=step * 5)
                via = "phone" if case % 3 else "mail"
                row = f"C-{case},{activity},{at.isoformat()},agent {case % 17},K-{case // 10},Team {case % 5},{via}"
                first = first or row
                yield row
        case_of = f"C-{block * BLOCK}"
        yield first
        yield f"{case_of},{ODD[0]},{BEGAN.isoformat()},robot,,,"
        yield f"{case_of},{ODD[1]},{BEGAN.isoformat()},agent 1,,,"
        yield f"{case_of},Answered,yesterday,agent 1,,,"


def made_up(path: Path, blocks: int) -> Path:
    """Writes a log."""
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER + "\n")
        file.writelines(f"{row}\n" for row in rows(blocks))
    return path


if __name__ == "__main__":
    wanted, file = sys.argv[1:]
    made_up(Path(file), -(-int(wanted) // ROWS_OF_BLOCK))
