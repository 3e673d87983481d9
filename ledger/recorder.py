"""The ledger as a persistence module of the eventsourcing library: its factory, recorder, mapper and stored event.

`PERSISTENCE_MODULE=ledger.recorder` with `DAYBOOK_DATABASE_URL` and `DAYBOOK_BOOK` makes any application of the library
keep its events here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NoReturn, cast
from uuid import UUID, uuid4

from eventsourcing.persistence import (
    ApplicationRecorder,
    InfrastructureFactory,
    IntegrityError,
    JSONTranscoder,
    Mapper,
    Notification,
    ProgrammingError,
    StoredEvent,
    Subscription,
    TrackingRecorder,
)
from typing_extensions import override

from domain.envelope import Metadata, Recorded, RegisterNumber
from domain.event import Event, Precision
from domain.personal import Opening
from ledger.append import Draft, LeftOut, Write
from ledger.codec import Codec, SealedValue, metadata_of
from ledger.database import Database
from ledger.subscription import LedgerSubscription

Row = tuple[Any, ...]
"""An event as it is read: the columns of COLUMNS, in that order."""

COLUMNS = (
    "stream, version, topic, data, position, recorded_at, occurred_at, occurred_zone, occurred_precision, "
    "source_recorded_at, register_series, register_number, metadata"
)
# Leans on event (book, stream, version).
STREAM = f"""
SELECT {COLUMNS} FROM ledger.event
WHERE book = %(book)s AND stream = %(stream)s AND version > %(after)s AND version <= %(upto)s
ORDER BY version
LIMIT %(limit)s
"""
STREAM_BACKWARDS = STREAM.replace("ORDER BY version", "ORDER BY version DESC")
# Leans on event (book, stream, version): one search a stream.
STREAMS = f"""
SELECT {COLUMNS} FROM ledger.event
WHERE book = %(book)s AND stream = ANY(%(streams)s)
ORDER BY stream, version
"""
STREAMS_UPTO = STREAMS.replace("ORDER BY", "AND position <= %(upto)s\nORDER BY")
# Leans on the primary key (book, position).
SINCE = f"""
SELECT {COLUMNS} FROM ledger.event
WHERE book = %(book)s AND position > %(after)s AND position <= %(upto)s
ORDER BY position
LIMIT %(limit)s
"""
SINCE_OF_TOPICS = SINCE.replace("ORDER BY", "AND topic = ANY(%(topics)s)\nORDER BY")
# Leans on event (book, stream, version): one search an event.
PLACES = f"""
SELECT {", ".join(f"e.{column}" for column in COLUMNS.split(", "))}
FROM unnest(%(streams)s::text[], %(versions)s::int4[]) AS w(stream, version)
JOIN ledger.event e ON e.book = %(book)s AND e.stream = w.stream AND e.version = w.version
ORDER BY e.stream, e.version
"""
# Leans on event (book, stream, version): one search a stream, from the version on.
GROWN = f"""
SELECT {", ".join(f"e.{column}" for column in COLUMNS.split(", "))}
FROM unnest(%(streams)s::text[], %(versions)s::int4[]) AS w(stream, version)
CROSS JOIN LATERAL (
  SELECT {COLUMNS} FROM ledger.event
  WHERE book = %(book)s AND stream = w.stream AND version > w.version AND position <= %(upto)s
  ORDER BY version
  OFFSET 0) e
ORDER BY e.stream, e.version
"""


def with_sealed(query: str) -> str:
    """The query with the sealed values of each event beside it: a row for each value, and one for an event without.

    Leans on the primary key of personal_value. OFFSET 0 has each event's values looked up by themselves: joined
    plainly, and before the table was first analysed, all of the book's were sorted for the streams of one batch.
    """
    order = "position" if "ORDER BY position" in query else "stream, version"
    ordered = ", ".join(f"e.{column}" for column in order.split(", "))
    return f"""
SELECT e.*, p.path, p.subject, p.key_version, p.sealed
FROM ({query}) e
LEFT JOIN LATERAL (
  SELECT path, subject, key_version, sealed
  FROM ledger.personal_value
  WHERE book = %(book)s AND stream = e.stream AND version = e.version
  OFFSET 0) p ON TRUE
