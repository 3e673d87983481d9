"""A day as the program wrote it once, and the rows that it would write for the same day under other ids and dates.

Deciding and encoding costs the program some 100 us an event, a quarter of an hour and more for ten million. Days of one
seed differ in nothing but their ids, their date, and what is random or derived (salts, commitments, digests); so one of
them is carried out, its rows are read back, and what differs is put into them anew for each further day. The rows go
through the append function like any others. Asked again for the commands of such a day, the ledger must answer that it
has carried them out.
"""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from domain.envelope import Recorded
from domain.personal import personal_values, plain
from domain.topics import EVENTS
from ledger.append import Draft, Write
from ledger.canonical import canonical
from ledger.codec import SALT_BYTES, Disclosure, SealedValue, commitment, commitments, seal
from ledger.decision import content_of
from ledger.keys import DataKey, KeyRing, MasterKey
from ledger.ledger import ANY_KEY, DIGESTS, KEEP_KEYS, KEYS, Ledger
from ledger.outcome import Accepted
from ledger.recorder import Row
from tests.benchmarks.day import Day

SUBMISSIONS_A_TRANSACTION = 1_000
REGISTERS = {event.TOPIC: event.REGISTER for event in EVENTS}
UUIDS = rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
Values = list[bytes]
"""What a day's bytes are filled with, by slot: its ids, its date, then commitments and digests."""


class Form(NamedTuple):
    """Bytes with places to fill in."""

    form: bytes
    slots: Callable[[Values], Any]

    def filled(self, values: Values) -> bytes:
        """The bytes of a day."""
        filled: bytes = self.form % self.slots(values)
        return filled


class PersonalForm(NamedTuple):
    """A personal value: where it lies, about whom, and what it says."""

    path: str
    subject: int
    commitment: int
    value: bytes


class EventForm(NamedTuple):
    """An event, all but ids and date."""

    category: str
    subject: int
    version: int
    topic: str
    since_midnight: timedelta
    zone: str
    precision: str
    data: Form
    metadata: Form
    personal: tuple[PersonalForm, ...]


class CommandForm(NamedTuple):
    """A submission with the events that it led to."""

    command: int
    said_since_midnight: timedelta
    digest: int
    content: Form
    events: tuple[EventForm, ...]
    expected: tuple[tuple[str, int, int], ...]
    """Category, subject and version of each stream before it."""


class Stamp:
    """Makes the writes of any day of a seed, out of one that a ledger has carried out."""

    def __init__(self, ledger: Ledger, day: Day) -> None:
        """Carries the day out on a ledger that holds nothing but its genesis."""
        self._day = day
        after = ledger.head()
        submissions = day.submissions()
        outcomes: list[Any] = []
        for first in range(0, len(submissions), SUBMISSIONS_A_TRANSACTION):
            outcomes += ledger.carry_out_all(submissions[first : first + SUBMISSIONS_A_TRANSACTION])
        refused = [outcome for outcome in outcomes if not isinstance(outcome, Accepted)]
        assert not refused, refused[0]
        rows = {row[4]: row for row in ledger.rows.rows_since(after, None, None)}
        opened = {recorded.position: recorded for recorded in ledger.since(after, opened=True)}
        self._slots = _Slots(day)
        self.commands = tuple(
            self._command(submission.said_at, content_of(submission), submission.command_id, day.date, [
                (rows[placed.position], opened[placed.position]) for placed in outcome.placed
            ])
            for submission, outcome in zip(submissions, outcomes, strict=True)
        )  # fmt: skip
        self.events = len(rows)

    def _command(
        self, said_at: datetime | None, content: bytes, command_id: UUID, date: datetime,
        written: list[tuple[Row, Recorded[Any]]],
    ) -> CommandForm:  # fmt: skip
        assert said_at is not None
        digest = self._slots.another()
        events = tuple(self._event(row, recorded, digest, date) for row, recorded in written)
        before: dict[tuple[str, int], int] = {}
        for event in events:
            before.setdefault((event.category, event.subject), event.version - 1)
        expected = tuple((*stream, version) for stream, version in before.items())
        return CommandForm(
            self._slots.of_id(str(command_id).encode()), said_at - date, digest, self._slots.form(content, {}), events,
            expected,
        )  # fmt: skip

    def _event(self, row: Row, recorded: Recorded[Any], digest: int, date: datetime) -> EventForm:
        stream, version, topic, data, _, _, occurred_at, zone, precision, source_recorded_at, *_, metadata = row
        assert source_recorded_at is None
        category, _, subject = stream.partition("-")
        kept = commitments(data)
        slots = {committed.encode(): self._slots.another() for committed in kept.values()}
        personal = tuple(
            PersonalForm(
                path, self._slots.of_id(str(found.subject).encode()), slots[kept[path].encode()],
                canonical(plain(found)),
            )
            for path, found in personal_values(recorded.event)
        )  # fmt: skip
        return EventForm(
            category, self._slots.of_id(subject.encode()), version, topic, occurred_at - date, zone, precision,
            self._slots.form(data, slots), self._slots.form(metadata, {recorded.metadata.digest.encode(): digest}),
            personal,
        )  # fmt: skip

    def writes(self, number: int, ledger: Ledger, master: MasterKey) -> Iterator[Write]:
        """What the program would write for a day of the seed. Data keys are made for its subjects as they are needed.

        The master key is the one under which the ledger was opened.
        """
        day = Day(self._day.seed, number, self._day.cases)
        ids, date = day.ids, day.date
        texts = [str(each) for each in ids]
        values = self._slots.values(texts, date)
        self._fill_digests(values, master.derive(DIGESTS))
        salts = self._fill_commitments(values)
        subjects = {
            ids[form.subject] for command in self.commands for event in command.events for form in event.personal
        }
        keys = key_ring(ledger, master).for_writing(subjects)
        for command in self.commands:
            drafts: list[Draft] = []
            sealed: list[SealedValue] = []
            for event in command.events:
                stream = f"{event.category}-{texts[event.subject]}"
                drafts.append(Draft(
                    stream, event.version, event.topic, date + event.since_midnight, event.zone, event.precision, None,
                    REGISTERS[event.topic], event.data.filled(values), event.metadata.filled(values),
                ))  # fmt: skip
                sealed += [
                    _sealed(ledger.book, stream, event.version, form, ids, values, salts, keys)
                    for form in event.personal
                ]
            expected = tuple((f"{category}-{texts[subject]}", before) for category, subject, before in command.expected)
            yield Write(
                ids[command.command], bytes.fromhex(values[command.digest].decode()),
                date + command.said_since_midnight, tuple(drafts), tuple(sealed), expected,
            )  # fmt: skip

    def _fill_digests(self, values: Values, key: bytes) -> None:
        for command in self.commands:
            values[command.digest] = hmac.digest(key, command.content.filled(values), "sha256").hex().encode()

    def _fill_commitments(self, values: Values) -> dict[int, bytes]:
        """Gives back the salts, by slot."""
        forms = [form for command in self.commands for event in command.events for form in event.personal]
        random = os.urandom(SALT_BYTES * len(forms))
        salts = {form.commitment: random[at * SALT_BYTES : (at + 1) * SALT_BYTES] for at, form in enumerate(forms)}
        for form in forms:
            values[form.commitment] = commitment(salts[form.commitment], form.path, form.value).encode()
        return salts


