from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.case.commands import ResolveCase
from domain.case.events import Outcome
from domain.envelope import Actor, ActorKind, Metadata, Recorded, RegisterNumber, Source
from domain.event import Event, Precision
from ledger.canonical import is_canonical
from ledger.codec import METADATA_LIMIT_BYTES, metadata_bytes, metadata_of
from ledger.database import Database
from ledger.errors import NotCanonical, TooLarge, UnreadableEvent
from ledger.ledger import PROGRAM, Ledger
from tests.ledger.events import WRITABLE
from tests.ledger.submissions import CLERK, MASTER, OPENED, case_stream, opened, receive, register, submission

text = st.text(WRITABLE, max_size=30)
maybe = st.none() | text
counts = st.integers(0, 2**53 - 1)
actors = st.builds(Actor, text, st.sampled_from(ActorKind), unit=maybe, role=maybe, claim=maybe, on_behalf_of=maybe)
metadata = st.builds(
    Metadata,
    actor=actors,
    channel=text,
    correlation=st.uuids(),
    causation=st.none() | st.uuids(),
    command=st.uuids(),
    digest=text,
    basis=st.none() | counts,
    program=text,
    source=st.none() | st.builds(Source, text, counts),
    departures=st.lists(text, max_size=4).map(tuple),
    client=maybe,
    address=maybe,
)


@given(metadata)
def test_metadata_reads_back_equal_and_its_bytes_are_canonical(told: Metadata) -> None:
    data = metadata_bytes(told)
    assert is_canonical(data)
    assert metadata_of(data) == told
    assert Metadata.kept(data, metadata_of) == told
    assert metadata_bytes(Metadata.kept(data, metadata_of)) == data


def test_what_is_not_there_takes_no_room_and_what_is_zero_or_empty_is_told_from_it() -> None:
    nobody = UUID(int=0)
    bare = Metadata(Actor("", ActorKind.SYSTEM), "", nobody, None, nobody, "", 0, "", None, ())
    assert metadata_bytes(bare) == (
        b'{"actor":{"kind":"system","name":""},"basis":0,"channel":"","command":"%b","correlation":"%b","digest":"",'
        b'"program":""}' % ((str(nobody).encode(),) * 2)
    )


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"null", b"[]", b"{}", b'{"actor":3}', b'{"actor":{"name":"x","kind":"ghost"}}', b'{"actor":null}'],
)
def test_metadata_that_cannot_be_read_is_named(data: bytes) -> None:
    with pytest.raises(UnreadableEvent, match="cannot be read"):
        metadata_of(data)


def test_metadata_may_have_4_kib_and_a_byte_more_is_refused_with_nothing_written(ledger: Ledger) -> None:
    def by(name: str) -> Actor:
        return Actor(name, ActorKind.PERSON)

    case = uuid4()
    (recorded,) = kept(ledger, case, actor=by("x"))
    room = METADATA_LIMIT_BYTES - len(metadata_bytes(recorded.metadata))
    with pytest.raises(TooLarge, match="The metadata has 4097 bytes; the ledger keeps 4096"):
        ledger.carry_out(submission(register(case), actor=by("x" * (room + 2))))
    assert ledger.head() == 2
    ledger.carry_out(submission(register(case), actor=by("x" * (room + 1))))
    assert ledger.history(case_stream(case))[1].metadata.actor == by("x" * (room + 1))


def kept(ledger: Ledger, case: UUID, actor: Actor) -> list[Recorded[Event]]:
    ledger.carry_out(submission(receive(case), actor=actor))
    return ledger.history(case_stream(case))


