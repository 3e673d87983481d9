"""What benchmarks write to: a server that really flushes, a book in it, and the floor, a bare table of that shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.types.numeric import Int4, Int8

from domain.book import BookTime
from domain.case.commands import ReceiveCase, RegisterCase, SendResponse
from domain.case.events import CaseKind, ResponseKind
from domain.channel import Channel
from domain.customer import CustomerKind, RegisterCustomer
from domain.envelope import Actor, ActorKind, Submission
from domain.event import Command
from domain.personal import Personal
from ledger.append import Draft, Write
from ledger.book import open_book
from ledger.database import Database
from ledger.embedded import Embedded
from ledger.keys import LocalMasterKey
from ledger.ledger import Ledger
from ledger.migrate import migrate
from tests.conftest import Database as Place

MASTER = LocalMasterKey(b"benchmark-master-key-of-32-bytes")
ACTOR = Actor("李娜", ActorKind.PERSON, unit="East branch desk", role="agent")
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
INSTANTS = (AT + timedelta(milliseconds=turn) for turn in count(1))

FLOOR_TABLE = """
CREATE TABLE public.floor (
  book text NOT NULL, position bigint NOT NULL, stream text NOT NULL, version integer NOT NULL, topic text NOT NULL,
  recorded_at timestamptz NOT NULL, occurred_at timestamptz NOT NULL, occurred_zone text NOT NULL,
  occurred_precision text NOT NULL, source_recorded_at timestamptz, register_series text, register_number integer,
  data bytea NOT NULL, metadata bytea NOT NULL, PRIMARY KEY (book, position), UNIQUE (book, stream, version));
CREATE UNIQUE INDEX floor_register ON public.floor (book, register_series, register_number)
  WHERE register_series IS NOT NULL;
CREATE SEQUENCE public.floor_position CACHE 1000;
GRANT ALL ON public.floor, public.floor_position TO daybook_writer;
"""
FLOOR_INSERT = """
INSERT INTO public.floor VALUES (%b, nextval('public.floor_position'), %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b)
"""
FLOOR_TYPES = [
    "text", "int8", "text", "int4", "text", "timestamptz", "timestamptz", "text", "text", "timestamptz", "text", "int4",
    "bytea", "bytea",
]  # fmt: skip
FLOOR_COPY = "COPY public.floor FROM STDIN (FORMAT BINARY)"

# What one ResponseSent looks like in the ledger, so that every contestant writes rows of the same size.
DATA = (
    b'{"by":"\xe6\x9d\x8e\xe5\xa8\x9c","channel":"hotline","kind":"update","words":{"commitment":"'
    + b"5a" * 32
    + b'","subject":"7c1e1111-2222-4333-8444-555566667777"}}'
)
METADATA = (
    b'{"actor":{"kind":"person","name":"\xe6\x9d\x8e\xe5\xa8\x9c","role":"agent","unit":"East branch desk"},'
    b'"channel":"graphql","command":"7c1e1111-2222-4333-8444-555566667777",'
    b'"correlation":"7c1e1111-2222-4333-8444-555566667777","digest":"' + b"5a" * 32 + b'","program":"0.1.0"}'
)


@contextmanager
def fresh_database(server: Embedded) -> Iterator[Place]:
    """A migrated database that goes away again."""
    name = f"bench_{uuid4().hex}"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            migrate(server.url(name))
            yield Place.on(server, name)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def a_ledger(url: str, book: str = "main") -> Ledger:
    """The ledger of a simulated book on a database."""
    database = Database(url, pool_size=40)
    return open_book(
        database, MASTER, book, origin="benchmark", zone="Asia/Shanghai", time=BookTime.SIMULATED, at=AT, actor=ACTOR
    )


def a_write(events: int = 1) -> Write:
    """A command's worth of encoded rows on a stream of its own."""
    stream = f"case-{uuid4()}"
    drafts = tuple(
        Draft(stream, version, "response-sent.1", AT, "Asia/Shanghai", "instant", None, None, DATA, METADATA)
        for version in range(1, events + 1)
    )
    return Write(uuid4(), bytes(32), AT, drafts, (), ((stream, 0),))


