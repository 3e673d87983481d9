from datetime import datetime, timedelta

from domain.case.commands import RegisterCase, SendResponse
from domain.case.vocabulary import ResponseKind
from domain.channel import Channel
from domain.sla.clock import State
from ledger.database import Database
from ledger.ledger import Ledger
from projections.compliance import report
from projections.compliance_question import Figure, Grouping, Question
from projections.deadlines import DUE, TimerFilter, of_streams, page
from projections.paging import Window
from projections.runner import Runner
from projections.sla_row import state_at
from tests.ledger.submissions import OPENED, case_stream
from tests.projections.books import case_id, received
from tests.projections.regulated import POLICY, promise, target, tell

DAY = timedelta(days=1)
TARGETS = [
    target("step", {"type": "elapsed", "amount": "P5D"}, "case-resolved", on_expiry="opens", opens="next"),
    target("next", {"type": "elapsed", "amount": "P9D"}, "response-sent"),
]


def test_what_was_done_before_its_clock_began_counts_as_kept_from_then_on_and_not_among_those_measured(
    ledger: Ledger, projected: Database
) -> None:
    promise(ledger, {**POLICY, "rules": [{"id": "all", "targets": ["step", "next"]}], "targets": TARGETS})
    tell(ledger, received(1, at=OPENED), RegisterCase(at=OPENED, case_id=case_id(1)), at=OPENED)
    answer = SendResponse(at=OPENED + DAY, case_id=case_id(1), kind=ResponseKind.FINAL, channel=Channel.EMAIL)
    tell(ledger, answer, at=OPENED + DAY)
    runner = Runner(ledger, projected)
    runner.prepare()
    runner.catch_up()
    timers = of_streams(ledger.database, "main", [stream := case_stream(case_id(1))])[stream]
    seen = ((2, State.RUNNING, State.NOT_STARTED), (6, State.LAPSED, State.MET), (20, State.LAPSED, State.MET))
    for days, step, following in seen:
        now = OPENED + days * DAY
        assert {timer.target: state_at(timer, now) for timer in timers} == {"step": step, "next": following}
        found = page(ledger.database, "main", Window(DUE, limit=9), TimerFilter(now, open=True)).rows
        opened = [timer.target for timer in found]
        assert opened == (["step", "next"] if following is State.NOT_STARTED else [])
        assert figures(ledger, now) == {"step": (0, 0, 0)} | ({} if days == 2 else {"next": (1, 1, 0)})


def figures(ledger: Ledger, now: datetime) -> dict[str | None, tuple[int, ...]]:
    """Of each target how many clocks were met, kept, and measured."""
    asked = Question(now, "Asia/Shanghai", groups=(Grouping.TARGET,))
    return {
        row.group[Grouping.TARGET]: tuple(
            row.figures.counts[each] for each in (Figure.MET, Figure.KEPT, Figure.MEASURED)
        )
        for row in report(ledger.database, "main", asked).rows
    }
