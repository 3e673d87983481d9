"""Where to look in the demo: a few questions to ask of it, ready to be pasted."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from api.demo.group import BOOK
from domain.case.events import CaseReopened
from domain.case.extension import ExtensionApproved
from domain.event import Event
from ledger.ledger import Ledger

COMPLAINTS = """
{
  cases(first: 5, filter: {kind: COMPLAINT}, orderBy: {field: RECEIVED_AT, direction: DESC}) {
    nodes { number status unit receivedAt customer { name { value } tier } words { value } }
  }
}
""".strip()
ONE_HISTORY = """
{
  case(number: "%(number)s") {
    number kind status outcome counts { reopens transfers }
    history(first: 50) { nodes { position topic occurredAt recordedAt actor { name unit } } }
  }
}
""".strip()
ONE_CUSTOMER = """
{
  case(number: "%(number)s") {
    customer {
      name { value } tier manager
      timeline(first: 20) {
        nodes {
          __typename occurredAt channel staff case { number } words { value }
          ... on AnswerItem { answerKind }
          ... on ResolutionItem { outcome }
          ... on GenericEvent { kind term }
        }
      }
    }
  }
}
""".strip()
ITS_CLOCKS = """
{
  case(number: "%(number)s") {
    clocks {
      title { zh en } statutory state dueAt dueOn verdicts { whenDue now }
      extensions { step late } explanation { zh en }
    }
  }
}
""".strip()
REPORT = """
{
  complianceReport(groupBy: [TARGET]) {
    rows {
      duty title { zh en }
      figures { clocks met metLate overdue keptShare { met total } keptShareWhenDue { met total } revised keptOnLate }
    }
  }
}
""".strip()
PUT_RIGHT = """
{
  auditTrail(filter: {topic: ["event-corrected.1", "event-voided.1"]}, first: 5) {
    nodes { position event { topic recordedAt } requestedBy decidedBy changes { field before after } }
  }
  overrides(first: 12) { actor total counts { kind events } }
}
""".strip()
# The number of the case in whose stream such an event stands last; the demo's book is small enough to be read through.
LAST_WITH = """
SELECT r.register_series || '-' || lpad(r.register_number::text, 6, '0')
FROM ledger.event e
JOIN ledger.event r ON r.book = %(book)s AND r.stream = e.stream AND r.register_series IS NOT NULL
WHERE e.book = %(book)s AND e.topic = %(topic)s
ORDER BY e.position DESC
LIMIT 1
"""
# The same shell shows them once the demo is filled, while it is served or not.
COMMANDS = (
    "daybook sla report --group branch,target",
    "daybook sla due",
    "daybook sla explain %(promised)s",
    "daybook sla what-if --calendar examples/calendars/group-service-desk.toml --limit 5",
    "daybook audit %(promised)s",
)


class Question(NamedTuple):
    """Something to ask by GraphQL."""

    about: str
    query: str

    def curl(self, url: str) -> str:
        """The same as a line for a shell."""
        body = json.dumps({"query": " ".join(self.query.split())}, ensure_ascii=False)
        return f"curl -s {url} -H 'content-type: application/json' -d {shlex.quote(body)}"


class Numbers(NamedTuple):
    """The register numbers of cases to look at."""

    reopened: str
    """The one that was reopened last."""
    promised: str
    """The one that was given more time last."""


def numbers(ledger: Ledger) -> Numbers:
    """Cases worth looking at; the first one where the book has none of that sort."""
    return Numbers(_last_with(ledger, CaseReopened), _last_with(ledger, ExtensionApproved))


def _last_with(ledger: Ledger, event: type[Event]) -> str:
    rows = ledger.database.rows(LAST_WITH, {"book": ledger.book, "topic": event.TOPIC})
    return str(rows[0][0]) if rows else str(next(one.register for one in ledger.since(0) if one.register is not None))


def questions(told: Numbers) -> Mapping[str, Question]:
    """The questions: some about these cases, and a customer of theirs."""
    reopened = {"number": told.reopened}
    return {
        "complaints": Question("The latest complaints", COMPLAINTS),
        "clocks": Question(
            f"By when what was due in {told.promised}, and why (时限)", ITS_CLOCKS % {"number": told.promised}
        ),
        "report": Question("How many deadlines were kept (合规报告)", REPORT),
        "one history": Question(f"All that happened to {told.reopened}", ONE_HISTORY % reopened),
        "one customer": Question("All that happened with its customer", ONE_CUSTOMER % reopened),
        "put right": Question("What was corrected or made void, and who goes beside the ordinary course", PUT_RIGHT),
    }


def commands(told: Numbers, data: Path) -> list[str]:
    """Lines for a shell that ask the same book."""
    where = shlex.quote(str(data))
    return [f"export DAYBOOK_DATA={where} DAYBOOK_BOOK={BOOK}", *(line % told._asdict() for line in COMMANDS)]
