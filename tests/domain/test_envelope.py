from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from domain.envelope import Actor, ActorKind, Occurred, RegisterNumber, Submission
from domain.event import Event

CLERK = Actor("grace", ActorKind.PERSON)


def test_a_register_number_reads_as_people_write_it() -> None:
    assert str(RegisterNumber("C2026", 123)) == "C2026-000123"
    assert str(RegisterNumber("C2026", 1_234_567)) == "C2026-1234567"


def test_an_event_occurred_as_its_command_did_and_as_foreseen_unless_it_says_otherwise() -> None:
    occurred = Occurred(Event())
    assert (occurred.when, occurred.departures) == (None, ())


def test_of_the_two_hours_that_read_alike_when_clocks_go_back_each_stays_itself() -> None:
    first = datetime(2025, 10, 26, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    second = first.replace(fold=1)
    assert first == second
    told = Submission(UUID(int=1), (), CLERK, "test", said_at=first, source_recorded_at=second)
    assert (told.said_at, told.source_recorded_at) == (
        datetime(2025, 10, 26, 0, 30, tzinfo=UTC),
        datetime(2025, 10, 26, 1, 30, tzinfo=UTC),
    )


def test_a_submission_has_no_time_without_a_zone() -> None:
    zoneless = datetime.fromisoformat("2026-01-05T09:00:00")
    with pytest.raises(ValueError, match="said_at is 2026-01-05T09:00:00, which names no zone"):
        Submission(UUID(int=1), (), CLERK, "test", said_at=zoneless)
    with pytest.raises(ValueError, match="source_recorded_at is 2026-01-05T09:00:00, which names no zone"):
        Submission(UUID(int=1), (), CLERK, "test", source_recorded_at=zoneless)
