import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from domain.sla.calendar import BadCalendar, Days, document_of
from domain.sla.working_time import Boundary, Span, WorkingTime
from domain.sla.zones import zone

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "vectors.json").read_text("utf-8"))
"""What other products answer, with the place in their tests or reports that says so."""

RULES = {"end_of_period": [Boundary.CLOSING], "start_of_next_period": [Boundary.NEXT_OPENING]}
EMPTY = "chatwoot-12"
"""Its calendar has no hours at all; that product then counts all time, and here such a calendar is refused."""


def of_kind(*kinds: str) -> list[Any]:
    return [pytest.param(each, id=each["id"]) for each in VECTORS if each["kind"] in kinds and each["id"] != EMPTY]


def calendar(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """A vector's calendar as a document."""

    def frames(spans: Sequence[Sequence[str]]) -> list[str]:
        return ["-".join(span) for span in spans]

    return {
        "name": "vector",
        "title": {"en": "A vector's calendar"},
        "zone": told["tz"],
        "week": {day: frames(spans) for day, spans in told["week"].items()},
        "annual_holidays": told.get("annual_holidays", []),
        "holidays": [{"date": day, "name": "Holiday"} for day in told.get("holidays", [])],
        "overrides": {day: frames(spans) for day, spans in told.get("shifts", {}).items()},
        "breaks": {day: frames(spans) for day, spans in told.get("breaks", {}).items()},
        "source": "vectors",
    }


def working_time(vector: Mapping[str, Any]) -> WorkingTime:
    document = document_of(calendar(vector["calendar"]))
    place, days = zone(document.zone), Days(document)
    return WorkingTime(place, lambda day: days.spans(day, place))


def instant(vector: Mapping[str, Any], text: str) -> datetime:
    """A vector's time; without an offset it is the calendar's local time."""
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=zone(vector["calendar"]["tz"]))).astimezone(UTC)


def pauses(vector: Mapping[str, Any]) -> list[Span]:
    return [(instant(vector, begin), instant(vector, end)) for begin, end in vector.get("pauses", [])]


@pytest.mark.parametrize("vector", of_kind("due_after"))
def test_a_target_is_due_when_others_say(vector: dict[str, Any]) -> None:
    time, start, amount = working_time(vector), instant(vector, vector["start"]), timedelta(0, vector["target_seconds"])
    due = instant(vector, vector["expect"]["due_at"])
    rules = RULES.get(vector.get("boundary", ""), list(Boundary))
    assert [time.after(start, amount, rule, without=pauses(vector)) for rule in rules] == [due] * len(rules)


@pytest.mark.parametrize("vector", of_kind("due_before"))
def test_work_begins_so_long_before_as_others_say(vector: dict[str, Any]) -> None:
    end, amount = instant(vector, vector["start"]), timedelta(0, vector["target_seconds"])
    assert working_time(vector).before(end, amount) == instant(vector, vector["expect"]["at"])


@pytest.mark.parametrize("vector", of_kind("elapsed"))
def test_as_much_time_has_passed_as_others_say(vector: dict[str, Any]) -> None:
    start, end = instant(vector, vector["start"]), instant(vector, vector["end"])
    passed = working_time(vector).between(start, end, without=pauses(vector))
    assert passed == timedelta(seconds=vector["expect"]["elapsed_seconds"])


@pytest.mark.parametrize("vector", of_kind("due_business_days_after", "due_business_days_before"))
def test_so_many_working_days_lead_where_others_say(vector: dict[str, Any]) -> None:
    time, start = working_time(vector), instant(vector, vector["start"])
    if vector["kind"] == "due_business_days_after":
        assert time.same_clock_time_after(start, vector["days"]) == instant(vector, vector["expect"]["due_at"])
    else:
        assert time.same_clock_time_before(start, vector["days"]) == instant(vector, vector["expect"]["at"])


@pytest.mark.parametrize("vector", of_kind("periods"))
def test_people_work_when_others_say(vector: dict[str, Any]) -> None:
    expected = [(instant(vector, begin), instant(vector, end)) for begin, end in vector["expect"]["periods"]]
    spans = working_time(vector).spans(instant(vector, vector["start"]))
    assert list(islice(spans, len(expected))) == expected


def test_an_empty_calendar_is_refused_where_another_product_counts_all_time() -> None:
    (vector,) = (each for each in VECTORS if each["id"] == EMPTY)
    with pytest.raises(BadCalendar, match="week: nobody works on any day"):
        document_of(calendar(vector["calendar"]))


def test_a_target_in_years_is_no_working_time() -> None:
    (vector,) = (each for each in VECTORS if each["kind"] == "reject")
    with pytest.raises(TypeError):
        timedelta(**vector["target"])


def test_every_vector_is_of_a_kind_that_is_tried() -> None:
    tried = {"due_after", "due_before", "elapsed", "due_business_days_after", "due_business_days_before", "periods"}
    assert {vector["kind"] for vector in VECTORS} == {*tried, "reject"}
    assert len(VECTORS) == 102
