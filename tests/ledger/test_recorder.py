"""The eventsourcing library's published cases for recorders and factories, on the ledger's own.

An adapter stands between them, since these cases write versions from 0 and ids that are bare UUIDs. Not run, because
there is nothing of the kind:

- AggregateRecorderTestCase and ProcessRecorderTestCase: no snapshots, which would hold personal values in the clear,
  and no tracking beside the events. TrackingRecorderTestCase: projections keep their own cursors. The factory refuses
  each by name, and the tests below hold it to that.
- test_mapper_with_* of InfrastructureFactoryTestCase: they try the library's compressor and its cipher, which has one
  key for everything; the ledger's own mapper takes neither, and no factory makes it.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    IntegrityError,
    JSONTranscoder,
    Notification,
    ProcessRecorder,
    ProgrammingError,
    StoredEvent,
    Subscription,
    TrackingRecorder,
)
from eventsourcing.tests.persistence import (
    ApplicationRecorderTestCase,
    InfrastructureFactoryTestCase,
    NonInterleavingNotificationIDsBaseCase,
)
from eventsourcing.utils import Environment
from typing_extensions import override

from domain.case.events import CaseReceived
from ledger.codec import Codec
from ledger.database import Database
from ledger.ledger import Ledger
from ledger.recorder import LedgerFactory, LedgerMapper, LedgerRecorder, StoredEnvelope
from tests import conftest
from tests.ledger.submissions import MASTER, case_stream, opened, receive, submission


class LibraryCaller(LedgerRecorder):
    """The recorder as the library's cases call it: versions from 0, UUIDs, and positions without the genesis."""

    @override
    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        ours = [replace(event, originator_version=event.originator_version + 1) for event in stored_events]
        return super().insert_events(ours, **kwargs)

    @override
    def select_events(self, originator_id: UUID | str, **kwargs: Any) -> Sequence[StoredEvent]:
        return [theirs(event) for event in super().select_events(originator_id, **kwargs)]

    @override
    def select_notifications(self, *args: Any, **kwargs: Any) -> Sequence[Notification]:
        return [theirs(event) for event in super().select_notifications(*args, **kwargs)]


def theirs(event: Any) -> Any:
    return replace(event, originator_id=UUID(event.originator_id), originator_version=event.originator_version - 1)


@pytest.fixture
def recorder(empty_book: Database) -> LibraryCaller:
    return LibraryCaller(empty_book, "empty")


@pytest.fixture
def empty_book(written: Database) -> Database:
    """A database with a book that has not even a genesis, since the library's cases count positions from 1."""
    written.rows("SELECT ledger.open_book('empty', 'simulated', 'UTC', now())")
    return written


class PublishedCases(ApplicationRecorderTestCase[LibraryCaller]):
    """The library's cases, called by the tests below with a recorder on the test's own database."""

    INITIAL_VERSION = 0
    recorder: LibraryCaller

    @override
    def create_recorder(self) -> LibraryCaller:
        return self.recorder


class PublishedInterleavingCase(NonInterleavingNotificationIDsBaseCase):
    recorder: LibraryCaller

    @override
    def create_recorder(self) -> ApplicationRecorder:
        return self.recorder


class PublishedFactoryCases(InfrastructureFactoryTestCase[LedgerFactory]):
    @override
    def expected_factory_class(self) -> type[LedgerFactory]:
        return LedgerFactory

    @override
    def expected_application_recorder_class(self) -> type[ApplicationRecorder]:
        return LedgerRecorder

    @override
    def expected_aggregate_recorder_class(self) -> type[AggregateRecorder]:
        raise NotImplementedError

    @override
    def expected_tracking_recorder_class(self) -> type[TrackingRecorder]:
        raise NotImplementedError

    @override
    def tracking_recorder_subclass(self) -> type[TrackingRecorder]:
        raise NotImplementedError

    @override
    def expected_process_recorder_class(self) -> type[ProcessRecorder]:
        raise NotImplementedError


for case in (PublishedCases, PublishedInterleavingCase, PublishedFactoryCases):
    case.__test__ = False  # type: ignore[union-attr]  # pytest would collect them once more, without a database


@pytest.mark.parametrize(
    "name",
    [
        "test_insert_select",
        "test_performance",
        "test_concurrent_no_conflicts",
        "test_concurrent_throughput",
        "optional_test_insert_subscribe",
    ],
)
def test_the_librarys_cases_for_application_recorders_pass(recorder: LibraryCaller, name: str) -> None:
    case = PublishedCases(name)
    case.recorder = recorder
    getattr(case, name)()


def test_the_librarys_case_for_positions_that_do_not_interleave_passes(recorder: LibraryCaller) -> None:
    case = PublishedInterleavingCase("test")
    case.recorder = recorder
    case.test()


@pytest.mark.parametrize("name", ["test_mapper", "test_create_application_recorder"])
def test_the_librarys_cases_for_factories_pass_as_far_as_they_apply(environment: dict[str, str], name: str) -> None:
    case = PublishedFactoryCases(name)
    case.env = Environment(env=environment)
    case.setUp()
    getattr(case, name)()
    case.tearDown()


def test_many_writers_at_once_leave_no_gap(recorder: LibraryCaller) -> None:
    def insert(_: int) -> list[int]:
        stream = uuid4()
        return list(recorder.insert_events([StoredEvent(stream, n, "topic", b"state") for n in range(100)]) or ())

    with ThreadPoolExecutor(10) as threads:
        given = list(threads.map(insert, range(100)))
    assert sorted(position for positions in given for position in positions) == list(range(1, 10_001))
    assert all(positions == list(range(positions[0], positions[0] + 100)) for positions in given)
    assert recorder.max_notification_id() == 10_000


