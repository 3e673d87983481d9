"""The ledger of one book: the only road to a new event, and the way to read the events there are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from importlib.metadata import version as distribution_version
from itertools import groupby
from types import MappingProxyType
from typing import Any, NamedTuple, cast, get_args
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import Mapper
from eventsourcing.utils import Environment, EnvType
from typing_extensions import override

from domain.amendment import Amendment
from domain.book import BookTime
from domain.correction import applied
from domain.envelope import Context, Metadata, Recorded, RegisterNumber, Submission
from domain.event import Event, Refused
from domain.personal import Personal, personal_values
from ledger import opening
from ledger.append import Draft, LeftOut, Write, Written
from ledger.attachments import Attachments
from ledger.blind_index import BlindIndex
from ledger.codec import Codec, Disclosure, metadata_bytes, seal
from ledger.database import Database
from ledger.decision import (
    Asked,
    Decision,
    Tip,
    decided,
    digest_of,
    refuse_the_future,
    still_needed,
    streams_of,
    tip_of,
)
from ledger.errors import BatchMoved, LedgerError, StreamMoved, UnknownBook
from ledger.keys import KeyRing, MasterKey
from ledger.lines import Lines
from ledger.opening import Unread
from ledger.outcome import Accepted, Outcome, Stored, accepted, same, same_or_error, same_or_reused, stored_outcomes
from ledger.recorder import LAST_POSITION, LedgerFactory, LedgerMapper, LedgerRecorder, Row
from ledger.remembered import Remembered

MOST_TRIES = 5
NOTHING_YET: Mapping[str, Any] = MappingProxyType({})
DIGESTS = b"daybook/command-digest/v1"
"""What the key of the digests is derived for."""
BODIES = b"daybook/body-digest/v1"
"""What the key is derived for under which doors digest what they were sent."""
PROGRAM = distribution_version("daybook")

BOOK = "SELECT time, zone FROM ledger.book WHERE book = %(book)s"
# Leans on the primary keys of outcome and event. OFFSET 0 has each command, and each outcome's events, looked up by
# themselves: joined plainly, and before the table was first analysed, all events were gone through for every one of
# 2 000 outcomes. ORDER BY has the events looked up by position: a plan that a connection made while the book was empty
# took the index of streams instead, and went through the whole book for each of them as long as the connection lived
# (42 s for 20 000 commands asked again, 2026-11-22).
OUTCOMES = """
SELECT o.command_id, o.digest, o.position, e.position, e.stream, e.version, e.topic, e.register_series,
       e.register_number, e.recorded_at
FROM unnest(%(ids)s::uuid[]) AS asked(id)
CROSS JOIN LATERAL (
  SELECT command_id, digest, position, events FROM ledger.outcome
  WHERE book = %(book)s AND command_id = asked.id
  OFFSET 0) o
LEFT JOIN LATERAL (
  SELECT position, stream, version, topic, register_series, register_number, recorded_at
  FROM ledger.event
  WHERE book = %(book)s AND position > o.position - o.events AND position <= o.position
  ORDER BY position
  OFFSET 0) e ON TRUE
