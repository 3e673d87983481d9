from typing import Any
from uuid import UUID

import pytest

from domain.attachment import AttachmentAdded
from domain.channel import Channel, Direction
from domain.personal import Personal
from domain.touchpoint import TOUCHPOINT, AttachToTouchpoint, RecordTouchpoint, TouchpointRecorded
from tests.domain.story import MONDAY, Story

CALL, WANG, CASE = UUID(int=1), UUID(int=2), UUID(int=3)

story = Story(TOUCHPOINT)
called = TouchpointRecorded(
    customer_id=WANG,
    case_id=None,
    channel=Channel.HOTLINE,
    direction=Direction.IN,
    medium_id="95598",
    staff="李四",
    unit="客户服务处",
    words=Personal[str].open(WANG, "又停电了"),
)
record = RecordTouchpoint(
    at=MONDAY,
    touchpoint_id=CALL,
    customer_id=WANG,
    channel=Channel.HOTLINE,
    direction=Direction.IN,
    medium_id="95598",
    staff="李四",
    unit="客户服务处",
    words=Personal[str].open(WANG, "又停电了"),
)


def test_a_call_is_recorded() -> None:
    story.when(record).then(called)


def test_the_same_call_is_recorded_once() -> None:
    story.given(called).when(record).then_nothing()


def test_a_recorded_call_does_not_become_a_letter() -> None:
    letter = record.model_copy(update={"channel": Channel.LETTER})
    story.given(called).when(letter).then_refused("TOUCHPOINT_ALREADY_RECORDED", "id of its own")


@pytest.mark.parametrize(
    ("customer", "case", "subject"),
    [(WANG, CASE, WANG), (None, CASE, CASE), (None, None, CALL)],
    ids=["the customer", "the case of an unknown customer", "the touchpoint of nobody known"],
)
def test_the_words_stand_under(customer: UUID | None, case: UUID | None, subject: UUID) -> None:
    words = Personal[str].open(subject, "又停电了")
    known = record.model_copy(update={"customer_id": customer, "case_id": case, "words": words})
    story.when(known).then(
        called.model_copy(update={"customer_id": customer, "case_id": case, "words": words}),
    )
    elsewhere = known.model_copy(update={"words": Personal[str].open(UUID(int=9), "又停电了")})
    story.when(elsewhere).then_refused("SUBJECT_MISMATCH", "somebody else")


def of(subject: UUID) -> dict[str, Any]:
    """What says of a photo whose it is."""
    return {"file_name": Personal[str].open(subject, "表计.jpg"), "digest": Personal[str].open(subject, "3c" * 32)}


PHOTO: dict[str, Any] = {
    "attachment_id": UUID(int=9),
    "direction": Direction.IN,
    "media_type": "image/jpeg",
    "byte_size": 7,
}
attach = AttachToTouchpoint(at=MONDAY, touchpoint_id=CALL, **PHOTO, **of(WANG))
photo = AttachmentAdded(**PHOTO, **of(WANG))


def test_what_was_handed_over_is_kept_with_the_touchpoint() -> None:
    story.given(called).when(attach).then(photo)


def test_the_same_file_again_is_no_second_one() -> None:
    story.given(called, photo).when(attach).then_nothing()


def test_another_file_takes_an_id_of_its_own() -> None:
    longer = attach.model_copy(update={"byte_size": 8})
    story.given(called, photo).when(longer).then_refused("RECORDED_OTHERWISE", "ask for a correction")


def test_a_file_falls_with_whom_the_touchpoint_is_about() -> None:
    of_another = attach.model_copy(update=of(CALL))
    story.given(called).when(of_another).then_refused("SUBJECT_MISMATCH", "upload it again")


def test_there_is_no_file_of_what_never_was() -> None:
    story.when(attach).then_refused("UNKNOWN_TOUCHPOINT", "record it first")


def test_a_file_before_its_touchpoint_leaves_nothing() -> None:
    story.given(photo).when(record).then(called)
