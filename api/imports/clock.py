"""The times of a file as instants: in the formats that its mapping names, on the clocks of its zone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from api.imports.errors import BadRow
from domain.case.state import Moment
from domain.event import EARLIEST, LATEST, Precision

ISO, EPOCH_SECONDS, EPOCH_MILLIS = "iso", "epoch-seconds", "epoch-millis"
NAMED_FORMATS = (ISO, EPOCH_SECONDS, EPOCH_MILLIS)
# The extended format of ISO 8601-1:2019, 5.4.2.1, and its dates, 5.2.2.1; a space for the T, as RFC 3339, 5.6 allows.
ISO_TIME = re.compile(r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?) ?([Zz]|[+-]\d\d(?::?\d\d)?)?)?")
EPOCH = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?")
START = datetime(1970, 1, 1, tzinfo=UTC)
TIME_OF_DAY = re.compile(r"(?<!%)(?:%%)*%-?[HIMSfpXcTRzs]")
# After noon, so that a format which loses half of the day does not give the same instant back.
TRIAL = datetime(2016, 2, 29, 13, 38, tzinfo=UTC)


class Clocks(Protocol):
    """What a mapping says of the file's times."""

    @property
    def tried(self) -> tuple[str, ...]:
        """The formats, in the order in which they are tried."""

    @property
    def zone(self) -> str:
        """The IANA zone of times that name no offset."""

    @property
    def ambiguous(self) -> Literal["reject", "earlier", "later"]:
        """What becomes of a local time that occurs twice."""

    @property
    def skipped(self) -> Literal["reject", "forward"]:
        """What becomes of a local time that does not occur."""


def readable_format(given: str) -> str:
    """A format that loses nothing of a time, or nothing of a day. Raises: ValueError."""
    if given in NAMED_FORMATS:
        return given
    by_day = not TIME_OF_DAY.search(given)
    needs = "year, month and day" if by_day and "%" in given else "year, month, day, hour and minute"
    lossy = ValueError(f"{given!r} loses part of a time; it needs at least {needs}")
    if "%Z" in given:
        raise ValueError(f"{given!r} reads names of zones, which mean several; read offsets with %z, or name the zone")
    if "%Y" not in given and "%y" not in given:
        raise lossy
    try:
        read_back = datetime.strptime(TRIAL.strftime(given), given).replace(tzinfo=UTC)
    except ValueError as error:
        raise ValueError(f"{given!r} is not a time format: {error}") from error
    if read_back != (datetime.combine(TRIAL.date(), datetime.min.time(), UTC) if by_day else TRIAL):
        raise lossy
    return given


class Clock:
    """Reads the times of a file."""

    def __init__(self, rule: Clocks) -> None:
        self._formats = rule.tried
        self._zone = ZoneInfo(rule.zone)
        self._ambiguous = rule.ambiguous
        self._skipped = rule.skipped
        self._by_day = {
            given for given in self._formats if given not in NAMED_FORMATS and not TIME_OF_DAY.search(given)
        }
        # An update's time stands in several rows of a file, the receipt's in all rows of a case.
        self.moment: Callable[[str], Moment] = lru_cache(8192)(self._moment)

    def instant(self, text: str) -> datetime:
        """The instant in UTC; of a day, its beginning. Raises: BadRow."""
        return self.moment(text).at

    def _moment(self, text: str) -> Moment:
        """The instant in UTC, and whether only its day is known. Raises: BadRow."""
        try:
            moment = next((found for given in self._formats if (found := self._read(text, given))), None)
        except OverflowError:  # in the first or the last hours that there are, and beyond them in UTC
            moment = Moment(LATEST, Precision.INSTANT)
        if moment is None:
            named = " or ".join(map(repr, self._formats))
            raise BadRow("bad-time", f"{text!r} is not a time as {named} has it")
        if not EARLIEST <= moment.at < LATEST:
            raise BadRow("impossible-time", f"{text!r} is not a time from 1900 to 2199")
        return moment

    def _read(self, text: str, given: str) -> Moment | None:
        """The time, if it is written so."""
        if given in (EPOCH_SECONDS, EPOCH_MILLIS):
            if not EPOCH.fullmatch(text):
                return None
            since = timedelta(seconds=float(text)) if given == EPOCH_SECONDS else timedelta(milliseconds=float(text))
            return Moment(START + since, Precision.INSTANT)
        if given == ISO:
            return self._iso(text)
        try:
            local = datetime.strptime(text, given)  # noqa: DTZ007  the mapping's zone is set below
        except ValueError:
            return None
        return self._day(local.date()) if given in self._by_day else self._at(local, text)

    def _iso(self, text: str) -> Moment | None:
        parts = ISO_TIME.fullmatch(text)
        if parts is None:
            return None
        day, time, offset = parts.groups()
        try:
            if time is None:
                return self._day(date.fromisoformat(day))
            return self._at(datetime.fromisoformat(f"{day}T{time}{(offset or '').upper()}"), text)
        except ValueError:
            return None

    def _day(self, day: date) -> Moment:
        """A day, by its first instant in the zone; a midnight that clocks skip is no fault of the day's."""
        midnight = datetime.combine(day, datetime.min.time(), self._zone)
        return Moment(midnight.astimezone(UTC), Precision.DAY)

    def _at(self, local: datetime, text: str) -> Moment:
        """A time; an offset of its own wins over the zone."""
        return Moment((local if local.tzinfo else self._placed(local, text)).astimezone(UTC), Precision.INSTANT)

    def _placed(self, local: datetime, text: str) -> datetime:
        """A time on the wall, in the zone; clocks that are put forward or back leave out or repeat an hour."""
        earlier = local.replace(tzinfo=self._zone)
        later = earlier.replace(fold=1)
        turn = _offset(later) - _offset(earlier)
        if not turn:
            return earlier
        if turn > timedelta():
            if self._skipped == "forward":  # by the clock as it was: half past two is half past three on the new one
                return earlier
            raise BadRow("time-does-not-exist", f"{text!r} does not exist in {self._zone}: clocks were put forward")
        if self._ambiguous == "reject":
            raise BadRow("time-is-ambiguous", f"{text!r} occurs twice in {self._zone}: clocks were put back")
        return earlier if self._ambiguous == "earlier" else later


def _offset(local: datetime) -> timedelta:
    return local.utcoffset() or timedelta()
