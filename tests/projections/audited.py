"""People whose steps an audit trail shows, and how it is read."""

from datetime import timedelta
from typing import Any

from domain.envelope import Actor, ActorKind
from domain.event import Command
from ledger.database import Database
from ledger.ledger import Ledger
from projections import audit_trail
from projections.audit_trail import AuditEntry, AuditFilter
from projections.paging import Window
from tests.ledger.submissions import submission
from tests.projections.books import case_id

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WANG = Actor("王芳", ActorKind.PERSON, unit="北京分部", role="agent", claim="badge 7", on_behalf_of="冯小明")
LI = Actor("Director Li", ActorKind.PERSON, role="supervisor")
CASE = case_id(900)


def say(ledger: Ledger, *commands: Command, by: Actor = WANG, late: timedelta = timedelta(), **rest: Any) -> None:
    """Has commands carried out, recorded so long after they occurred."""
    at = max(command.at for command in commands)
    ledger.carry_out(submission(*commands, at=at + late, actor=by, **rest))


def trail(database: Database, book: str = "main", **where: Any) -> list[AuditEntry]:
    return audit_trail.page(database, book, Window(audit_trail.POSITION, limit=10_000), AuditFilter(**where)).rows