ORDER BY {ordered}
"""


STREAM_SEALED, STREAMS_SEALED, SINCE_SEALED, PLACES_SEALED = map(with_sealed, (STREAM, STREAMS, SINCE, PLACES))
STREAMS_UPTO_SEALED = with_sealed(STREAMS_UPTO)
HEAD = "SELECT position FROM ledger.head WHERE book = %(book)s"

LAST_VERSION = 2**31 - 1
LAST_POSITION = 2**63 - 1
PRECISIONS = {precision.value: precision for precision in Precision}
DEPARTURES = b'"departures":'
"""What metadata that holds departures has in its bytes; in a text, the quotes would be escaped."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class StoredEnvelope(Notification):
    """The library's stored event, with the rest of the envelope; `id` is the position, 0 before it has one."""

    recorded_at: datetime = EPOCH
    occurred_at: datetime = EPOCH
    occurred_zone: str = "UTC"
    occurred_precision: str = Precision.INSTANT
    source_recorded_at: datetime | None = None
    series: str | None = None
    number: int | None = None
    metadata: bytes = b"{}"
    sealed: tuple[SealedValue, ...] = field(default=(), repr=False)


def stored(row: Row) -> StoredEnvelope:
    """The library's view of a row."""
    stream, version, topic, data, position, *rest = row
    return StoredEnvelope(stream, version, topic, data, position, *rest)


class LedgerMapper(Mapper[str]):
    """Rows and stored events of one book as recorded events, by the ledger's codec."""

    def __init__(self, codec: Codec, book: str) -> None:
        super().__init__(JSONTranscoder())
        self.codec = codec
        self.book = book

    @override
    def to_stored_event(self, domain_event: Any) -> NoReturn:
        """The ledger writes whole commands, not single events. Raises: ProgrammingError."""
        raise ProgrammingError("Events reach the ledger through Ledger.carry_out only.")

    @override
    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The recorded event of a stored one; personal values stay closed. Raises: UnknownTopic, UnreadableEvent."""
        e = cast(StoredEnvelope, stored_event)
        return self.recorded((
            e.originator_id, e.originator_version, e.topic, e.state, e.id, e.recorded_at, e.occurred_at,
            e.occurred_zone, e.occurred_precision, e.source_recorded_at, e.series, e.number, e.metadata,
        ))  # fmt: skip

    def recorded(self, row: Row, opened: Opening | None = None) -> Recorded[Event]:
        """The recorded event of a row. Raises: UnknownTopic, UnreadableEvent."""
        (stream, version, topic, data, position, recorded_at, occurred_at, zone, precision, source_recorded_at,
         series, number, metadata) = row  # fmt: skip
        return Recorded(
            self.book, stream, version, position, recorded_at, occurred_at, zone, PRECISIONS[precision],
            source_recorded_at, None if series is None else RegisterNumber(series, number),
            self.codec.decode(topic, data, opened, where=f"position {position}"),
            Metadata.kept(metadata, metadata_of, departed=DEPARTURES in metadata),
        )  # fmt: skip


class LedgerRecorder(ApplicationRecorder):
    """Reads and writes the events of one book."""

    def __init__(self, database: Database, book: str) -> None:
        self.database = database
        self.book = book

    @override
    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Appends stored events as one command and gives their positions back.

        A plain StoredEvent gets the least of an envelope. Raises: IntegrityError when a stream has moved.
        """
        if not stored_events:
            return []
        drafts = tuple(_draft(event) for event in stored_events)
        expected: dict[str, int] = {}
        for draft in drafts:
            expected.setdefault(draft.stream, draft.version - 1)
        write = Write(
            kwargs.get("command_id") or uuid4(), kwargs.get("digest", b""), self.database.now(), drafts, (),
            tuple(expected.items()),
        )  # fmt: skip
        written = self.database.write(self.book, write)
        if isinstance(written, LeftOut):
            raise IntegrityError("A stream has moved past the version before these events.")
        return list(range(written.base + 1, written.base + 1 + len(drafts)))

    @override
    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """A stream's events, by version."""
        return [
            stored(row)
            for row in self.database.rows(
                STREAM_BACKWARDS if desc else STREAM,
                {
                    "book": self.book,
                    "stream": str(originator_id),
                    "after": gt or 0,
                    "upto": LAST_VERSION if lte is None else lte,
                    "limit": limit,
                },
            )
        ]

    @override
    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """The book's events, by position."""
        after = (start or 0) - (1 if inclusive_of_start and start else 0)
        return [stored(row) for row in self.rows_since(after, stop, limit, topics)]

    @override
    def max_notification_id(self) -> int | None:
        """The book's last position; None when it has none."""
        return self.head() or None

    @override
    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        """The book's events after a position, now and as they come."""
        return LedgerSubscription(self, gt, topics)

    def head(self) -> int:
        """The book's last position, 0 when it is empty or not there."""
        rows = self.database.rows(HEAD, {"book": self.book})
        return int(rows[0][0]) if rows else 0

    def rows_since(
        self, after: int, upto: int | None, limit: int | None, topics: Sequence[str] = (), *, sealed: bool = False
    ) -> list[Row]:
        """Rows with positions after one and up to another, in order; with their sealed values when asked for."""
        query = SINCE_SEALED if sealed else SINCE_OF_TOPICS if topics else SINCE
        return self.database.rows(
            query,
            {
                "book": self.book,
                "after": after,
                "upto": LAST_POSITION if upto is None else upto,
                "limit": limit,
                **({"topics": list(topics)} if topics else {}),
            },
        )

    def rows_of(self, streams: Iterable[str], *, sealed: bool = False, upto: int = LAST_POSITION) -> list[Row]:
        """The rows of several streams up to a position, by stream and version; with their sealed values when asked
        for."""
        wanted = sorted(streams)
        if upto < LAST_POSITION:
            query = STREAMS_UPTO_SEALED if sealed else STREAMS_UPTO
            return self.database.rows(query, {"book": self.book, "streams": wanted, "upto": upto})
        if len(wanted) == 1:  # half the time of the search for many
            query = STREAM_SEALED if sealed else STREAM
            return self.database.rows(
                query, {"book": self.book, "stream": wanted[0], "after": 0, "upto": LAST_VERSION, "limit": None}
            )
        query = STREAMS_SEALED if sealed else STREAMS
        return self.database.rows(query, {"book": self.book, "streams": wanted})

    def rows_after(self, versions: Mapping[str, int], upto: int) -> list[Row]:
        """The rows of several streams after a version of each, not above a position, by stream and version."""
        return self.database.rows(
            GROWN,
            {"book": self.book, "streams": list(versions), "versions": list(versions.values()), "upto": upto},
        )

    def rows_at(self, places: Sequence[tuple[str, int]]) -> list[Row]:
        """The rows of single events, by stream and version, with their sealed values."""
        streams, versions = [stream for stream, _ in places], [version for _, version in places]
        return self.database.rows(PLACES_SEALED, {"book": self.book, "streams": streams, "versions": versions})


