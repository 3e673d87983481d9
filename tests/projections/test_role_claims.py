"""In which roles people acted, as they claimed them when they did."""

from domain.case.commands import RegisterCase
from domain.envelope import Actor, ActorKind
from ledger.database import Database
from ledger.ledger import Ledger
from projections.role_claims import ClaimFilter, RoleClaim, role_claims
from projections.runner import Runner
from tests.ledger.submissions import OPENED
from tests.projections.audited import CASE, DAY, HOUR, LI, WANG, say
from tests.projections.books import received

NOBODY = Actor("王芳", ActorKind.PERSON)


def test_a_role_is_told_with_its_claim_and_from_when_to_when_somebody_acted_in_it(
    ledger: Ledger, auditor: Runner, written: Database
) -> None:
    say(ledger, received(900), by=WANG)
    say(ledger, received(901, OPENED + HOUR), by=WANG)
    say(ledger, RegisterCase(at=OPENED + DAY, case_id=CASE), by=LI)
    say(ledger, received(902, OPENED + 2 * DAY), by=NOBODY)
    auditor.catch_up()

    def found(at: int, **where: object) -> list[RoleClaim]:
        rows = role_claims(written, "main", OPENED + at * HOUR, ClaimFilter(**where))  # type: ignore[arg-type]
        return [each for each in rows if each.actor_kind is ActorKind.PERSON and each.actor != "grace"]

    agent = RoleClaim(
        "王芳", ActorKind.PERSON, "agent", "北京分部", "badge 7", OPENED, OPENED + HOUR, events=2, last_position=3
    )
    supervisor = RoleClaim(
        "Director Li", ActorKind.PERSON, "supervisor", None, None, OPENED + DAY, OPENED + DAY, events=1, last_position=4
    )
    unclaimed = RoleClaim(
        "王芳", ActorKind.PERSON, None, None, None, OPENED + 2 * DAY, OPENED + 2 * DAY, events=1, last_position=5
    )
    assert found(0) == [agent._replace(last_at=OPENED, events=1, last_position=2)]
    assert found(12) == [agent]
    assert found(100) == [supervisor, agent, unclaimed]
    assert found(100, upto=4) == [supervisor, agent]
    assert found(100, role="agent") == found(100, unit="北京分部") == [agent]
    assert found(100, actor="王芳", recorded_from=OPENED + HOUR) == [
        agent._replace(first_at=OPENED + HOUR, events=1), unclaimed,
    ]  # fmt: skip
    assert found(100, actor="nobody") == []


def test_no_more_roles_are_read_than_are_asked_for(ledger: Ledger, auditor: Runner, written: Database) -> None:
    say(ledger, received(900), by=WANG)
    say(ledger, received(901), by=LI)
    auditor.catch_up()
    assert [each.actor for each in role_claims(written, "main", OPENED, limit=1)] == ["Director Li"]
