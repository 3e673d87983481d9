from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError

from domain.case.commands import AssignCase
from domain.case.events import CaseAssigned
from domain.event import (
    Command,
    Label,
    Name,
    Precision,
    Refused,
    SourceKey,
    StaffName,
    UnitName,
    Words,
    rfc3339,
    same_day_or_before,
)
from tests.domain.story import MONDAY

CASE_ID = UUID(int=7)
SHANGHAI = timezone(timedelta(hours=8))


def test_an_instant_is_written_in_utc_with_six_digits() -> None:
    assert rfc3339(datetime(2026, 3, 2, 17, 0, 0, 5, SHANGHAI)) == "2026-03-02T09:00:00.000005Z"


def test_an_instant_is_kept_in_utc_whatever_zone_it_came_in() -> None:
    command = AssignCase(at=datetime(2026, 3, 2, 17, 0, tzinfo=SHANGHAI), case_id=CASE_ID, handler="ada")
    assert command.at.tzinfo is UTC
    assert command.model_dump(mode="json")["at"] == "2026-03-02T09:00:00.000000Z"


@pytest.mark.parametrize(
    "at",
    ["2026-03-02T09:00:00", "1899-12-31T23:59:59Z", "2200-01-01T00:00:00Z"],
    ids=["naive", "too early", "too late"],
)
def test_a_time_of_no_zone_or_no_possible_year_is_a_bad_form(at: str) -> None:
    with pytest.raises(ValidationError, match="at"):
        AssignCase.model_validate({"at": at, "case_id": CASE_ID, "handler": "ada"})


@pytest.mark.parametrize("handler", ["", " \t ", "x" * 201])
def test_a_name_has_between_1_and_200_characters(handler: str) -> None:
    with pytest.raises(ValidationError, match="handler"):
        CaseAssigned(handler=handler)


def test_a_name_is_kept_without_the_blanks_around_it() -> None:
    assert CaseAssigned(handler="  李四 ") == CaseAssigned(handler="李四")


def test_what_is_wrong_with_a_form_does_not_repeat_what_stood_in_it() -> None:
    with pytest.raises(ValidationError) as answer:
        CaseAssigned.model_validate({"handler": "ada", "secret": "13800138000"})
    assert "13800138000" not in str(answer.value)


def test_an_event_does_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        CaseAssigned(handler="ada").handler = "li"  # type: ignore[misc]


def test_a_command_says_which_stream_it_is_about() -> None:
    with pytest.raises(NotImplementedError):
        _ = Command(at=MONDAY).stream


def test_a_no_is_a_sentence_with_a_code_and_what_a_translation_needs() -> None:
    no = Refused("ALREADY_HELD", "This case is with South.", field="unit", params={"unit": "South"})
    assert (str(no), no.code, no.field, no.params) == (
        "This case is with South.",
        "ALREADY_HELD",
        "unit",
        {"unit": "South"},
    )
    assert Refused("ALREADY_HELD", "This case is with South.").params == {}


@pytest.mark.parametrize(
    ("later_by", "precision", "holds"),
    [
        (timedelta(0), Precision.INSTANT, True),
        (timedelta(microseconds=1), Precision.INSTANT, False),
        (timedelta(days=1), Precision.DAY, True),
        (timedelta(days=1, microseconds=1), Precision.DAY, False),
    ],
)
def test_an_instant_is_not_after_another_as_far_as_its_precision_tells(
    later_by: timedelta, precision: Precision, holds: bool
) -> None:
    assert same_day_or_before(MONDAY + later_by, MONDAY, precision) is holds


def test_no_text_holds_a_nul_character() -> None:
    for kind in (Words, Name, Label, UnitName, StaffName, SourceKey):
        text: TypeAdapter[str] = TypeAdapter(kind)
        assert text.validate_python("line\nline 二") == "line\nline 二"
        with pytest.raises(ValidationError, match="match pattern"):
            text.validate_python("a\0b")
