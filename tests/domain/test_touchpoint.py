from uuid import UUID

import pytest

from domain.channel import Channel, Direction
from domain.personal import Personal
from domain.touchpoint import TOUCHPOINT, RecordTouchpoint, TouchpointRecorded
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