ORDER BY o.command_id, e.position
"""
KEYS = (
    "SELECT subject, key_version, wrapped FROM ledger.subject_key WHERE book = %(book)s AND subject = ANY(%(subjects)s)"
)
ANY_KEY = "SELECT subject, key_version, wrapped FROM ledger.subject_key WHERE book = %(book)s LIMIT 1"
KEEP_KEYS = "SELECT ledger.keep_keys(%(book)s, %(subjects)s, %(wrapped)s)"
# Leans on event_register.
NUMBERED = """
SELECT stream FROM ledger.event
WHERE book = %(book)s AND register_series = %(series)s AND register_number = %(number)s
"""
# Leans on event (book, stream, version): one search a stream, and streams are short.
AMENDED = """
SELECT DISTINCT stream FROM ledger.event
WHERE book = %(book)s AND stream = ANY(%(streams)s) AND topic = ANY(%(topics)s)
"""


class PersonalPlace(NamedTuple):
    """Where a personal value lies: an event of a stream, and the JSON pointer in its data."""

    stream: str
    version: int
    path: str
    as_read: bool = False
    """Whether the event is meant as it is read by now, corrections applied, rather than as it was written."""


class BookKind(NamedTuple):
    """What a book is for good: whose clock it has, and the IANA zone in which its years begin."""

    time: BookTime
    zone: str


def kind_of(database: Database, book: str) -> BookKind:
    """The kind of a book that is there. Raises: UnknownBook."""
    rows = database.rows(BOOK, {"book": book})
    if not rows:
        raise UnknownBook(f"There is no book {book!r} in this ledger.")
    return BookKind(BookTime(rows[0][0]), rows[0][1])


class Prepared(NamedTuple):
    """A decision in bytes, before its personal values are sealed."""

    decision: Decision
    write: Write
    disclosures: tuple[tuple[Disclosure, ...], ...]
    """For each event the personal values in it."""


@dataclass(slots=True)
class Beside:
    """What the decisions on a batch have read of streams that it does not write, all as of one position."""

    basis: int | None = None
    """The position; None while nothing had to be read."""
    states: dict[str, Any] = field(default_factory=dict)


class Ledger(Application[str]):
    """One book of the ledger. Siblings on the same database share its pool; each book has one committer.

    Raises: UnknownBook when there is no such book.
    """

    name = "daybook"

    def __init__(
        self,
        database: Database,
        master: MasterKey,
        book: str = "main",
        *,
        codec: Codec | None = None,
        kind: BookKind | None = None,
    ) -> None:
        self.database = database
        self.book = book
        self.codec = codec or Codec()
        self.time, self.zone = kind or kind_of(database, book)
        self._lines = Lines()
        self._digest_key, self.body_key = master.derive(DIGESTS), master.derive(BODIES)
        self.blind_index = BlindIndex(master, book)
        self._keys = KeyRing(book, master, self._fetch_keys, self._keep_keys, self._any_key)
        self.forget_keys = self._keys.forget
        self.attachments = Attachments(database, book, self._keys, master)
        super().__init__({"PERSISTENCE_MODULE": "ledger.recorder", "DAYBOOK_BOOK": book})
        self.rows = cast(LedgerRecorder, self.recorder)
        self._mapper = cast(LedgerMapper, self.mapper)
        self._remembered = Remembered(self.rows, self._mapper)

    @override
    def construct_factory(self, env: Environment) -> LedgerFactory:
        """The library's factory, over the database that siblings share."""
        return LedgerFactory(env, self.database)

    @override
    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """Only what is handed in: a ledger does not change with the process's environment."""
        return Environment(name, env)

    @override
    def construct_mapper(self) -> Mapper[str]:
        """The library's mapper, over the ledger's codec."""
        return LedgerMapper(self.codec, self.book)

    # Writing ----------------------------------------------------------------------------------------------------

    def carry_out(self, submission: Submission) -> Accepted:
        """Carries a submission out, once, however often it is asked for.

        Whether it was carried out before is looked up inside the append, under the book's lock, and here only when the
        answer would be no: a look-up beforehand says nothing about the try that is under way beside this one.

        Raises: Refused, in the user's words; StreamMoved when a stream has moved past the version the caller named, or
        keeps moving; CommandIdReused, TooLarge, NotCanonical, ClocksDisagree, LedgerAway.
        """
        asked = Asked(submission, digest_of(submission, self._digest_key))
        streams = streams_of(submission)
        with self._lines.of(streams):
            return self._carried_out(asked, streams)

    def _carried_out(self, asked: Asked, streams: Sequence[str]) -> Accepted:
        """Tries until the streams stand still between reading and writing, five times at the most."""
        submission = asked.submission
        tips: Mapping[str, Tip] = {}
        for _ in range(MOST_TRIES):
            tips = self.tips(streams)
            try:
                prepared = self._prepared(asked, tips)
            except (Refused, StreamMoved):
                if stored := self._stored([submission.command_id]).get(submission.command_id):
                    return same(stored, asked)
                raise
            (write,) = self._sealed([prepared])
            written = self.database.write(self.book, write)
            if isinstance(written, Written):
                return accepted(write, written)
            if written.repeated:
                return same(self._stored([submission.command_id])[submission.command_id], asked)
        raise StreamMoved(streams[0], tips[streams[0]].version)

    def carry_out_all(self, submissions: Sequence[Submission]) -> list[Outcome]:
        """Carries many submissions out in their order, in one transaction, and answers each.

        One that is refused or faulty takes no other with it. Raises: BatchMoved when other writers keep moving its
        streams; ClocksDisagree, LedgerAway: then all may be asked for again.
        """
        asked = [Asked(submission, digest_of(submission, self._digest_key)) for submission in submissions]
        for _ in range(MOST_TRIES):
            answers = self._carried_out_together(asked)
            if answers is not None:
                return answers
        raise BatchMoved

    def answered(self, submissions: Sequence[Submission]) -> list[Outcome | None]:
        """What became of submissions that were carried out before, and None for each of the others. Writes nothing."""
        stored = self._stored(submission.command_id for submission in submissions)
        return [
            same_or_error(stored[submission.command_id], Asked(submission, digest_of(submission, self._digest_key)))
            if submission.command_id in stored
            else None
            for submission in submissions
        ]

    def first_write(self, submission: Submission) -> Write:
        """A submission about streams that are not there yet, ready for the transaction that opens the book."""
        asked = Asked(submission, digest_of(submission, self._digest_key))
        tips = {stream: tip_of(stream, ()) for stream in streams_of(submission)}
        return self._sealed([self._prepared(asked, tips)])[0]

    def _carried_out_together(self, asked: Sequence[Asked]) -> list[Outcome] | None:
        """One try at a batch; None when its streams have moved meanwhile, or another try at some of it was faster."""
        stored = self._stored(one.submission.command_id for one in asked)
        fresh = [one for one in asked if one.submission.command_id not in stored]
        tips = dict(self.tips({stream for one in fresh for stream in streams_of(one.submission)}))
        grown: dict[str, Any] = {}
        beside = Beside()
        answers: dict[int, Outcome] = {}
        prepared: dict[int, Prepared] = {}
        first_place: dict[UUID, int] = {}
        twice: dict[int, int] = {}
        for place, one in enumerate(asked):
            command_id = one.submission.command_id
            try:
                if found := stored.get(command_id):
                    answers[place] = same(found, one)
                elif command_id in first_place:
                    twice[place] = first_place[command_id]
                else:
                    prepared[place] = self._prepared(one, tips, grown, beside)
                    first_place[command_id] = place
                    after = prepared[place].decision
                    tips |= after.tips
                    grown |= {entry.stream: tips[entry.stream].state for entry in after.pending}
            except (Refused, LedgerError) as error:
                answers[place] = error
        noes = [asked[place].submission.command_id for place, no in answers.items()
                if isinstance(no, Refused | StreamMoved)]  # fmt: skip
        if noes and self._stored(noes):  # another try was faster, and made the very change that now stands in the way
            return None
        writes = self._sealed(prepared.values())
        results = self.database.write_together(self.book, writes) if writes else []
        for place, write, written in zip(prepared, writes, results, strict=True):
            if isinstance(written, LeftOut):
                return None
            answers[place] = accepted(write, written)
        for place, earlier in twice.items():
            answers[place] = same_or_reused(asked[earlier], answers[earlier], asked[place])
        return [answers[place] for place in range(len(asked))]

    def _prepared(
        self,
        asked: Asked,
        tips: Mapping[str, Tip],
        grown: Mapping[str, Any] = NOTHING_YET,
        beside: Beside | None = None,
    ) -> Prepared:
        """Decides and encodes; `grown` has the states of streams that what goes before it in its batch writes.

        Raises: Refused, StreamMoved, TooLarge, NotCanonical.
        """
        submission = asked.submission
        strangers = [stream for stream, _ in submission.expected if stream not in tips]
        if strangers:
            raise LedgerError(f"A version is expected of {strangers[0]}, which none of the commands is about.")
        for stream, version in submission.expected:
            if tips[stream].version != version:
                raise StreamMoved(stream, version)
        said_at = self._said_at(submission)
        if not submission.imported:
            refuse_the_future(submission, said_at)
        context = self.context(submission, tips, grown, beside)
        metadata = self._metadata(asked, context.basis)
        decision = decided(submission, tips, metadata, context)
        encoded = tuple(self.codec.encode(entry.event) for entry in decision.pending)
        kept = {departures: metadata_bytes(replace(metadata, departures=departures))
                for departures in {entry.departures for entry in decision.pending}}  # fmt: skip
        drafts = tuple(
            Draft(
                entry.stream, entry.version, bytes_.topic, entry.when.at, entry.when.zone, entry.when.precision.value,
                submission.source_recorded_at, bytes_.series, bytes_.data, kept[entry.departures],
            )
            for entry, bytes_ in zip(decision.pending, encoded, strict=True)
        )  # fmt: skip
        write = Write(submission.command_id, asked.digest, said_at, drafts, (), decision.expected)
        return Prepared(decision, write, tuple(bytes_.disclosures for bytes_ in encoded))

    def _sealed(self, prepared: Iterable[Prepared]) -> list[Write]:
        """The writes with their personal values sealed; data keys are fetched or made for all of them at once."""
        waiting = list(prepared)
        subjects = {d.subject for one in waiting for of_event in one.disclosures for d in of_event}
        keys = self._keys.for_writing(subjects) if subjects else {}
        return [
            one.write._replace(
                sealed=tuple(
                    seal(self.book, draft.stream, draft.version, disclosure, keys[disclosure.subject])
                    for draft, of_event in zip(one.write.drafts, one.disclosures, strict=True)
                    for disclosure in of_event
                )
            )
            for one in waiting
        ]

    def _said_at(self, submission: Submission) -> datetime:
        """The writer's time: in a simulated book what the caller says, otherwise the time of day."""
        if self.time is BookTime.SIMULATED and submission.said_at is not None:
            return submission.said_at
        return self.database.now()

    def context(
        self,
        submission: Submission,
        tips: Mapping[str, Tip],
        grown: Mapping[str, Any] = NOTHING_YET,
        beside: Beside | None = None,
    ) -> Context:
        """What the decisions on a submission need from other streams, all of it as of one position of the book.

        It may be stale by the time of the append; the position goes into the metadata. `grown` has the states of those
        that submissions before it in the same batch write, as they will be then; what the batch has read of others
        stays in `beside`. Raises: Refused, LedgerAway.
        """
        context = Context(imported=submission.imported, book=self.book)
        beside = Beside() if beside is None else beside
        while wanted := still_needed(submission, tips, context):
            self._read_beside(beside, wanted - grown.keys())
            states = {stream: grown[stream] if stream in grown else beside.states[stream] for stream in wanted}
            context = replace(context, basis=beside.basis, others={**context.others, **states})
        return context

    def _read_beside(self, beside: Beside, streams: Set[str]) -> None:
        if beside.basis is None:
            beside.basis = self.head()
        basis, states = beside.basis, beside.states
        states |= self._remembered.states(streams - states.keys(), basis)
        states |= {
            stream: tip_of(stream, (one for one in history if one.position <= basis)).state
            for stream, history in self.histories(streams - states.keys(), opened=True).items()
        }

    def _metadata(self, asked: Asked, basis: int | None) -> Metadata:
        submission = asked.submission
        return Metadata(
            submission.actor, submission.channel, submission.correlation or submission.command_id,
            submission.causation, submission.command_id, asked.digest.hex(), basis, PROGRAM, submission.source, (),
            submission.client, submission.address,
        )  # fmt: skip

    def _stored(self, ids: Iterable[UUID]) -> dict[UUID, Stored]:
        """The outcomes that are stored already, by command id."""
        return stored_outcomes(self.database.rows(OUTCOMES, {"book": self.book, "ids": list(dict.fromkeys(ids))}))

    # Reading ----------------------------------------------------------------------------------------------------

    def head(self) -> int:
        """The book's last position."""
        return self.rows.head()

    def history(self, stream: str, *, opened: bool = False) -> list[Recorded[Event]]:
        """A stream's events by version, personal values closed unless asked for; empty where there is no stream."""
        return self.histories([stream], opened=opened)[stream]

    def histories(
        self,
        streams: Iterable[str],
        *,
        opened: bool = False,
        upto: int = LAST_POSITION,
        unread: list[Unread] | None = None,
    ) -> Mapping[str, list[Recorded[Event]]]:
        """The same for several streams at once, up to a position of the book.

        Given a list for what is `unread`, events that this program cannot read are left out and noted there.
        """
        wanted = list(streams)
        rows = self.rows.rows_of(wanted, sealed=opened, upto=upto) if wanted else []
        recorded = self._recorded(rows, opened=opened, unread=unread)
        found = {stream: list(events) for stream, events in groupby(recorded, key=lambda one: one.stream)}
        return {stream: found.get(stream, []) for stream in wanted}

    def since(
        self,
        after: int,
        *,
        upto: int | None = None,
        limit: int | None = None,
        opened: bool = False,
        unread: list[Unread] | None = None,
    ) -> list[Recorded[Event]]:
        """The book's events above `after` and not above `upto`, at most `limit`, in order; `unread` as there."""
        found = self.rows.rows_since(after, upto, limit, sealed=opened)
        return list(self._recorded(found, opened=opened, unread=unread))

    def standing(self, streams: Iterable[str], upto: int) -> Mapping[str, Any]:
        """The states of those of some streams in which nothing is ever amended, such as the book's own, by a position.

        Raises: Refused, LedgerAway.
        """
        return self._remembered.states(streams, upto)

    def tips(self, streams: Iterable[str]) -> Mapping[str, Tip]:
        """Streams as decisions see them, corrections applied, personal values open. Raises: Refused."""
        return {stream: tip_of(stream, history) for stream, history in self.histories(streams, opened=True).items()}

    def stream_of_number(self, number: RegisterNumber) -> str | None:
        """The stream whose event has a register number, such as C2026-000123."""
        parameters = {"book": self.book, "series": number.series, "number": number.number}
        rows = self.database.rows(NUMBERED, parameters)
        return str(rows[0][0]) if rows else None

    def disclose(self, places: Iterable[PersonalPlace]) -> dict[PersonalPlace, Personal[Any]]:
        """Personal values, open or erased, by where they lie; a place that holds none is not in the answer."""
        wanted = set(places)
        amended = self._amended({place.stream for place in wanted if place.as_read})
        events = sorted({(p.stream, p.version) for p in wanted if not (p.as_read and p.stream in amended)})
        as_written = list(self._recorded(self.rows.rows_at(events), opened=True)) if events else []
        histories = self.histories(amended, opened=True).values() if amended else ()
        as_read = [one for one in as_written if one.stream not in amended]
        as_read += [one for history in histories for one in applied(history)]
        return {
            place: personal
            for told, read in ((as_written, False), (as_read, True))
            for one in told
            for path, personal in personal_values(one.event)
            if (place := PersonalPlace(one.stream, one.version, path, read)) in wanted
        }

    def _amended(self, streams: Collection[str]) -> set[str]:
        """Those streams in which something was corrected or made void."""
        if not streams:
            return set()
        topics = [amendment.TOPIC for amendment in get_args(Amendment)]
        parameters = {"book": self.book, "streams": list(streams), "topics": topics}
        return {stream for (stream,) in self.database.rows(AMENDED, parameters)}

    def _recorded(
        self, rows: Sequence[Row], *, opened: bool, unread: list[Unread] | None = None
    ) -> Iterable[Recorded[Event]]:
        if unread is not None:
            return opening.legible(rows, partial(self._recorded, opened=opened), unread)
        return opening.opened(self._mapper, self._keys, rows) if opened else map(self._mapper.recorded, rows)

    def check_key(self) -> None:
        """Looks whether the master key is the one under which the book's personal values lie. Raises: WrongKey."""
        self._keys.check()

    # Keys -------------------------------------------------------------------------------------------------------

    def _fetch_keys(self, subjects: Sequence[UUID]) -> Iterable[tuple[UUID, int, bytes]]:
        return self.database.rows(KEYS, {"book": self.book, "subjects": list(subjects)})

    def _any_key(self) -> Iterable[tuple[UUID, int, bytes]]:
        return self.database.rows(ANY_KEY, {"book": self.book})

    def _keep_keys(self, subjects: Sequence[UUID], wrapped: Sequence[bytes]) -> None:
        keys = {"book": self.book, "subjects": list(subjects), "wrapped": list(wrapped)}
        self.database.writing(lambda connection: connection.execute(KEEP_KEYS, keys))
