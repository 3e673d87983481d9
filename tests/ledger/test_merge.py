from uuid import UUID, uuid4

import pytest
from typing_extensions import override

from domain.amending import ApproveAmendment, RequestVoid
from domain.case.events import CaseReceived
from domain.case.relations import CaseAbsorbed, CaseMerged, MergeCase
from domain.case.state import Case, Status
from domain.envelope import Submission
from domain.event import Refused
from ledger.append import LeftOut, Write, Written
from ledger.database import Database
from ledger.errors import StreamMoved
from ledger.ledger import Ledger
from tests import conftest
from tests.ledger.submissions import MASTER, OPENED, case_stream, classify, receive, submission


@pytest.fixture
def cases(ledger: Ledger) -> tuple[UUID, UUID, UUID]:
    """Three cases, at positions 2 to 4."""
    one, two, three = uuid4(), uuid4(), uuid4()
    ledger.carry_out(submission(receive(one), receive(two), receive(three)))
    return one, two, three


def merge(case_id: UUID, into: UUID) -> MergeCase:
    return MergeCase(at=OPENED, case_id=case_id, into=into)


def state(ledger: Ledger, case_id: UUID) -> Case:
    case = ledger.tips([case_stream(case_id)])[case_stream(case_id)].state
    assert isinstance(case, Case)
    return case


def test_a_merge_writes_both_cases_at_once(ledger: Ledger, cases: tuple[UUID, UUID, UUID]) -> None:
    one, two, _ = cases
    assert ledger.carry_out(submission(merge(one, two))).position == 6
    assert [(each.stream, each.version, each.event) for each in ledger.since(4)] == [
        (case_stream(one), 2, CaseMerged(into=two)),
        (case_stream(two), 2, CaseAbsorbed(case_id=one)),
    ]
    assert len({each.metadata.command for each in ledger.since(4)}) == 1
    assert (state(ledger, one).status, state(ledger, two).rare.relations.absorbed) == (Status.MERGED, (one,))


def test_cases_are_merged_one_after_the_other_in_one_submission(ledger: Ledger, cases: tuple[UUID, UUID, UUID]) -> None:
    one, two, three = cases
    ledger.carry_out(submission(merge(one, three), merge(two, three)))
    assert state(ledger, three).rare.relations.absorbed == (one, two)


def test_a_merge_that_goes_round_is_refused_whole(ledger: Ledger, cases: tuple[UUID, UUID, UUID]) -> None:
    one, two, three = cases
    ledger.carry_out(submission(merge(one, two)))
    ledger.carry_out(submission(merge(two, three)))
    for into, code in ((one, "MERGES_IN_A_CIRCLE"), (two, "MERGES_IN_A_CIRCLE"), (uuid4(), "SURVIVOR_UNKNOWN")):
        with pytest.raises(Refused) as answer:
            ledger.carry_out(submission(merge(three, into)))
        assert answer.value.code == code
    assert ledger.head() == 8


def test_in_one_submission_too_a_merge_does_not_lead_back(ledger: Ledger, cases: tuple[UUID, UUID, UUID]) -> None:
    one, two, _ = cases
    with pytest.raises(Refused) as answer:
        ledger.carry_out(submission(merge(one, two), merge(two, one)))
    assert answer.value.code == "MERGES_IN_A_CIRCLE"
    assert ledger.head() == 4


def test_a_merge_that_was_taken_back_does_not_come_back_once_the_other_way_round_was_gone(
    ledger: Ledger, cases: tuple[UUID, UUID, UUID]
) -> None:
    one, two, _ = cases
    stream = case_stream(one)

    def take_back(version: int) -> Submission:
        request = RequestVoid(at=OPENED, about=stream, version=version, reason="mistaken", requested_by="Chen")
        approval = ApproveAmendment(at=OPENED, about=stream, request=len(ledger.history(stream)) + 1, approved_by="Li")
        return submission(request, approval)

    ledger.carry_out(submission(merge(one, two)))
    ledger.carry_out(take_back(2))
    ledger.carry_out(submission(merge(two, one)))
    with pytest.raises(Refused, match="lead back to itself") as answer:
        ledger.carry_out(take_back(4))
    assert answer.value.code == "NO_LONGER_FOLDS"
    assert state(ledger, one).rare.relations.merged_into is None


class Overtaken(Database):
    """A database in which somebody is faster at another case, just before this program's first write."""

    faster: list[UUID]
    ledger: Ledger

    @override
    def write(self, book: str, write: Write) -> Written | LeftOut:
        while self.faster:
            self.ledger.carry_out(submission(classify(self.faster.pop(), "faster")))
        return super().write(book, write)


def test_when_the_survivor_moves_meanwhile_neither_half_is_written_until_both_are(
    ledger: Ledger, cases: tuple[UUID, UUID, UUID], database: conftest.Database
) -> None:
    one, two, _ = cases
    with Overtaken(database.writer_url) as overtaken:
        overtaken.ledger, overtaken.faster = ledger, [two]
        Ledger(overtaken, MASTER).carry_out(submission(merge(one, two)))
    versions = {each.stream: each.version for each in ledger.since(5)}
    assert versions == {case_stream(one): 2, case_stream(two): 3}


def test_a_survivor_whose_version_the_asker_named_and_that_has_moved_holds_back_both_halves(
    ledger: Ledger, cases: tuple[UUID, UUID, UUID]
) -> None:
    one, two, _ = cases
    ledger.carry_out(submission(classify(two, "faster")))
    with pytest.raises(StreamMoved):
        ledger.carry_out(submission(merge(one, two), expected=((case_stream(two), 1),)))
    assert [type(each.event) for each in ledger.history(case_stream(one))] == [CaseReceived]