class _Slots:
    """The numbering of what differs from day to day."""

    def __init__(self, day: Day) -> None:
        self._of_id = {str(each).encode(): slot for slot, each in enumerate(day.ids)}
        self._date = day.date.date().isoformat().encode()
        self._count = len(self._of_id) + 1
        self._moving = re.compile(UUIDS + rb"|" + self._date + rb"(?=T)|\"[0-9a-f]{64}\"")

    def another(self) -> int:
        """A slot that is filled later."""
        self._count += 1
        return self._count - 1

    def of_id(self, text: bytes) -> int:
        """The slot of an id of the day."""
        return self._of_id[text]

    def form(self, data: bytes, hashes: Mapping[bytes, int]) -> Form:
        """Bytes with a place for each id, date and hash in them."""
        slots = list[int]()

        def place(found: re.Match[bytes]) -> bytes:
            text = found[0]
            if text == self._date:
                slots.append(len(self._of_id))
                return b"%b"
            if text.startswith(b'"'):
                slots.append(hashes[text.strip(b'"')])
                return b'"%b"'
            slots.append(self._of_id[text])
            return b"%b"

        form = self._moving.sub(place, data.replace(b"%", b"%%"))
        return Form(form, itemgetter(*slots) if slots else _no_values)

    def values(self, texts: list[str], date: datetime) -> Values:
        """The values of a day, hashes not yet filled in."""
        known = [*(text.encode() for text in texts), date.date().isoformat().encode()]
        return known + [b""] * (self._count - len(known))


def _no_values(values: Values) -> tuple[()]:
    del values
    return ()


def _sealed(
    book: str, stream: str, version: int, form: PersonalForm, ids: list[UUID], values: Values,
    salts: Mapping[int, bytes], keys: Mapping[UUID, DataKey],
) -> SealedValue:  # fmt: skip
    subject, committed = ids[form.subject], values[form.commitment].decode()
    disclosure = Disclosure(form.path, subject, committed, salts[form.commitment], form.value)
    return seal(book, stream, version, disclosure, keys[subject])


def key_ring(ledger: Ledger, master: MasterKey) -> KeyRing:
    """Data keys of a ledger's book, kept as the ledger keeps them."""

    def fetch(subjects: Any) -> Any:
        return ledger.database.rows(KEYS, {"book": ledger.book, "subjects": list(subjects)})

    def keep(subjects: Any, wrapped: Any) -> None:
        ledger.database.rows(KEEP_KEYS, {"book": ledger.book, "subjects": list(subjects), "wrapped": list(wrapped)})

    return KeyRing(ledger.book, master, fetch, keep, lambda: ledger.database.rows(ANY_KEY, {"book": ledger.book}))
