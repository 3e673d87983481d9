"""As known when, as far as it had occurred by when: what --known, --valid and --known-by say, in a book."""

from __future__ import annotations

from typing import Any, NamedTuple

from api.cli.as_of import AsOf as Typed
from api.cli.exits import NotFound, WrongUse
from api.cut_off import BadCutOff, past_at
from api.present import present
from domain.event import rfc3339
from ledger.book import recorded_at
from ledger.ledger import Ledger
from replay.as_of import AsOf, KnownBy


class AskedPast(NamedTuple):
    """What was typed."""

    known: Typed | int | None = None
    valid: Typed | None = None
    by: KnownBy = KnownBy.LEDGER

    @property
    def is_now(self) -> bool:
        """Whether nothing was: what is asked for is how things stand."""
        return self == AskedPast()

    def stated(self, as_of: AsOf, valid: str = "as far as it had occurred by") -> str:
        """Both instants in a line for people; `valid` says what the second one is."""
        return stated(as_of, by_now=self.known is None, valid=valid)

    def as_of(self, ledger: Ledger, *, ahead: bool = False) -> AsOf:
        """Both instants in a book; a day stands for its end in the book's zone. `ahead` lets the valid one be to come.

        Raises: NotFound before the book's first event; WrongUse for what has not come yet, for a position that the
        book does not have, and for one of a source.
        """
        known = self.known.instant(ledger.zone) if isinstance(self.known, Typed) else self.known
        valid = None if self.valid is None else self.valid.instant(ledger.zone)
        try:
            found = past_at(ledger, known, valid, self.by, ahead=ahead)
        except BadCutOff as error:
            raise WrongUse(str(error)) from None
        if found is None:
            first = recorded_at(ledger.database, ledger.book, 1)
            begins = "" if first is None else f"; it begins at {rfc3339(first)}"
            raise NotFound(f"Nothing had been recorded in book {ledger.book!r} by then{begins}.")
        return found


def as_it_stands(ledger: Ledger, position: int) -> AsOf:
    """What is so by now, as a view shows it that has read up to a position."""
    now = present(ledger)
    return AsOf(position, now, now)


def as_data(as_of: AsOf) -> dict[str, Any]:
    """Both instants for programs, stated with every answer about the past."""
    return {
        "known_at": as_of.known_at,
        "known_position": as_of.position,
        "known_by": as_of.known_by.value,
        "valid_at": as_of.valid_at,
    }


def stated(as_of: AsOf, *, by_now: bool = False, valid: str = "as far as it had occurred by") -> str:
    """Both instants in a line for people; `by_now` is for what is known by now, `valid` says what the second one is."""
    if by_now:
        return f"As known by now, at position {as_of.position}, {valid} {rfc3339(as_of.valid_at)}."
    whose = "its source" if as_of.known_by is KnownBy.SOURCE else f"position {as_of.position}"
    return f"As known at {rfc3339(as_of.known_at)} by {whose}, {valid} {rfc3339(as_of.valid_at)}."


def with_standards(line: str, as_of: AsOf) -> str:
    """The same, for what was judged by the book's policies and calendars."""
    if as_of.known_by is KnownBy.LEDGER:
        return line
    return (
        f"{line} Policies and calendars come from no source: they are those that this book had published by position "
        f"{as_of.position}."
    )
