"""Where to look in the demo: a few questions to ask of it, ready to be pasted."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import NamedTuple

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
      timeline(first: 20) { nodes { kind occurredAt channel staff term case { number } words { value } } }
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
# The numbers of what was reopened, latest last; the demo's book is small enough to be read through.
REOPENED = """
SELECT r.register_series || '-' || lpad(r.register_number::text, 6, '0')
FROM ledger.event e
JOIN ledger.event r ON r.book = %(book)s AND r.stream = e.stream AND r.register_series IS NOT NULL
WHERE e.book = %(book)s AND e.topic = 'case-reopened.1'
ORDER BY e.position DESC
LIMIT 1
"""


class Question(NamedTuple):
    """Something to ask by GraphQL."""

    about: str
    query: str

    def curl(self, url: str) -> str:
        """The same as a line for a shell."""
        body = json.dumps({"query": " ".join(self.query.split())}, ensure_ascii=False)
        return f"curl -s {url} -H 'content-type: application/json' -d {shlex.quote(body)}"


def reopened(ledger: Ledger) -> str:
    """The register number of the case that was reopened last; that of the first case when none was."""
    rows = ledger.database.rows(REOPENED, {"book": ledger.book})
    if rows:
        return str(rows[0][0])
    series = next(one.register for one in ledger.since(0) if one.register is not None)
    return str(series)


def questions(number: str) -> Mapping[str, Question]:
    """The questions; two of them about the case with this number, and its customer."""
    return {
        "complaints": Question("The latest complaints", COMPLAINTS),
        "one history": Question(f"All that happened to {number}", ONE_HISTORY % {"number": number}),
        "one customer": Question("All that happened with its customer", ONE_CUSTOMER % {"number": number}),
        "put right": Question("What was corrected or made void, and who goes beside the ordinary course", PUT_RIGHT),
    }
