"""What cases departed from in the declared process, as a front end sees it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

import strawberry

from api.conformance_words import Both, expected_words
from api.graphql.arguments import Token
from api.graphql.as_of import KnownAt, KnownByArgument, KnownPosition, ValidAt, asked_past, past
from api.graphql.case import Case, shown_case
from api.graphql.conformance_finding import ConformanceFinding, ConformanceWords, finding_of
from api.graphql.enums import CaseKind, Departure
from api.graphql.identity import global_id, identity_of
from api.graphql.problem import Code, Problem, speakable
from api.graphql.request import Info, Request
from api.graphql.resolved import resolved
from api.graphql.scalars import SafeInt
from api.processes import shipped_process
from domain.sla.shape import near
from domain.stream import Category, subject_of
from ledger.ledger import Ledger
from projections import case_file
from projections.reach import Reach
from replay.as_of import AsOf, KnownBy
from replay.cases import Chosen
from replay.conformance import Conformance, Count, Judged, Totals, parts
from replay.process import Rule
from replay.reader import Reader

MOST_CASES = 1_000
"""So many cases one request looks at; `daybook conformance` looks at any number."""
MOST_SHOWN = 100


@strawberry.type(description="How often cases departed from one rule of the process.")
class ConformanceRule:
    rule: str = strawberry.field(description="The rule.")
    title: ConformanceWords = strawberry.field(description="The departure from it in a few words.")
    step: str = strawberry.field(description="The step of which something is asked.")
    expected: ConformanceWords = strawberry.field(description="What is asked.")
    source: str | None = strawberry.field(description="Where it is written down.")
    departures: list[Departure] = strawberry.field(
        description="The marks that imported events bear where their import noticed the same."
    )
    departed: int = strawberry.field(description="How many events departed from it.")
    cases: int = strawberry.field(description="In how many cases.")
    marked: int = strawberry.field(description="How many of these events bear such a mark.")
    open: int = strawberry.field(description="How many cases are still owed it, and may yet get it in time.")


@strawberry.type(description="A mark of imported events, and how many of them the process finds as well.")
class ConformanceNoticed:
    departure: Departure = strawberry.field(description="The mark.")
    events: int = strawberry.field(description="How many events bear it.")
    found: int = strawberry.field(description="Of how many of these the process says the same.")


@strawberry.type(description="A case in which something was found.")
class ConformanceCase:
    case_id: strawberry.ID = strawberry.field(description="The case's id, behind which `cases` goes on.")
    number: str | None = strawberry.field(description="Its register number.")
    source_key: str | None = strawberry.field(description="Its key in the system that it came from.")
    findings: list[ConformanceFinding] = strawberry.field(description="What was found, by version.")
    judged: strawberry.Private[Judged]

    @resolved("The case as it stands now; null when its receipt no longer counts.")
    async def case(self, info: Info) -> Case | None:
        return await shown_case(info.context, subject_of(self.judged.case.stream))


class Looked(NamedTuple):
    """What was found in the cases that were looked at."""

    as_of: AsOf
    totals: Totals
    found: list[Judged]


@strawberry.type(description="The cases of a time against the process that was declared (规范流程).")
class ConformanceReport:
    process: str = strawberry.field(description="The process.")
    process_version: str = strawberry.field(description="Its version.")
    known_at: datetime = strawberry.field(description="Known is what was recorded by then.")
    known_position: SafeInt = strawberry.field(description="The last position of the book that had been recorded.")
    valid_at: datetime = strawberry.field(description="It had occurred by then.")
    case_count: int = strawberry.field(description="How many cases were looked at.")
    departed_count: int = strawberry.field(description="How many of them departed from anything.")
    open_count: int = strawberry.field(description="How many of them are still owed something.")
    rules: list[ConformanceRule] = strawberry.field(description="Every rule, in the order of the process.")
    noticed: list[ConformanceNoticed] = strawberry.field(
        description="The marks that imports left on events of these cases. A mark is what a decider noticed when the "
        "event was recorded; the process is measured anew, in the order in which things occurred."
    )
    looked: strawberry.Private[Looked]
    conformance: strawberry.Private[Conformance]

    @resolved("The cases in which something was found, in the order in which their receipts were recorded.")
    def cases(
        self,
        info: Info,
        rules: Annotated[
            list[str] | None, strawberry.argument(description="Only by these rules; by every rule when left out.")
        ] = None,
        first: Annotated[int, strawberry.argument(description="How many; at most 100.")] = 20,
        after: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only those behind this case, by its id.")
        ] = None,
    ) -> list[ConformanceCase]:
        if not 0 <= first <= MOST_SHOWN:
            message = f"first is {first}; ask for 0 to {MOST_SHOWN} cases."
            raise Problem(Code.PAGE_TOO_LARGE, message, limit=MOST_SHOWN, found=first)
        wanted = None if rules is None else {each.id for each in _rules(self.conformance.rules, rules)}
        found = self.looked.found
        if after is not None:
            stream = identity_of(after, info.context.door.book, Category.CASE).stream
            places = [place for place, each in enumerate(found) if each.case.stream == stream]
            if not places:
                raise Problem(
                    Code.BAD_ARGUMENTS, "Nothing was found in the case of `after`; give the id of a listed one."
                )
            found = found[places[0] + 1 :]
        door, listed = info.context.door, list[ConformanceCase]()
        zone = ZoneInfo(door.ledger.zone)
        for judged in found:
            of_rules = [each for each in judged.findings if wanted is None or each.rule.id in wanted]
            if of_rules and len(listed) < first:
                case = judged.case
                listed.append(
                    ConformanceCase(
                        case_id=strawberry.ID(global_id(Category.CASE, door.book, subject_of(case.stream))),
                        number=None if case.number is None else str(case.number),
                        source_key=case.case.receipt.source_key,
                        findings=[finding_of(self.conformance.process, each, zone) for each in of_rules],
                        judged=judged,
                    )
                )
        return listed


@strawberry.type
class ConformanceQuery:
    @resolved(
        "Which cases departed from the declared process, in which step, and what they are still owed; null when "
        f"nothing was known by then. It looks at {MOST_CASES:,} cases at most."
    )
    async def conformance(
        self,
        info: Info,
        received_from: Annotated[
            datetime | None, strawberry.argument(description="Looks at cases that were received then or later.")
        ] = None,
        received_before: Annotated[
            datetime | None, strawberry.argument(description="Looks at cases that were received earlier than then.")
        ] = None,
        kinds: Annotated[
            list[CaseKind] | None, strawberry.argument(description="Looks at these kinds; at all when left out.")
        ] = None,
        unit: Annotated[str | None, strawberry.argument(description="Looks at cases that this unit has.")] = None,
        rules: Annotated[
            list[str] | None, strawberry.argument(description="Asks for these rules; for all when left out.")
        ] = None,
        known_at: KnownAt = None,
        known_position: KnownPosition = None,
        known_by: KnownByArgument = KnownBy.LEDGER,
        valid_at: ValidAt = None,
        consistency_token: Token = None,
    ) -> ConformanceReport | None:
        request = info.context
        await request.caught_up(consistency_token)
        as_of = await past(request, asked_past(known_at, known_position, known_by, valid_at))
        if as_of is None:
            return None
        process = shipped_process()
        named = () if rules is None else tuple(rule.id for rule in _rules(process.rules, rules))
        conformance = Conformance(process, named)
        chosen = Chosen(received_from, received_before, tuple(kinds or ()), None if unit is None else speakable(unit))
        reach, door = await request.reach(), request.door
        cases = await door.off_loop(_receipts, door.ledger, chosen, as_of)
        looks_over(request, cases, MOST_CASES, "daybook conformance")
        looked = await door.off_loop(_look, door.ledger, conformance, chosen, as_of, reach)
        return _report(conformance, looked)


def _rules(known: tuple[Rule, ...], names: list[str]) -> list[Rule]:
    """The rules of these names. Raises: Problem."""
    by_name = {rule.id: rule for rule in known}
    for name in map(speakable, names):
        if name not in by_name:
            raise Problem(Code.BAD_ARGUMENTS, f"There is no rule {name!r}{near(name, by_name)}")
    return [by_name[name] for name in names]


def looks_over(request: Request, cases: int, most: int, command: str, what: str = "cases") -> None:
    """Counts the cases that one request folds, in however many of its fields. Raises: Problem when these are too many.

    `command` takes any number of them.
    """
    request.loaders.looked_over += cases
    if request.loaders.looked_over > most:
        raise Problem(
            Code.TOO_MANY_CASES,
            f"More than {most:,} {what} would have to be looked at for one request. Ask for a shorter time, or for "
            f"less at once, or ask `{command}`, which looks at any number.",
            limit=most,
        )


def _receipts(ledger: Ledger, chosen: Chosen, as_of: AsOf) -> int:
    """How many cases would be looked at, counted a little beyond what may be."""
    since, before = chosen.received_from, chosen.received_before
    return len(Reader(ledger).receipts(0, as_of.position, MOST_CASES + 1, since=since, before=before))


def _look(ledger: Ledger, conformance: Conformance, chosen: Chosen, as_of: AsOf, reach: Reach) -> Looked:
    """Looks at the cases within reach."""
    book = Reader(ledger)
    totals, found = Totals(conformance.rules), list[Judged]()
    for part in parts(book, as_of, chosen, conformance):
        for judged in _within(ledger, part.judged, reach):
            totals.add(judged)
            if judged.findings:
                found.append(judged)
    return Looked(as_of, totals, found)


def _within(ledger: Ledger, judged: Sequence[Judged], reach: Reach) -> Sequence[Judged]:
    """Whose past it is lies where the case does now."""
    if reach.everything:
        return judged
    files = case_file.by_ids(ledger.database, ledger.book, [subject_of(each.case.stream) for each in judged])
    held = {file.stream for file in files.values() if reach.holds(file)}
    return [each for each in judged if each.case.stream in held]


def _report(conformance: Conformance, looked: Looked) -> ConformanceReport:
    process, totals, as_of = conformance.process, looked.totals, looked.as_of
    return ConformanceReport(
        process=process.name,
        process_version=process.version,
        known_at=as_of.known_at,
        known_position=SafeInt(as_of.position),
        valid_at=as_of.valid_at,
        case_count=totals.cases,
        departed_count=totals.departed,
        open_count=totals.open,
        rules=[_rule(rule, totals.rules[rule.id], expected_words(process, rule)) for rule in conformance.rules],
        noticed=[
            ConformanceNoticed(departure=Departure(code), events=events, found=found)
            for code, (events, found) in sorted(totals.noticed.items())
        ],
        looked=looked,
        conformance=conformance,
    )


def _rule(rule: Rule, count: Count, expected: Both) -> ConformanceRule:
    return ConformanceRule(
        rule=rule.id,
        title=ConformanceWords(en=rule.title.en, zh=rule.title.zh),
        step=rule.step,
        expected=ConformanceWords(en=expected[0], zh=expected[1]),
        source=rule.source,
        departures=[Departure(str(mark)) for mark in rule.departures],
        departed=count.departed,
        cases=count.cases,
        marked=count.marked,
        open=count.open,
    )
