"""`daybook timeline`: everything that happened with one customer and their cases, in one order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from api.cli.case import readable
from api.cli.customer import find
from api.cli.exits import NotFound
from api.cli.terminal import Terminal, add_row, shown, table
from api.cli.views import looked_at
from api.workspace import Workspace
from domain.event import Precision
from domain.personal import Personal
from ledger.ledger import Ledger, PersonalPlace
from projections import case_file, customer_timeline
from projections.case_file import CASE_FILE, CaseFile
from projections.customer_profile import CUSTOMER_PROFILE, CustomerProfile
from projections.paging import Page, Window
from projections.timeline import OCCURRED, TIMELINE, TimelineEntry, TimelineFilter

PAGE = 500


def run(
    workspace: Workspace, terminal: Terminal, name: str, where: TimelineFilter, *, limit: int | None, oldest: bool
) -> None:
    """Answers; the latest entries first unless the oldest are asked for. Raises: NotFound."""
    ledger = workspace.ledger
    position = looked_at(ledger, terminal, TIMELINE, CASE_FILE, CUSTOMER_PROFILE)
    profile = _profile(ledger, name)
    customer_id = UUID(name) if profile is None else profile.customer_id
    entries = list(_entries(ledger, customer_id, where, limit, oldest=oldest))
    if profile is None and not entries and where == TimelineFilter():
        raise NotFound(f"There is no customer {name!r} in book {ledger.book!r}, and nothing that names them.")
    cases = case_file.by_ids(ledger.database, ledger.book, {one.case_id for one in entries if one.case_id})
    places = [one.words_place for one in entries if one.words_place]
    name_place = profile.name_place if profile else None
    words = ledger.disclose([*places, *([name_place] if name_place else [])])
    customer = words.get(name_place) if name_place else None
    if terminal.json:
        terminal.answer({
            "book": ledger.book,
            "time": ledger.time,
            "position": position,
            "customer_id": customer_id,
            "name": customer,
            "entries": [_as_data(one, cases, words) for one in entries],
        })  # fmt: skip
        return
    terminal.stamp(ledger.book, ledger.time)
    terminal.show(f"{shown(customer) or '(no name)'}   {customer_id}", "", *_story(ledger, entries, cases, words))


def _profile(ledger: Ledger, name: str) -> CustomerProfile | None:
    """The customer by source's key or id; None for an id that nobody has registered. Raises: NotFound."""
    try:
        return find(ledger, name)
    except NotFound:
        try:
            UUID(name)
        except ValueError:
            pass
        else:
            return None
        raise


def _entries(
    ledger: Ledger, customer_id: UUID, where: TimelineFilter, limit: int | None, *, oldest: bool
) -> Iterator[TimelineEntry]:
    """All of them, or as many as were asked for, a page at a time."""
    place: str | None = None
    left = limit
    while left is None or left > 0:
        window = Window(OCCURRED, not oldest, place, limit=PAGE if left is None else min(PAGE, left))
        page: Page[TimelineEntry] = customer_timeline.page(ledger.database, ledger.book, customer_id, window, where)
        yield from page.rows
        if not page.has_more:
            return
        left = None if left is None else left - len(page.rows)
        place = OCCURRED.place_of(page.rows[-1])


def _story(
    ledger: Ledger,
    entries: Sequence[TimelineEntry],
    cases: dict[UUID, CaseFile],
    words: dict[PersonalPlace, Personal[Any]],
) -> Iterator[Any]:
    if not entries:
        yield "Nothing."
        return
    lines = table("occurred", "what", "case", "channel", "who", "words")
    for one in entries:
        here = one.occurred_at.astimezone(ZoneInfo(one.occurred_zone if one.occurred_zone != "UTC" else ledger.zone))
        add_row(
            lines,
            here.date() if one.occurred_precision is Precision.DAY else readable(here, None),
            " ".join(part for part in (one.kind.replace("-", " "), one.term and f"({one.term})") if part),
            number_of(one.case_id, cases),
            " ".join(part for part in (one.direction, one.channel) if part),
            " · ".join(part for part in (one.staff, one.unit) if part),
            shown(words.get(one.words_place)) if one.words_place else None,
        )
    yield lines


def number_of(case_id: UUID | None, cases: dict[UUID, CaseFile]) -> str | None:
    """A case by its number, or by its id while it has none."""
    if case_id is None:
        return None
    number = cases[case_id].register if case_id in cases else None
    return str(number or case_id)


def _as_data(
    one: TimelineEntry, cases: dict[UUID, CaseFile], words: dict[PersonalPlace, Personal[Any]]
) -> dict[str, Any]:
    number = cases[one.case_id].register if one.case_id in cases else None
    told = one._asdict() | {
        "case": str(number) if number else None,
        "words": words.get(one.words_place) if one.words_place else None,
    }
    del told["place"]
    return told
