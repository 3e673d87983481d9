"""What a what-if makes of a case whose promise was corrected, or given by hand some time after its registration."""

from domain.amendment import CorrectionRequested, EventCorrected, Replacement
from domain.case.events import CasePrioritised, CaseResolved
from domain.case.promise import Terms
from domain.case.terms import PolicyReassigned, PolicyReassignmentRequested, TermsAssigned
from domain.case.vocabulary import Outcome, Priority
from domain.correction import applied
from domain.sla.policy import PolicyDocument
from replay.flip_reasons import ReasonKind
from replay.flips import Compared, FlipKind, compared
from replay.hypothesis import Hypothesis
from replay.hypothetical_terms import Subject
from tests.domain.sla.history import Case, instant, made, policy, target
from tests.replay.supposing import EVENING, book, standards, told, under, what_if

RESOLVED = made(CaseResolved, outcome=Outcome.SOLVED)
SERVICE = policy(target())
"""Eight hours of working time, nine to five."""
STRICT = policy(target({"type": "working_time", "amount": "PT4H"}), name="strict", regime="strict")
LAW = policy(target(id="law"), name="law", regime="law")


def terms(document: PolicyDocument, rule: str = "all") -> Terms:
    return Terms(policy=document.name, policy_version=1, rule=rule, ground=(), dues=())


def compare(case: Case, hypothesis: Hypothesis, *policies: PolicyDocument) -> Compared:
    kept = book(*policies)
    subject = Subject(case.stream, tuple(case.told), tuple(applied(case.told)))
    return compared(subject, standards(kept), under(hypothesis, kept), instant(EVENING))


def by_hand(case: Case, document: PolicyDocument, rule: str = "all") -> Case:
    """Reassigned to a policy, asked for and approved."""
    asked = PolicyReassignmentRequested(policy=document.name, policy_version=1, reason="law", requested_by="Liu")
    case.then("2026-03-02 09:10", asked)
    approved = PolicyReassigned(request=len(case.told), terms=(terms(document, rule),), zone_data="test",
                                engine=1, reason="law", requested_by="Liu", approved_by="Chen")  # fmt: skip
    return case.then("2026-03-02 09:20", approved)


def test_terms_that_were_corrected_are_compared_as_they_are_read_by_now() -> None:
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:05", SERVICE, STRICT)
    case.then("2026-03-02 15:00", RESOLVED)
    replacement = Replacement.of(TermsAssigned(terms=(terms(SERVICE),), zone_data="test", engine=1))
    case.then("2026-03-03 09:00", CorrectionRequested, version=3, replacement=replacement, reason="no such duty",
              requested_by="Liu")  # fmt: skip
    case.then("2026-03-03 09:05", EventCorrected, version=3, request=len(case.told), approved_by="Chen")
    assert told(compare(case, Hypothesis(policy=LAW), SERVICE, STRICT)) == [
        ("law", FlipKind.APPEARS, [ReasonKind.POLICY])
    ]


def test_a_case_without_terms_that_was_reassigned_by_hand_would_have_been_promised_the_rest_at_its_registration() -> (
    None
):
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:05")
    case.told.pop()
    by_hand(case, STRICT).then("2026-03-02 15:00", RESOLVED)
    found = what_if(case, Hypothesis(policy=LAW), STRICT)
    assert told(found) == [("law", FlipKind.APPEARS, [ReasonKind.POLICY])]
    assert what_if(case, Hypothesis(policy=STRICT), STRICT).flips == ()


def test_a_reassignment_to_the_policy_that_is_replaced_chooses_by_what_the_case_was_when_it_was_reassigned() -> None:
    rules = [
        {"id": "pressing", "when": {"priority": ["critical"]}, "targets": ["quick"]},
        {"id": "rest", "targets": ["resolution"]},
    ]
    quick = target({"type": "working_time", "amount": "PT2H"}, id="quick")
    tiered = policy(target(), quick, name="tiered", rank=200, rules=rules)
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:05", SERVICE)
    case.then("2026-03-02 09:08", CasePrioritised, priority=Priority.CRITICAL)
    by_hand(case, tiered, "pressing").then("2026-03-02 15:00", RESOLVED)
    assert what_if(case, Hypothesis(policy=tiered), SERVICE, tiered).flips == ()
