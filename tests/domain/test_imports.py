from uuid import UUID

import pytest
from pydantic import ValidationError

from domain.imports import IMPORT, FinishImport, Import, ImportFinished, ImportStarted, StartImport
from tests.domain.story import MONDAY, Story, folded, recorded

ID = UUID(int=1)

story = Story(IMPORT)
started = ImportStarted(
    file_name="incidents.csv",
    file_digest="ab" * 32,
    mapping="uci-incidents",
    mapping_digest="cd" * 32,
    zone="UTC",
    zone_assumed=True,
)
start = StartImport(
    at=MONDAY,
    import_id=ID,
    file_name="incidents.csv",
    file_digest="ab" * 32,
    mapping="uci-incidents",
    mapping_digest="cd" * 32,
    file_zone="UTC",
    zone_assumed=True,
)
finished = ImportFinished(rows=10, unchanged=2, rejected=1, cases=3, events=17)
finish = FinishImport(at=MONDAY, import_id=ID, rows=10, unchanged=2, rejected=1, cases=3, events=17)


def test_an_import_starts_and_finishes() -> None:
    story.when(start).then(started)
    story.given(started).when(finish).then(finished)


def test_the_same_file_read_again_adds_nothing_whatever_its_name() -> None:
    story.given(started, finished).when(start).then_nothing()
    story.given(started, finished).when(start.model_copy(update={"file_name": "copy.csv"})).then_nothing()
    story.given(started, finished).when(finish).then_nothing()


def test_another_file_is_another_import() -> None:
    other = start.model_copy(update={"file_digest": "ef" * 32})
    story.given(started).when(other).then_refused("IMPORT_ALREADY_STARTED", r"reading incidents\.csv")


def test_what_did_not_start_does_not_finish() -> None:
    story.when(finish).then_refused("UNKNOWN_IMPORT", "start it first")


def test_a_finished_import_does_not_come_to_other_counts() -> None:
    other = finish.model_copy(update={"events": 18})
    story.given(started, finished).when(other).then_refused("IMPORT_ALREADY_FINISHED", "17 events")


@pytest.mark.parametrize("digest", ["", "AB" * 32, "ab" * 31, "zz" * 32])
def test_a_file_is_named_by_its_whole_digest(digest: str) -> None:
    with pytest.raises(ValidationError, match="file_digest"):
        StartImport.model_validate({**start.model_dump(), "file_digest": digest})


def test_the_first_count_stays_and_a_count_without_a_start_leaves_nothing() -> None:
    other = finished.model_copy(update={"events": 18})
    assert folded(IMPORT, map(recorded, (finished, started, finished, other))) == Import(started, finished)
