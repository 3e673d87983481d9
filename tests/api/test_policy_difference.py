from api.policy_difference import Change, differences
from domain.sla.policy import PolicyDocument
from tests.domain.sla.documents import POLICY, policy

BEFORE = PolicyDocument.model_validate(POLICY)


def test_other_targets_of_a_rule_are_told_by_their_names() -> None:
    after = PolicyDocument.model_validate(policy(("rules.0.targets", ["reply"])))
    assert differences(BEFORE, after) == (Change("rules[pressing].targets", ["reply", "solve"], ["reply"]),)


def test_a_rule_that_is_for_obligations_by_now_is_told_so() -> None:
    after = PolicyDocument.model_validate(policy(("rules.0.when", {"obligation": ["task"]})))
    assert differences(BEFORE, after) == (
        Change("rules[pressing].when.kind", ["complaint"], []),
        Change("rules[pressing].when.priority", ["critical"], []),
        Change("rules[pressing].when.obligation", None, ["task"]),
    )
    assert differences(BEFORE, BEFORE) == ()
