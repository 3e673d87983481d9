"""A demo's book in which more is recorded step by step, and what every view shows before and after each step."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid5

from api.demo.group import ZONE
from api.demo.year import Year
from api.workspace import Workspace
from domain.amending import ApproveAmendment, DeclineAmendment, RequestCorrection, RequestVoid
from domain.amendment import Occurrence, Replacement
from domain.envelope import Actor, ActorKind, Submission
from domain.event import Command, Event, Precision
from projections.reckoning import Reckoning
from projections.registry import PROJECTIONS
from projections.view import View
from tests.api.demo.by_hand import BY_HAND, plain
from tests.api.demo.raw import told

CLERK, CHIEF = Actor("王芳", ActorKind.PERSON, role="agent"), Actor("李主任", ActorKind.PERSON, role="supervisor")

FOLDED = [view for view in PROJECTIONS if not isinstance(view, Reckoning)]
"""What is worked out by the engine of clocks is compared elsewhere: a second engine would be another opinion."""
Rows = dict[str, dict[tuple[Any, ...], dict[str, Any]]]
"""The rows of every view by its name, and there by what identifies them."""
Changed = dict[str, dict[tuple[Any, ...], dict[str, tuple[Any, Any]]]]
"""What became of the columns of rows, before and after; a row that is new, or gone, has nothing on one side."""


class Step(NamedTuple):
    """What one thing that was recorded changed."""

    shown: Rows
    """What the views show after it."""
    by_hand: Rows
    """What they are to show."""
    changed: Changed


class Book:
    """The demo's book with what is recorded in it afterwards, one step after the other."""

    def __init__(self, workspace: Workspace, year: Year) -> None:
        self.workspace = workspace
        self.ledger = workspace.ledger
        self.now = year.end + timedelta(days=1)
        self.steps: dict[str, Step] = {}
        self._namespace = year.namespace

    def tell(self, actor: Actor, *commands: Command) -> None:
        """Has commands carried out a minute after what was told last."""
        self.now += timedelta(minutes=1)
        command_id = uuid5(self._namespace, str(self.now))
        self.ledger.carry_out(Submission(command_id, commands, actor, "test", said_at=self.now))

    def correct(self, stream: str, version: int, event: Event, at: datetime | None = None) -> int:
        """Asks for a correction, and gives back the version of the request."""
        when = Occurrence(at=at, zone=ZONE, precision=Precision.INSTANT) if at else None
        return self._ask(
            RequestCorrection(
                at=self.now, about=stream, version=version, replacement=Replacement.of(event), occurrence=when,
                reason="as the paper has it", requested_by=CLERK.name,
            )
        )  # fmt: skip

    def corrected(self, stream: str, version: int, event: Event, at: datetime | None = None) -> int:
        """Has an event read otherwise, and gives back the version of the correction."""
        return self._approve(stream, self.correct(stream, version, event, at))

    def voided(self, stream: str, version: int) -> int:
        """Has an event count no longer, and gives back the version of the void."""
        asked = RequestVoid(at=self.now, about=stream, version=version, reason="entered twice", requested_by=CLERK.name)
        return self._approve(stream, self._ask(asked))

    def decline(self, stream: str, request: int) -> None:
        """Has a request turned down."""
        why, by = "the record is right", CHIEF.name
        self.tell(CHIEF, DeclineAmendment(at=self.now, about=stream, request=request, reason=why, declined_by=by))

    def _ask(self, request: RequestCorrection | RequestVoid) -> int:
        self.tell(CLERK, request)
        return len(self.ledger.history(request.about))

    def _approve(self, stream: str, request: int) -> int:
        self.tell(CHIEF, ApproveAmendment(at=self.now, about=stream, request=request, approved_by=CHIEF.name))
        return len(self.ledger.history(stream))

    def look(self, name: str) -> None:
        """Notes what every view shows by now, and what it is to show."""
        self.workspace.runner.catch_up()
        before = next(reversed(self.steps.values())).shown if self.steps else {}
        after = self.shown()
        self.steps[name] = Step(after, self.by_hand(), differences(before, after))

    def shown(self) -> Rows:
        return {view.name: keyed(view, self._rows(view)) for view in FOLDED}

    def by_hand(self) -> Rows:
        book = told(self.ledger.database, self.ledger.book)
        return {view.name: keyed(view, list(BY_HAND[view.name](book))) for view in FOLDED}

    def _rows(self, view: View[Any]) -> list[dict[str, Any]]:
        query = view.query("SELECT {columns} FROM {table} WHERE book = %(book)s")
        rows = self.ledger.database.rows(query, {"book": self.ledger.book})
        return [dict(zip(view.columns, row, strict=True)) for row in rows]


def keyed(view: View[Any], rows: list[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    found = {tuple(plain(row[column]) for column in view.identity): plain(row) for row in rows}
    assert len(found) == len(rows)
    return found


def differences(before: Rows, after: Rows) -> Changed:
    """The columns that are other than they were, row by row; views and rows without any are left out."""
    found: Changed = {}
    for view, rows in after.items():
        old = before.get(view, {})
        for key in {**old, **rows}:
            was, is_ = old.get(key, {}), rows.get(key, {})
            changed = {
                name: (was.get(name), is_.get(name)) for name in {**was, **is_} if was.get(name) != is_.get(name)
            }
            if changed:
                found.setdefault(view, {})[key] = changed
    return found
