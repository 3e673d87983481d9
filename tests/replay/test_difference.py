"""The difference of two points by itself, whatever fold the fields come from."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from domain.amending import ApproveAmendment, RequestVoid
from domain.case.commands import ClassifyCase, RegisterCase
from ledger.ledger import Ledger
from replay.as_of import AsOf, past_stream
from replay.difference import Place, Point, Standing, applied, difference, inverse, seen_in
from replay.reader import Reader
from tests.ledger.submissions import OPENED, case_stream, receive, submission
from tests.projections.books import case_id

DAY = timedelta(days=1)
CASE, STREAM = case_id(1), case_stream(case_id(1))


@pytest.fixture
def written(reader: Reader, ledger: Ledger) -> Reader:
    """A case that was classified twice, the second time by mistake."""
    for command in (
        receive(CASE, at=OPENED),
        RegisterCase(at=OPENED, case_id=CASE),
        ClassifyCase(at=OPENED + DAY, case_id=CASE, category="billing"),
        ClassifyCase(at=OPENED + 2 * DAY, case_id=CASE, category="broadband"),
    ):
        ledger.carry_out(submission(command, at=command.at))
    last = len(ledger.history(STREAM))
    at = OPENED + 5 * DAY
    void = RequestVoid(at=at, about=STREAM, version=last, reason="another case", requested_by="grace")
    approve = ApproveAmendment(at=at, about=STREAM, request=last + 1, approved_by="ada")
    ledger.carry_out(submission(void, at=at))
    ledger.carry_out(submission(approve, at=at))
    return reader


def point(reader: Reader, known: int, valid: timedelta) -> Point:
    """A point whose fields are how many events there are, and what the last one that counts said."""
    as_of = AsOf(known, OPENED + 9 * DAY, OPENED + valid)
    past = past_stream(reader.histories([STREAM], reader.head())[STREAM], as_of)
    events = {(seen.written.stream, seen.written.version): seen for seen in seen_in(past)}
    told = [place for place, seen in events.items() if seen.read is not None]
    fields: dict[str, Any] = {"events": len(told)} if told else {}
    touched: Mapping[str, list[Place]] = {"events": told, "last": told}
    if told and (read := events[told[-1]].read) is not None:
        fields["last"] = read.event.TOPIC + str(getattr(read.event, "category", ""))
    return Point(as_of, events, {}, fields, touched)


def test_whatever_the_fields_mean_a_difference_can_be_applied_and_turned_round(written: Reader) -> None:
    head = written.head()
    points = [point(written, known, days * DAY) for known in (1, head - 3, head - 2, head) for days in (-1, 0, 1, 2, 9)]
    differing = 0
    for before in points:
        for after in points:
            found = difference(before, after)
            assert applied(before.fields, found) == after.fields
            assert applied(after.fields, inverse(found)) == before.fields
            assert all(field.because for field in found.fields)
            assert found.is_nothing == (before.fields == after.fields and not found.events)
            differing += not found.is_nothing
    assert differing > 50


def test_what_adds_up_is_because_of_all_of_it_and_what_was_said_last_because_of_that(written: Reader) -> None:
    head = written.head()
    found = difference(point(written, head, 0 * DAY), point(written, head - 2, 9 * DAY))
    by_path = {field.path: [each.event.version for each in field.because] for field in found.fields}
    versions = [each.event.version for each in found.events]
    assert by_path == {"events": versions, "last": versions[-1:]}
    assert {each.before.standing for each in found.events} == {Standing.TO_COME}


def test_a_field_may_be_gone_on_either_side(written: Reader) -> None:
    nothing, something = point(written, 1, 9 * DAY), point(written, written.head(), 9 * DAY)
    assert nothing.fields == {}
    assert {each.after for each in difference(something, nothing).fields} == {None}
    assert applied(something.fields, difference(something, nothing)) == {}
