import os
from uuid import UUID

import pytest

from api.imports.errors import CannotGoOn
from api.imports.scratch import Marks, Notes, Queue, Shelf, mark_of
from domain.personal import Personal


def test_notes_are_kept_by_the_hundred_thousand_and_taken_back() -> None:
    notes = Notes()
    for nth in range(100_000):
        assert notes.note(mark_of(str(nth)), str(nth)) is None
    assert notes.note(mark_of("77"), "other") == "77"
    notes.renote(mark_of("77"), "other")
    notes.forget(mark_of("78"))
    assert [notes.under(mark_of(name)) for name in ("77", "78", "99999", "100000")] == ["other", None, "99999", None]


def test_marks_are_counted_once_each() -> None:
    marks = Marks()
    assert mark_of("a") not in marks
    for nth in range(20_000):
        marks.add(mark_of(str(nth % 7_000)))
    assert (len(marks), mark_of("6999") in marks, mark_of("7000") in marks) == (7_000, True, False)


def test_a_queue_brings_groups_together_or_all_into_the_order_of_their_times() -> None:
    def filled() -> Queue:
        queue = Queue()
        for group, at, thing in ((b"b", 5, "b5"), (b"a", 3, "a3"), (b"b", 4, "b4"), (b"a", 9, "a9"), (b"b", 5, "b5'")):
            queue.put(group, at, thing)
        return queue

    assert list(filled().together()) == ["b4", "b5", "b5'", "a3", "a9"]
    assert list(filled().by_time()) == ["a3", "b5", "b4", "b5'", "a9"]


def test_a_shelf_gives_things_back_with_their_personal_values() -> None:
    shelf = Shelf()
    words = Personal[str].open(UUID(int=1), "三月份收了两次费")
    shelf.put([("case", (words, 7))])
    shelf.clear()
    assert shelf.get("case") == (words, 7)
    assert shelf.get("other") is None


def test_a_full_disk_is_told_in_words() -> None:
    queue = Queue()
    queue.scratch.run("PRAGMA max_page_count = 64")  # as if there were no more room
    with pytest.raises(CannotGoOn, match="The temporary file of the import cannot be used: database or disk is full"):
        fill(queue)


def fill(queue: Queue) -> None:
    for nth in range(100_000):
        queue.put(b"g", nth, os.urandom(200))
