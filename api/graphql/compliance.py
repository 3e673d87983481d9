"""The compliance report as a front end sees it: figures by group, and the clocks behind each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import Annotated, NamedTuple

import strawberry
from strawberry.dataloader import DataLoader

from api.compliance import asked, versions_of
from api.graphql.arguments import After, Before, First, Last, Token
from api.graphql.clock import SlaClockFace, SlaTitle, clock_of, past_clock_of
from api.graphql.compliance_enums import By, Duty, Figure, Grouping
from api.graphql.compliance_known import MOST_CASES, ComplianceKnown, KeptClocks
from api.graphql.connection import Connection, PageArguments, connection_of
from api.graphql.door import Door
from api.graphql.enums import CaseKind, Channel, Priority, Tier
from api.graphql.policy_enums import TargetKind
from api.graphql.problem import Code, Problem, speakable
from api.graphql.request import Info
from api.graphql.resolved import resolved
from api.graphql.scalars import SafeInt
from api.past_clocks import by_its_position, past_clocks_of_rows, past_report
from projections import as_known, compliance
from projections.compliance_question import IN_ORDER, Question, Values
from projections.movement import Period
from projections.paging import Page, Window
from projections.sla_row import SlaTimer
from replay.as_of import AsOf, KnownBy

MOST_DRILLS = 100
"""Of how many rows one answer has the clocks: with a thousand rows of a page each it would have too many."""

WORDS: Mapping[Grouping, type[StrEnum]] = MappingProxyType({
    Grouping.DUTY: Duty,
    Grouping.TIER: Tier,
    Grouping.KIND: CaseKind,
    Grouping.CHANNEL: Channel,
    Grouping.PRIORITY: Priority,
    Grouping.TARGET_KIND: TargetKind,
})  # fmt: skip
"""Fields whose values are words of the schema."""


@strawberry.input(description="Only clocks of which a field has one of some values.")
class ComplianceCondition:
    field: Grouping = strawberry.field(description="The field.")
    values: list[str | None] = strawberry.field(
        description="Its values, as `group` shows them: enumerations by their names in the schema; null is none. An "
        "empty list asks nothing."
    )


@strawberry.type(description="What the clocks of a row have in common.")
class ComplianceGroup:
    field: Grouping = strawberry.field(description="The field.")
    value: str | None = strawberry.field(
        description="Its value; enumerations by their names in the schema; null for none."
    )


@strawberry.type(description="So many of so many.")
class ComplianceShare:
    met: int = strawberry.field(description="Those that were kept.")
    total: int = strawberry.field(description="Those that were kept or missed.")


@strawberry.type(description="How long it took, in seconds; null where nothing was measured.")
class ComplianceTimes:
    median_seconds: SafeInt | None = strawberry.field(description="Half took no longer.")
    p90_seconds: SafeInt | None = strawberry.field(description="Nine of ten took no longer.")
    p99_seconds: SafeInt | None = strawberry.field(description="Ninety-nine of a hundred took no longer.")


@strawberry.type(description="What is counted of a row. The first eight after `clocks` add up to it.")
class ComplianceFigures:
    clocks: int = strawberry.field(description="All clocks of the row.")
    met: int = strawberry.field(description="Stopped by the due.")
    met_late: int = strawberry.field(description="Stopped after the due: late, never met.")
    overdue: int = strawberry.field(description="The due has passed, and nothing has stopped them.")
    running: int = strawberry.field(description="Not due yet.")
    paused: int = strawberry.field(description="Standing still.")
    cancelled: int = strawberry.field(description="Their subject ended before the due.")
    lapsed: int = strawberry.field(description="Their time ran out, which is no breach.")
    informational: int = strawberry.field(description="Duties without a number.")
    kept: int = strawberry.field(description="Kept, as known by now.")
    missed: int = strawberry.field(description="Missed, as known by now.")
    kept_when_due: int = strawberry.field(description="Kept, as known when due.")
    missed_when_due: int = strawberry.field(description="Missed, as known when due.")
    revised: int = strawberry.field(description="What is known by now differs from what was known when due.")
    unknown_when_due: int = strawberry.field(
        description="Decided by now, while nobody can say what was known when due."
    )
    rests_on_late: int = strawberry.field(
        description="The verdict by now rests on something that was recorded after the due."
    )
    kept_on_late: int = strawberry.field(description="Kept only by something that was recorded after the due.")
    measured: int = strawberry.field(description="Stopped at a known instant: those of which the times are.")
    by_day: int = strawberry.field(description="Stopped on a known day, and so left out of the times.")
    kept_share: ComplianceShare = strawberry.field(description="Those kept of those decided, as known by now.")
    kept_share_when_due: ComplianceShare = strawberry.field(description="The same as known when due.")
    elapsed: ComplianceTimes = strawberry.field(description="From start to stop by the clock on the wall.")
    counted: ComplianceTimes = strawberry.field(description="In the target's own time, such as working time.")


class Drill(NamedTuple):
    """A page of the clocks behind a figure of a row."""

    row: compliance.RowKey
    window: Window
    figure: Figure


class Drills:
    """The clocks behind the rows of one report; those of a report as known earlier are kept."""

    def __init__(self, door: Door, question: Question, kept: KeptClocks | None) -> None:
        self.kept = kept
        self._door = door
        self._question = question
        self._made = 0
        self._pages: DataLoader[Drill, Page[SlaTimer]] = DataLoader(load_fn=self._load)

    async def page(self, drill: Drill) -> Page[SlaTimer]:
        """The clocks. Raises: Problem when they are asked for once too often."""
        self._made += 1
        if self._made > MOST_DRILLS:
            message = (
                f"One answer has the clocks of at most {MOST_DRILLS} rows; ask for fewer rows, or for one's alone."
            )
            raise Problem(Code.DOCUMENT_TOO_LARGE, message, limit=MOST_DRILLS, found=self._made, of="rows")
        return await self._pages.load(drill)

    async def _load(self, drills: list[Drill]) -> list[Page[SlaTimer]]:
        found = await self._door.off_loop(self._read, drills)
        return [found[drill] for drill in drills]

    def _read(self, drills: Sequence[Drill]) -> dict[Drill, Page[SlaTimer]]:
        """The pages, in as many statements as there are windows and figures, of which a document has few."""
        ledger, question, kept = self._door.ledger, self._question, self.kept
        found: dict[Drill, Page[SlaTimer]] = {}
        for window, figure in dict.fromkeys((each.window, each.figure) for each in drills):
            rows = [each.row for each in drills if (each.window, each.figure) == (window, figure)]
            if kept is None:
                pages = compliance.clocks_of_rows(ledger.database, ledger.book, question, rows, window, figure)
            else:
                pages = past_clocks_of_rows(ledger, question, kept.as_of, [kept.clocks], rows, window, figure)
            found |= {Drill(row, window, figure): page for row, page in pages.items()}
        return found


@strawberry.type(description="Some clocks that are counted together.")
class ComplianceRow:
    duty: Duty = strawberry.field(description="Whose word it is that they are due.")
    group: list[ComplianceGroup] = strawberry.field(
        description="What else they have in common, in the order asked for; nothing for a total."
    )
    title: SlaTitle | None = strawberry.field(
        description="What people call the target, where the row is of one and all of its clocks call it the same."
    )
    figures: ComplianceFigures = strawberry.field(description="What is counted of them.")
    key: strawberry.Private[compliance.RowKey]
    question: strawberry.Private[Question]
    drills: strawberry.Private[Drills]

    @resolved(
        "The clocks that one of its figures counts, first due or first begun first: each a `SlaClock`, or in a report "
        "as known earlier a `SlaClockSnapshot`."
    )
    async def clocks(
        self,
        info: Info,
        figure: Annotated[
            Figure, strawberry.argument(description="The figure; all clocks of the row when left out.")
        ] = Figure.CLOCKS,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[SlaClockFace]:
        question, book, kept = self.question, info.context.door.book, self.drills.kept
        window = PageArguments(first, after, last, before).window(IN_ORDER[question.by], descending=False)
        page = await self.drills.page(Drill(self.key, window, figure))
        show: Callable[[SlaTimer], SlaClockFace] = partial(clock_of, book=book, now=question.now)
        if kept is not None:
            show = partial(past_clock_of, book=book, as_of=kept.as_of)
        return connection_of(window, page.rows, more=page.has_more, show=show)


@strawberry.type(description="A version of a policy or a calendar.")
class ComplianceVersion:
    name: str = strawberry.field(description="Its name.")
    version: int = strawberry.field(description="Its version.")


@strawberry.type(description="Everything by which the figures were worked out; another of it may give others.")
class ComplianceVersions:
    policies: list[ComplianceVersion] = strawberry.field(description="The policies; stated dates have none.")
    calendars: list[ComplianceVersion] = strawberry.field(description="The calendars in force when clocks began.")
    zone_data: list[str] = strawberry.field(description="The releases of the IANA's zone data.")
    engine: list[int] = strawberry.field(description="The versions of the rules.")


@strawberry.type(description="How many deadlines were kept in a period, and how long it took (合规报告).")
class ComplianceReport:
    known_at: datetime = strawberry.field(
        description="Known is what was recorded by then; by this ledger, it is when `knownPosition` was recorded."
    )
    known_position: SafeInt = strawberry.field(
        description="The position of the book up to which everything is counted, or looked at; policies and calendars "
        "are those that were published by there."
    )
    known_by: KnownBy = strawberry.field(description="Who had to know of an event.")
    valid_at: datetime = strawberry.field(
        description="It had occurred by then: the instant at which the clocks were looked at."
    )
    totals: list[ComplianceRow] = strawberry.field(
        description="All of it, for each duty that occurs: statutory, internal and stated ones are never added up."
    )
    versions: ComplianceVersions = strawberry.field(description="Everything by which the figures were worked out.")
    rows: list[ComplianceRow] = strawberry.field(description="The groups, by duty and by their values.")
    has_more: bool = strawberry.field(description="Whether there are more groups than were asked for.")


@strawberry.type
class ComplianceQuery:
    @resolved("How many deadlines were kept in a period, by whatever they are grouped, and how long it took.")
    async def compliance_report(
        self,
        info: Info,
        period_from: Annotated[
            datetime | None, strawberry.argument(description="Counts what was due, or began, then or later.")
        ] = None,
        period_before: Annotated[
            datetime | None, strawberry.argument(description="Counts what was due, or began, earlier than then.")
        ] = None,
        by: Annotated[By, strawberry.argument(description="What of a clock has to lie in the period.")] = By.DUE,
        group_by: Annotated[
            list[Grouping] | None,
            strawberry.argument(description="By what clocks are counted apart; by target when left out."),
        ] = None,
        filter: Annotated[  # noqa: A002
            list[ComplianceCondition] | None,
            strawberry.argument(description="Only clocks for which all of these hold; all when left out."),
        ] = None,
        most_rows: Annotated[int, strawberry.argument(description="How many groups; at most 1000.")] = 100,
        known: Annotated[
            ComplianceKnown | None,
            strawberry.argument(
                description="As it was known earlier, whatever was recorded since; as known by now when left out. It "
                f"works out the clocks of at most {MOST_CASES:,} cases and obligations."
            ),
        ] = None,
        consistency_token: Token = None,
    ) -> ComplianceReport:
        request = info.context
        if not 0 <= most_rows <= compliance.MOST_ROWS:
            message = (
                f"A report has 0 to {compliance.MOST_ROWS} rows, and {most_rows} were asked for; narrow it instead."
            )
            raise Problem(Code.PAGE_TOO_LARGE, message, limit=compliance.MOST_ROWS, found=most_rows)
        await request.caught_up(consistency_token)
        where, period = _where(filter or []), Period(period_from, period_before)
        groups, now = [Grouping.TARGET] if group_by is None else group_by, await request.now()
        ledger, reach = request.door.ledger, await request.reach()

        def read() -> tuple[compliance.Report, AsOf, KeptClocks | None]:
            if known is None:
                question = replace(asked(ledger, now, by, period, groups, where), reach=reach)
                units_at = partial(as_known.units, ledger)
                answer = compliance.report(ledger.database, ledger.book, question, most_rows, units_at=units_at)
                as_of = AsOf(answer.position, answer.question.now, answer.question.now)
                return answer, by_its_position(ledger, as_of), None
            as_of = by_its_position(ledger, known.as_of_in(ledger))
            kept = KeptClocks.worked_out(ledger, as_of)
            question = replace(asked(ledger, as_of.valid_at, by, period, groups, where, as_of.position), reach=reach)
            return past_report(ledger, question, as_of, [kept.clocks], most_rows), as_of, kept

        return _shown(request.door, *await request.door.off_loop(read))


def _where(conditions: Sequence[ComplianceCondition]) -> dict[Grouping, Values]:
    """What the conditions ask of each field; two of the same field ask for what both have. Raises: Problem."""
    wanted: dict[Grouping, Values] = {}
    for condition in conditions:
        if not condition.values:
            continue
        values = tuple(None if each is None else _value(condition.field, each) for each in condition.values)
        before = wanted.get(condition.field)
        wanted[condition.field] = values if before is None else tuple(each for each in values if each in before)
    return wanted


def _value(field: Grouping, said: str) -> str:
    words = WORDS.get(field)
    if words is None:
        return speakable(said)
    if said not in words.__members__:
        message = f"{said!r} is no value of {field.name}; there is {', '.join(words.__members__)}."
        raise Problem(Code.BAD_ARGUMENTS, message)
    return words[said].value


def _named(field: Grouping, value: str | None) -> str | None:
    """A value as the schema calls it."""
    words = WORDS.get(field)
    return value if words is None or value is None else words(value).name


def _shown(door: Door, answer: compliance.Report, as_of: AsOf, kept: KeptClocks | None) -> ComplianceReport:
    policies, calendars, zone_data, engine = versions_of(answer.versions)
    question = answer.question
    drills = Drills(door, question, kept)
    return ComplianceReport(
        known_at=as_of.known_at,
        known_position=SafeInt(as_of.position),
        known_by=as_of.known_by,
        valid_at=as_of.valid_at,
        totals=[_row(question, total, drills) for total in answer.totals],
        versions=ComplianceVersions(
            policies=[ComplianceVersion(name=name, version=version) for name, version in policies],
            calendars=[ComplianceVersion(name=name, version=version) for name, version in calendars],
            zone_data=zone_data,
            engine=engine,
        ),
        rows=[_row(question, row, drills) for row in answer.rows],
        has_more=answer.has_more,
    )


def _row(question: Question, row: compliance.Row, drills: Drills) -> ComplianceRow:
    figures = row.figures
    counts = {figure.name.lower(): count for figure, count in figures.counts.items()}
    return ComplianceRow(
        duty=row.duty,
        group=[ComplianceGroup(field=field, value=_named(field, value)) for field, value in row.group.items()],
        title=None if row.title_en is None else SlaTitle(en=row.title_en, zh=row.title_zh),
        figures=ComplianceFigures(
            **counts,
            kept_share=ComplianceShare(**figures.share._asdict()),
            kept_share_when_due=ComplianceShare(**figures.share_when_due._asdict()),
            elapsed=_times(figures.elapsed),
            counted=_times(figures.counted),
        ),
        key=compliance.RowKey(row.duty, tuple(row.group.values())),
        question=question,
        drills=drills,
    )


def _times(lasting: compliance.Lasting) -> ComplianceTimes:
    median, p90, p99 = (None if each is None else SafeInt(each) for each in lasting)
    return ComplianceTimes(median_seconds=median, p90_seconds=p90, p99_seconds=p99)
