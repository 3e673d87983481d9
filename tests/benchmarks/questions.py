"""What a book is asked while it grows: writing, reading, pages of cases, catching up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple
from uuid import UUID, uuid4

import orjson

from domain.case.commands import SendResponse
from domain.case.events import ResponseKind
from domain.channel import Channel
from domain.envelope import RegisterNumber, Submission
from domain.personal import Personal
from domain.stream import Category, category_of, stream_of
from ledger.append import Write, Written
from ledger.database import Database
from ledger.ledger import Ledger
from projections import case_file
from projections.case_file import ACTIVITY, NUMBER, RECEIVED, CaseFile, CaseFilter
from projections.paging import Order, Page, Window
from projections.runner import Runner
from tests.benchmarks.day import CASES, FIRST_DAY, Day, stays_open
from tests.benchmarks.durable import a_write, submission
from tests.benchmarks.filling import RARE, RARE_CATEGORY, RARE_CHANNEL, RARE_HANDLER, RARE_UNIT, SEED
from tests.benchmarks.side_by_side import Work

APPENDS = 50
COMMANDS = 20
READS = 100
PAGES = 30
CASES_A_PAGE = 20
TAIL_EVENTS = 1_000
ALL = CaseFilter()
MOST_DAYS = 40
"""Cases are picked out of so many days, strewn over the book."""


class Question(NamedTuple):
    """A question, and how to ask it of a book."""

    name: str
    unit: str
    of: Callable[[Book], Work]


class Picked(NamedTuple):
    """A case that a day told."""

    case_id: UUID
    customer_id: UUID
    version: int
    at: datetime


class Book:
    """A filled book, and what to ask for in it, picked without reading it, which would leave it in memory."""

    def __init__(self, events: int, ledger: Ledger, views: Database) -> None:
        day = Day(SEED, 0)
        submissions = day.submissions()
        self.events = events
        self.ledger = ledger
        self.runner = Runner(ledger, views)
        self._events_a_day = sum(len(submission.commands) for submission in submissions)
        self._versions = Counter(command.stream for submission in submissions for command in submission.commands)
        self._streams = [stream_of(Category.CASE, case_id) for case_id in day.case_ids]
        self._random = Random(events)
        self._days = self._random.sample(range(self.days), min(self.days, MOST_DAYS))
        self._ids = {number: Day(SEED, number) for number in self._days}
        self._open = self._cases(open_only=True)
        self._closed = self._cases(open_only=False)
        (self._last_number,) = ledger.database.rows(
            "SELECT last FROM ledger.register WHERE book = %(book)s AND series = 'C2026'", {"book": ledger.book}
        )[0]

    @property
    def days(self) -> int:
        """The days that are told to their end, the first of them FIRST_DAY."""
        return (self.events - self._events_a_day) // self._events_a_day

    def _cases(self, *, open_only: bool) -> Iterator[Picked]:
        """Cases at random, no case twice."""
        cases = [case for case in range(CASES) if stays_open(case) is open_only]
        places = [(number, case) for number in self._days for case in cases]
        self._random.shuffle(places)
        for number, case in places:
            day = self._ids[number]
            yield Picked(
                day.case_ids[case], day.customer_of(case), self._versions[self._streams[case]],
                FIRST_DAY + timedelta(days=number + 1),
            )  # fmt: skip

    def closed_cases(self, count: int) -> list[Picked]:
        """Closed cases to write to."""
        return [next(self._closed) for _ in range(count)]

    def open_cases(self, count: int) -> list[Picked]:
        """Cases to write to that nobody has resolved."""
        return [next(self._open) for _ in range(count)]

    def streams(self, count: int) -> list[str]:
        """Streams of cases."""
        chosen = ((self._ids[self._random.choice(self._days)], self._random.randrange(CASES)) for _ in range(count))
        return [stream_of(Category.CASE, day.case_ids[case]) for day, case in chosen]

    def numbers(self, count: int) -> list[RegisterNumber]:
        """Register numbers that were given."""
        return [RegisterNumber("C2026", self._random.randint(1, self._last_number)) for _ in range(count)]

    def places(self, order: Order, count: int) -> list[str]:
        """Places in an order, as cursors hold them; before each of them there is a day at the least."""
        id_, found = str(uuid4()), []
        for _ in range(count):
            at = FIRST_DAY + timedelta(days=self._random.uniform(1, self.days))
            number = self._random.randint(CASES, self._last_number)
            values = ["C2026", number] if order is NUMBER else [at.isoformat(), id_]
            found.append(orjson.dumps([order.name, *values]).decode())
        return found


def catching_up(events: int) -> Question:
    """Folding the next part of the book into all views."""

    def of(book: Book) -> Work:
        start = min(standing.position for standing in book.runner.positions())
        steps = iter(range(start + events, book.events + 1, events))
        return Work(
            "catch-up",
            lambda upto: book.runner.catch_up(upto) - (upto - events),
            lambda: min(standing.position for standing in book.runner.positions()) - start,
            lambda: next(steps),
        )

    return Question(f"catch-up, the last of the book in parts of {events:,}", "event", of)


def _fresh_stream(book: Book) -> Work:
    return _writing(book, lambda: [a_write() for _ in range(APPENDS)])


def _existing_stream(book: Book) -> Work:
    def write(case: Picked) -> Write:
        stream = stream_of(Category.CASE, case.case_id)
        fresh = a_write()
        (draft,) = fresh.drafts
        return fresh._replace(
            drafts=(draft._replace(stream=stream, version=case.version + 1),), expected=((stream, case.version),)
        )

    return _writing(book, lambda: [write(case) for case in book.closed_cases(APPENDS)])


def _writing(book: Book, prepare: Callable[[], list[Write]]) -> Work:
    head = book.ledger.head()

    def run(writes: list[Write]) -> int:
        return sum(isinstance(book.ledger.database.write(book.ledger.book, write), Written) for write in writes)

    return Work("append", run, lambda: book.ledger.head() - head, prepare)


def _command(book: Book) -> Work:
    head = book.ledger.head()

    def response(case: Picked) -> Submission:
        words = Personal.open(case.customer_id, f"We have read your meter and will call you. {case.case_id}")
        return submission(SendResponse(
            at=case.at, case_id=case.case_id, kind=ResponseKind.UPDATE, channel=Channel.HOTLINE, by="李娜", words=words
        ))  # fmt: skip

    return Work(
        "command",
        lambda submissions: sum(len(book.ledger.carry_out(one).placed) for one in submissions),
        lambda: book.ledger.head() - head,
        lambda: [response(case) for case in book.open_cases(COMMANDS)],
    )


def _tail(book: Book) -> Work:
    def run(head: int) -> int:
        return len(book.ledger.since(head - TAIL_EVENTS, limit=TAIL_EVENTS))

    return Work("tail", run, None, book.ledger.head)


def _stream(book: Book) -> Work:
    """Streams differ in length alike in all books, so it is they that are counted, not their events."""

    def run(streams: list[str]) -> int:
        return sum(bool(book.ledger.history(stream)) for stream in streams)

    return Work("stream", run, None, lambda: book.streams(READS))


def _opened_stream(book: Book) -> Work:
    def run(streams: list[str]) -> int:
        return sum(bool(book.ledger.history(stream, opened=True)) for stream in streams)

    return Work("opened stream", run, None, lambda: book.streams(READS))


def _number_in_ledger(book: Book) -> Work:
    def run(numbers: list[RegisterNumber]) -> int:
        found = map(book.ledger.stream_of_number, numbers)
        return sum(stream is not None and category_of(stream) == Category.CASE for stream in found)

    return Work("number in the ledger", run, None, lambda: book.numbers(READS))


def _number_in_view(book: Book) -> Work:
    def run(numbers: list[RegisterNumber]) -> int:
        found = (case_file.by_number(book.ledger.database, book.ledger.book, number) for number in numbers)
        return sum(file is not None for file in found)

    return Work("number in the view", run, None, lambda: book.numbers(READS))


def _page(order: Order, where: CaseFilter = ALL) -> Callable[[Book], Work]:
    """Pages of twenty, newest first, from anywhere in the order."""

    def of(book: Book) -> Work:
        def run(places: list[str]) -> int:
            pages = (_cut(book, order, where, place) for place in places)
            return sum(len(page.rows) == CASES_A_PAGE for page in pages)

        return Work("page", run, None, lambda: book.places(order, PAGES))

    return of


def _rare(order: Order, where: CaseFilter) -> Callable[[Book], Work]:
    """The first page of few cases, which is all of them."""

    def of(book: Book) -> Work:
        return Work("rare", lambda _: int(len(_cut(book, order, where).rows) == RARE))

    return of


def _cut(book: Book, order: Order, where: CaseFilter, after: str | None = None) -> Page[CaseFile]:
    window = Window(order, descending=True, after=after, limit=CASES_A_PAGE)
    return case_file.page(book.ledger.database, book.ledger.book, window, where)


A_UNIT = CaseFilter(unit="Branch 07")
READING = (
    Question("the last 1,000 events, decoded", "event", _tail),
    Question("a stream", "stream", _stream),
    Question("a stream, personal values open", "stream", _opened_stream),
    Question("a register number, in the ledger", "look-up", _number_in_ledger),
    Question("a register number, in the case file", "look-up", _number_in_view),
    Question("a page of cases, by receipt", "page", _page(RECEIVED)),
    Question("a page of cases, by number", "page", _page(NUMBER)),
    Question("a page of cases, by activity", "page", _page(ACTIVITY)),
    Question("a page of a unit's cases, by receipt", "page", _page(RECEIVED, A_UNIT)),
    Question("a page of a unit's cases, by number", "page", _page(NUMBER, A_UNIT)),
    Question("a page of a unit's cases, by activity", "page", _page(ACTIVITY, A_UNIT)),
    Question("ten cases of a category, by receipt", "page", _rare(RECEIVED, CaseFilter(categories=(RARE_CATEGORY,)))),
    Question("ten cases of a category, by activity", "page", _rare(ACTIVITY, CaseFilter(categories=(RARE_CATEGORY,)))),
    Question("ten cases of a handler, by number", "page", _rare(NUMBER, CaseFilter(handler=RARE_HANDLER))),
    Question("ten cases of a unit, by activity", "page", _rare(ACTIVITY, CaseFilter(unit=RARE_UNIT))),
    Question("ten cases of a channel, by receipt", "page", _rare(RECEIVED, CaseFilter(channels=(RARE_CHANNEL,)))),
)
WRITING = (
    Question("append of one event, fresh stream", "event", _fresh_stream),
    Question("append of one event, existing stream", "event", _existing_stream),
    Question("a whole command: read, decide, seal, append", "command", _command),
)