# What the library's cases leave open ----------------------------------------------------------------------------------


def test_events_are_selected_between_versions_in_either_order_and_up_to_a_limit(recorder: LibraryCaller) -> None:
    stream = uuid4()
    recorder.insert_events([StoredEvent(stream, n, "topic", b"%d" % n) for n in range(10)])
    plain = LedgerRecorder(recorder.database, "empty")

    def versions(**asked: Any) -> list[int]:
        return [event.originator_version for event in plain.select_events(stream, **asked)]

    assert versions() == list(range(1, 11))
    assert versions(gt=3, lte=6) == [4, 5, 6]
    assert versions(gt=3, limit=2) == [4, 5]
    assert versions(desc=True, limit=3) == [10, 9, 8]
    assert versions(gt=2, lte=8, desc=True, limit=2) == [8, 7]
    assert versions(gt=10) == versions(lte=0) == []


def test_no_events_are_written_without_a_trace(recorder: LibraryCaller) -> None:
    assert recorder.insert_events([]) == []
    assert recorder.max_notification_id() is None


def test_a_conflict_leaves_nothing_of_its_events_behind(recorder: LibraryCaller) -> None:
    first, second = uuid4(), uuid4()
    recorder.insert_events([StoredEvent(first, 0, "topic", b"state")])
    with pytest.raises(IntegrityError):
        recorder.insert_events([StoredEvent(second, 0, "topic", b"state"), StoredEvent(first, 0, "topic", b"state")])
    with pytest.raises(IntegrityError):
        recorder.insert_events([StoredEvent(second, 1, "topic", b"state")])
    assert (recorder.select_events(second), recorder.max_notification_id()) == ([], 1)


def test_a_stored_event_of_the_ledger_has_its_whole_envelope(ledger: Ledger) -> None:
    case = uuid4()
    ledger.carry_out(submission(receive(case, "三月份收了两次费")))
    (kept,) = ledger.recorder.select_events(case_stream(case))
    assert isinstance(kept, StoredEnvelope)
    (recorded,) = ledger.history(case_stream(case))
    assert (kept.id, kept.occurred_at, kept.recorded_at, kept.topic) == (
        (2, recorded.occurred_at, recorded.recorded_at, "case-received.1")
    )
    read: list[object] = list(ledger.events.get(case_stream(case)))
    assert read == [recorded]
    assert isinstance(recorded.event, CaseReceived)


def test_the_librarys_mapper_reads_and_does_not_write(ledger: Ledger) -> None:
    mapper = LedgerMapper(Codec(), "main")
    with pytest.raises(ProgrammingError, match=r"through Ledger\.carry_out only"):
        mapper.to_stored_event(ledger.since(0)[0])


# The persistence module -----------------------------------------------------------------------------------------------


@pytest.fixture
def environment(database: conftest.Database, ledger: Ledger) -> dict[str, str]:
    return {"PERSISTENCE_MODULE": "ledger.recorder", "DAYBOOK_DATABASE_URL": database.writer_url}


@pytest.fixture
def factory(environment: dict[str, str]) -> Iterator[InfrastructureFactory[Any]]:
    constructed: InfrastructureFactory[Any] = InfrastructureFactory.construct(environment)
    yield constructed
    constructed.close()


def test_the_persistence_module_is_constructed_by_name(factory: InfrastructureFactory[Any]) -> None:
    assert type(factory) is LedgerFactory
    recorder = factory.application_recorder()
    assert type(recorder) is LedgerRecorder
    assert isinstance(recorder, ApplicationRecorder)
    assert recorder.max_notification_id() == 1
    assert factory.mapper(JSONTranscoder()) is not None


def test_the_persistence_module_reads_the_book_that_the_environment_names(
    environment: dict[str, str], ledger: Ledger
) -> None:
    opened(ledger.database, "other")
    ledger.carry_out(submission(receive(uuid4())))
    for book, head in (("main", 2), ("other", 1)):
        factory: InfrastructureFactory[Any] = InfrastructureFactory.construct({**environment, "DAYBOOK_BOOK": book})
        assert factory.application_recorder().max_notification_id() == head
        factory.close()


def test_the_persistence_module_asks_for_a_database() -> None:
    with pytest.raises(ProgrammingError, match="DAYBOOK_DATABASE_URL names no database"):
        InfrastructureFactory.construct({"PERSISTENCE_MODULE": "ledger.recorder"})


@pytest.mark.parametrize("made", ["aggregate_recorder", "tracking_recorder", "process_recorder"])
def test_what_the_ledger_does_without_is_refused_by_name(factory: InfrastructureFactory[Any], made: str) -> None:
    with pytest.raises(ProgrammingError, match=r"The ledger keeps no|The ledger's projections keep their own cursors"):
        getattr(factory, made)()


def test_any_application_of_the_library_can_keep_its_events_here(environment: dict[str, str], ledger: Ledger) -> None:
    application: Application[UUID] = Application(environment)
    stream = uuid4()
    application.recorder.insert_events([StoredEvent(stream, 1, "topic", b"{}")])
    assert [notification.id for notification in application.recorder.select_notifications(None, 10)] == [1, 2]
    application.close()
    assert ledger.head() == 2


def test_a_ledger_does_not_close_the_database_it_was_handed(ledger: Ledger) -> None:
    Ledger(ledger.database, MASTER, "main").close()
    assert ledger.carry_out(submission(receive(uuid4()))).position == 2


def test_a_subscription_hears_only_the_topics_it_asked_for(ledger: Ledger) -> None:
    subscription: Subscription[ApplicationRecorder] = ledger.recorder.subscribe(gt=0, topics=["case-received.1"])
    with subscription:
        ledger.carry_out(submission(receive(uuid4())))
        assert next(subscription).topic == "case-received.1"