def _draft(event: StoredEvent) -> Draft:
    e = event if isinstance(event, StoredEnvelope) else None
    if e is None:
        return Draft(
            str(event.originator_id), event.originator_version, event.topic, datetime.now(UTC), "UTC",
            Precision.INSTANT, None, None, event.state, b"{}",
        )  # fmt: skip
    return Draft(
        str(e.originator_id), e.originator_version, e.topic, e.occurred_at, e.occurred_zone, e.occurred_precision,
        e.source_recorded_at, e.series, e.state, e.metadata,
    )  # fmt: skip


class LedgerFactory(InfrastructureFactory[TrackingRecorder]):
    """Builds recorders over a database that is handed in, or over one of its own, named by the environment."""

    def __init__(self, env: Any, database: Database | None = None) -> None:
        super().__init__(env)
        self._own = database is None
        if database is None:
            url = self.env.get("DAYBOOK_DATABASE_URL")
            if not url:
                raise ProgrammingError("DAYBOOK_DATABASE_URL names no database.")
            database = Database(url)
        self.database = database
        self.book = self.env.get("DAYBOOK_BOOK") or "main"

    @override
    def application_recorder(self) -> ApplicationRecorder:
        """The recorder of the book."""
        return LedgerRecorder(self.database, self.book)

    @override
    def aggregate_recorder(self, purpose: str = "events") -> NoReturn:
        """Snapshots would hold personal values in the clear, and streams are short. Raises: ProgrammingError."""
        raise ProgrammingError(f"The ledger keeps no {purpose} beside the book.")

    @override
    def tracking_recorder(self, tracking_recorder_class: type[TrackingRecorder] | None = None) -> NoReturn:
        """Projections keep their own cursors. Raises: ProgrammingError."""
        raise ProgrammingError("The ledger's projections keep their own cursors; see projections.runner.")

    @override
    def process_recorder(self) -> NoReturn:
        """Projections keep their own cursors. Raises: ProgrammingError."""
        raise ProgrammingError("The ledger's projections keep their own cursors; see projections.runner.")

    @override
    def close(self) -> None:
        """Closes the database, unless it was handed in."""
        if self._own:
            self.database.close()