def test_the_whole_envelope_reads_back_as_it_was_handed_in(ledger: Ledger) -> None:
    case = uuid4()
    ledger.carry_out(submission(receive(case)))
    at = datetime(2026, 1, 5, 1, 30, 15, 123456, tzinfo=UTC)
    actor = Actor("grace 何", ActorKind.IMPORT, "北区客户服务处", "supervisor", "token sub=grace", "the branch")
    asked = submission(
        register(case, at=at).model_copy(update={"zone": "Asia/Shanghai"}),
        at=OPENED + timedelta(hours=1),
        actor=actor,
        channel="import",
        correlation=uuid4(),
        causation=uuid4(),
        source=Source("ab" * 32, 17),
        source_recorded_at=datetime(2025, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        client="desk",
        address="203.0.113.7",
    )
    accepted = ledger.carry_out(asked)
    recorded = ledger.history(case_stream(case))[1]
    told = recorded.metadata
    assert recorded[:10] == (
        "main", case_stream(case), 2, 3, OPENED + timedelta(hours=1), at, "Asia/Shanghai", Precision.INSTANT,
        asked.source_recorded_at, RegisterNumber("C2026", 1),
    )  # fmt: skip
    assert told == Metadata(
        actor, "import", asked.correlation or case, asked.causation, asked.command_id, told.digest, 2, PROGRAM,
        Source("ab" * 32, 17), (), "desk", "203.0.113.7",
    )  # fmt: skip
    assert len(bytes.fromhex(told.digest)) == 32
    assert (accepted.recorded_at, accepted.register()) == (recorded.recorded_at, recorded.register)


def test_a_submission_without_a_correlation_is_correlated_with_itself(ledger: Ledger) -> None:
    asked = submission(receive(uuid4()))
    ledger.carry_out(asked)
    told = ledger.since(1)[0].metadata
    assert (told.correlation, told.causation, told.actor) == (asked.command_id, None, CLERK)


@pytest.mark.parametrize("precision", Precision)
def test_when_it_occurred_keeps_its_instant_zone_and_precision(ledger: Ledger, precision: Precision) -> None:
    case = uuid4()
    in_beijing = datetime(2026, 1, 5, 8, 59, 59, 999999, tzinfo=timezone(timedelta(hours=8)))
    command = receive(case).model_copy(
        update={"at": in_beijing.astimezone(UTC), "zone": "Asia/Shanghai", "precision": precision}
    )
    ledger.carry_out(submission(command))
    (recorded,) = ledger.history(case_stream(case))
    assert recorded.occurred_at == in_beijing
    assert recorded.occurred_at.tzinfo is UTC
    assert (recorded.occurred_zone, recorded.occurred_precision) == ("Asia/Shanghai", precision)


def test_instants_come_back_in_utc_whatever_zone_the_database_speaks(ledger: Ledger, written: Database) -> None:
    ledger.carry_out(submission(receive(uuid4()), source_recorded_at=OPENED))
    with Database(f"{written.url} options='-c TimeZone=Asia/Kathmandu'") as abroad:
        for recorded in Ledger(abroad, MASTER, "main").since(0):
            instants = (recorded.recorded_at, recorded.occurred_at, recorded.source_recorded_at)
            assert {instant.utcoffset() for instant in instants if instant} == {timedelta()}


def test_departures_of_imported_history_are_marked_in_the_metadata(ledger: Ledger) -> None:
    case = uuid4()
    resolved = ResolveCase(at=OPENED, case_id=case, outcome=Outcome.UNSTATED)
    ledger.carry_out(submission(receive(case), resolved, imported=True))
    received, outcome = ledger.history(case_stream(case))
    assert received.metadata.departures == ()
    assert outcome.metadata.departures == ("not-registered", "outcome-unstated")


def test_every_event_can_be_read_by_people_with_psql(ledger: Ledger, written: Database) -> None:
    case = uuid4()
    ledger.carry_out(submission(receive(case, "三月份收了两次费 \x01 \\u0000"), register(case)))
    with pytest.raises(NotCanonical, match="The metadata holds a NUL character"):
        ledger.carry_out(submission(receive(uuid4()), actor=Actor("nul \0", ActorKind.PERSON)))
    rows = written.rows(
        "SELECT position, topic, register, data ->> 'kind', metadata #>> '{actor,name}' FROM ledger.readable"
    )
    assert rows == [
        (1, "book-opened.1", None, None, "installation"),
        (2, "case-received.1", None, "complaint", "grace"),
        (3, "case-registered.1", "C2026-000001", None, "grace"),
    ]


def test_two_books_keep_their_envelopes_apart(ledger: Ledger, written: Database) -> None:
    other, case = opened(written, "other"), uuid4()
    for book in (ledger, other):
        book.carry_out(submission(receive(case), register(case)))
    assert [recorded[:4] for book in (ledger, other) for recorded in book.history(case_stream(case))] == [
        ("main", case_stream(case), 1, 2),
        ("main", case_stream(case), 2, 3),
        ("other", case_stream(case), 1, 2),
        ("other", case_stream(case), 2, 3),
    ]
    assert {book.since(2)[0].register for book in (ledger, other)} == {RegisterNumber("C2026", 1)}
