"""What people type for an instant, and as known when: read, or told what is wrong with it and what to type instead."""

from datetime import UTC, datetime

import pytest
import typer

from api.cli.as_of import AsOf, as_of, known_by

BERLIN, SHANGHAI = "Europe/Berlin", "Asia/Shanghai"


def at(text: str, zone: str = SHANGHAI) -> datetime:
    return as_of(text).instant(zone)


def said(text: str) -> str:
    """What is told to whoever types it."""
    with pytest.raises(typer.BadParameter) as wrong:
        known_by(text)
    return wrong.value.message


def test_a_day_is_its_last_instant_in_the_zone_of_the_book() -> None:
    assert at("2026-03-02") == datetime(2026, 3, 2, 15, 59, 59, 999_999, tzinfo=UTC)
    assert at("2026-10-25", BERLIN) == datetime(2026, 10, 25, 22, 59, 59, 999_999, tzinfo=UTC)
    # Of this day, which Samoa left out, the last instant is that of the day before.
    assert at("2011-12-30", "Pacific/Apia") == datetime(2011, 12, 30, 9, 59, 59, 999_999, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02T09:00:00+08:00", "2026-03-02T01:00:00Z", "2026-03-02T01:00:00.000000+00:00", "20260302T010000Z",
        "2026-03-02T09:00[Asia/Shanghai]", "2026-03-02 09:00:00[Asia/Shanghai]", "2026-03-02T02:00[Europe/Berlin]",
        "2026-03-02T01:00[UTC]",
    ],
)  # fmt: skip
def test_an_instant_is_typed_with_an_offset_or_with_the_zone_whose_clocks_show_it(text: str) -> None:
    for zone in (SHANGHAI, BERLIN):
        assert at(text, zone) == datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def test_an_hour_that_clocks_showed_twice_is_asked_back_with_both_readings_each_of_which_is_taken() -> None:
    message = said("2026-10-25T02:30[Europe/Berlin]")
    assert "The clocks of Europe/Berlin showed 2026-10-25 02:30:00 twice; say which is meant" in message
    first, second = "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"
    assert f"{first} or {second}" in message
    assert at(first) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert at(second) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    for unambiguous, utc in (("01:59:59", 23), ("03:00", 2)):
        day = 24 if utc == 23 else 25
        assert at(f"2026-10-25T{unambiguous}[Europe/Berlin]").replace(minute=0, second=0) == datetime(
            2026, 10, day, utc, tzinfo=UTC
        )


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("2026-03-29T02:30[Europe/Berlin]", "2026-03-29T02:30:00+01:00", "2026-03-29T02:30:00+02:00"),
        ("2011-12-30T12:00[Pacific/Apia]", "2011-12-30T12:00:00-10:00", "2011-12-30T12:00:00+14:00"),
    ],
)
def test_a_time_that_clocks_never_showed_is_told_with_instants_that_there_are(
    text: str, before: str, after: str
) -> None:
    message = said(text)
    assert "never showed" in message
    assert "put forward over it" in message
    assert f"{before} or {after}" in message
    assert at(before) != at(after)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-03-02T09:00", "or whose clocks show it: 2026-03-02T09:00[Asia/Shanghai]"),
        ("2026-03-02T09:00[Asia/Shanghei]", "'Asia/Shanghei' is no zone of the IANA data"),
        ("2026-03-02T09:00[../etc]", "is no day and no instant"),
        ("2026-03-02T09:00[]", "is no day and no instant"),
        ("2026-03-02T09:00+08:00[Asia/Shanghai]", "has an offset and a zone; leave one of them out"),
        ("2026-03-02[Asia/Shanghai]", "is a day in a zone; leave the zone out"),
        ("2026-W10-1[Asia/Shanghai]", "or give the time: 2026-W10-1T09:00[Asia/Shanghai]"),
        ("2026-13-02", "is no day and no instant"),
        ("soon", "is no day and no instant; write 2026-03-02, or 2026-03-02T09:00:00+08:00"),
        ("", "is no day and no instant"),
        ("二〇二六年", "is no day and no instant"),
        ("٢٠٢٦-٠٣-٠٢", "is no day and no instant"),
        ("1815-06-18", "give one from 1900 to 2199"),
        ("9999-12-31T23:59:59-12:00", "give one from 1900 to 2199"),
        ("0001-01-01T00:00[Asia/Shanghai]", "give one from 1900 to 2199"),
        ("9999-12-31T23:59:59[America/New_York]", "give one from 1900 to 2199"),
        ("0", "positions count from 1"),
        ("-3", "is no day and no instant"),
        ("1234567890123456789", "is no day and no instant"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_with_what_to_type(text: str, told: str) -> None:
    assert told in said(text)


def test_digits_alone_are_a_position_of_the_book_and_anything_else_an_instant() -> None:
    assert (known_by("7"), known_by("000123"), known_by("9" * 18)) == (7, 123, 10**18 - 1)
    assert isinstance(known_by("2026-03-02"), AsOf)