def floor_row(draft: Draft, position: int | None = None) -> list[Any]:
    """The same row for the bare table, with or without its position."""
    place = [] if position is None else [Int8(position)]
    return [
        "main", *place, draft.stream, Int4(draft.version), draft.topic, AT, draft.occurred_at, draft.occurred_zone,
        draft.occurred_precision, None, None, None, draft.data, draft.metadata,
    ]  # fmt: skip


class Floor:
    """The bare table: no lock, no check, one connection a writer."""

    def __init__(self, url: str, owner_url: str) -> None:
        self._url = url
        self._of_writer: dict[int, psycopg.Connection[Any]] = {}
        with psycopg.connect(owner_url, autocommit=True) as owner:
            owner.execute(FLOOR_TABLE)
        self._main = psycopg.connect(url, autocommit=True)

    def insert(self, rows: Sequence[Sequence[Any]], writer: int) -> int:
        """One INSERT and one COMMIT a row, on the writer's own connection."""
        if writer not in self._of_writer:
            self._of_writer[writer] = psycopg.connect(self._url, autocommit=True)
        connection = self._of_writer[writer]
        for row in rows:
            connection.execute(FLOOR_INSERT, row, prepare=True, binary=True)
        return len(rows)

    def copy(self, rows: Sequence[Sequence[Any]]) -> int:
        """One binary COPY."""
        with self._main.cursor() as cursor, cursor.copy(FLOOR_COPY) as copy:
            copy.set_types(FLOOR_TYPES)
            for row in rows:
                copy.write_row(row)
        return len(rows)

    def stage(self, rows: Sequence[Sequence[Any]]) -> int:
        """The rows, ready in a temporary table."""
        self._main.execute("DROP TABLE IF EXISTS pg_temp.staged; CREATE TEMP TABLE staged (LIKE public.floor)")
        with self._main.cursor() as cursor, cursor.copy(FLOOR_COPY.replace("public.floor", "pg_temp.staged")) as copy:
            copy.set_types(FLOOR_TYPES)
            for row in rows:
                copy.write_row(row)
        return len(rows)

    def select(self, staged: int) -> int:
        """One INSERT of all that is staged."""
        cursor = self._main.execute("INSERT INTO public.floor SELECT * FROM pg_temp.staged ORDER BY position")
        assert cursor.rowcount == staged
        return staged

    def rows(self) -> int:
        """The rows in the table."""
        row = self._main.execute("SELECT count(*) FROM public.floor").fetchone()
        assert row is not None
        return int(row[0])

    def close(self) -> None:
        """Lets the connections go."""
        for connection in [*self._of_writer.values(), self._main]:
            connection.close()


def registered_cases(ledger: Ledger, count: int) -> list[tuple[UUID, UUID]]:
    """That many registered cases, each of a customer of its own: pairs of case and customer."""
    pairs = [(uuid4(), uuid4()) for _ in range(count)]
    ledger.carry_out_all([_registration(case_id, customer_id) for case_id, customer_id in pairs])
    return pairs


def _registration(case_id: UUID, customer_id: UUID) -> Submission:
    words = Personal.open(customer_id, "电费多收了一倍，请核查。")
    return submission(
        RegisterCustomer(
            at=AT, customer_id=customer_id, kind=CustomerKind.PERSON, name=Personal.open(customer_id, "王秀英")
        ),
        ReceiveCase(
            at=AT,
            case_id=case_id,
            kind=CaseKind.COMPLAINT,
            customer_id=customer_id,
            channel=Channel.HOTLINE,
            words=words,
        ),
        RegisterCase(at=AT, case_id=case_id, unit="East branch desk"),
    )


def a_response(case_id: UUID, customer_id: UUID) -> Submission:
    """One more answer to the customer, in words."""
    words = Personal.open(customer_id, f"We have read your meter and will call you. {uuid4()}")
    return submission(
        SendResponse(
            at=next(INSTANTS),
            case_id=case_id,
            kind=ResponseKind.UPDATE,
            channel=Channel.HOTLINE,
            by="李娜",
            words=words,
        )
    )


def submission(*commands: Command) -> Submission:
    """Commands under a new id."""
    return Submission(uuid4(), commands, ACTOR, "benchmark", said_at=max(command.at for command in commands))
