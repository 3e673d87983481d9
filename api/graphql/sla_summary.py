"""How the clocks of a unit stand at this moment, as a front end sees it: for a dashboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

import strawberry

from api.access.reaching import Units
from api.graphql.arguments import Token
from api.graphql.compliance import ComplianceShare
from api.graphql.compliance_enums import Duty
from api.graphql.door import Door
from api.graphql.enums import CaseKind, Channel, Priority, Tier, shown
from api.graphql.policy_enums import TargetKind
from api.graphql.problem import Code, Problem, speakable
from api.graphql.request import Info
from api.graphql.resolved import resolved
from api.graphql.scalars import Duration, span_of
from projections import sla_summary, unit
from projections.sla_summary import Grouping, Question

MOST_AHEAD = timedelta(days=366)
WORDS: Mapping[Grouping, type[StrEnum]] = {
    Grouping.TARGET_KIND: TargetKind,
    Grouping.TIER: Tier,
    Grouping.PRIORITY: Priority,
    Grouping.KIND: CaseKind,
    Grouping.CHANNEL: Channel,
}
"""Fields whose values are words of the schema."""

shown(
    Grouping,
    "SlaSummaryField",
    "By what clocks are counted apart.",
    {
        "UNIT": "The unit that has the subject, or had it at the clock's end, by the name that was said then.",
        "SUBUNIT": "The unit right below `unit`, or at the very top when none is asked about, with everything below it "
        "as the tree stands now. What lies with `unit` itself stands under its own name, and with no unit under none.",
        "HANDLER": "The member of staff who has the subject, or had it at the clock's end.",
        "TARGET": "The target, by its name in the policy.",
        "TARGET_KIND": "What is to be done in time.",
        "POLICY": "The policy.",
        "TIER": "The tier of the case's customer when the clock began.",
        "PRIORITY": "The priority of the case when the clock began.",
        "KIND": "The kind of the case.",
        "CATEGORY": "The category of the case when the clock began.",
        "CHANNEL": "The channel by which the case came.",
    },
)


@strawberry.type(description="What the clocks of a row have in common.")
class SlaSummaryGroup:
    field: Grouping = strawberry.field(description="The field.")
    value: str | None = strawberry.field(
        description="Its value; enumerations by their names in the schema; null for none."
    )


@strawberry.type(description="How some clocks stand that are counted together.")
class SlaSummaryRow:
    duty: Duty = strawberry.field(description="Whose word it is that they are due.")
    group: list[SlaSummaryGroup] = strawberry.field(
        description="What else they have in common, in the order asked for; nothing for a total."
    )
    running: int = strawberry.field(description="Not due yet.")
    paused: int = strawberry.field(description="Standing still.")
    due_soon: int = strawberry.field(description="Of those running: due by `dueBefore`.")
    warned: int = strawberry.field(description="Of those running or paused: a warning of them was due.")
    overdue: int = strawberry.field(description="The due has passed, and nothing has ended them since.")
    kept_share: ComplianceShare = strawberry.field(
        description="Those kept of those decided, ended or not, as known by now: of what was due since `keptSince`."
    )


@strawberry.type(description="How the clocks of a unit, or of the whole book, stand at this moment (时限看板).")
class SlaSummary:
    evaluated_at: datetime = strawberry.field(description="The instant at which the clocks were looked at.")
    due_before: datetime = strawberry.field(description="What is due by then is due soon.")
    kept_since: datetime | None = strawberry.field(
        description="The shares are of what was due then or later; null is everything."
    )
    totals: list[SlaSummaryRow] = strawberry.field(
        description="All of them, for each duty that occurs: statutory, internal and stated ones are never added up."
    )
    rows: list[SlaSummaryRow] = strawberry.field(
        description="The groups, by duty; those with the most overdue clocks first. None when nothing is counted apart."
    )
    has_more: bool = strawberry.field(description="Whether there are more groups than were asked for.")


@strawberry.type
class SlaSummaryQuery:
    @resolved("How the clocks of a unit, or of the whole book, stand at this moment: for a dashboard.")
    async def sla_summary(
        self,
        info: Info,
        unit: Annotated[
            str | None,
            strawberry.argument(description="The unit that has the subjects, by its name; every unit when left out."),
        ] = None,
        subtree: Annotated[
            bool, strawberry.argument(description="Whether the units below it count as well, as the tree stands now.")
        ] = True,
        group_by: Annotated[
            list[Grouping] | None,
            strawberry.argument(description="By what clocks are counted apart; nothing when left out."),
        ] = None,
        due_within: Annotated[
            Duration, strawberry.argument(description="How far ahead something is due soon.")
        ] = Duration("PT24H"),
        kept_since: Annotated[
            datetime | None,
            strawberry.argument(description="The shares are of what was due then or later; everything when left out."),
        ] = None,
        most_rows: Annotated[int, strawberry.argument(description="How many groups; at most 1000.")] = 100,
        consistency_token: Token = None,
    ) -> SlaSummary:
        request = info.context
        if not 0 <= most_rows <= sla_summary.MOST_ROWS:
            message = f"A summary has 0 to {sla_summary.MOST_ROWS} rows, and {most_rows} were asked for."
            raise Problem(Code.PAGE_TOO_LARGE, message, limit=sla_summary.MOST_ROWS, found=most_rows)
        named, groups = None if unit is None else speakable(unit), tuple(group_by or ())
        await request.caught_up(consistency_token)
        now = await request.now()
        due_before = _ahead(now, due_within)
        reach = await request.reach()

        def read() -> sla_summary.Summary:
            asked = Question(now, due_before, kept_since, groups, reach=reach)
            if named is not None or Grouping.SUBUNIT in groups:
                asked = _placed(request.door, asked, named, subtree=subtree)
            return sla_summary.summary(request.door.ledger.database, request.door.book, asked, most_rows)

        found = await request.door.off_loop(read)
        return SlaSummary(
            evaluated_at=now,
            due_before=due_before,
            kept_since=kept_since,
            totals=[_row(row, ()) for row in found.totals],
            rows=[_row(row, tuple(dict.fromkeys(groups))) for row in found.rows],
            has_more=found.has_more,
        )


def _ahead(now: datetime, within: Duration) -> datetime:
    """The instant so far ahead. Raises: Problem."""
    try:
        span = span_of(within)
    except ValueError as error:
        raise Problem(Code.BAD_ARGUMENTS, f"dueWithin: {error}") from None
    if not timedelta() <= span <= MOST_AHEAD:
        raise Problem(Code.BAD_ARGUMENTS, f"dueWithin is {within}; give up to {MOST_AHEAD.days} days, such as PT24H.")
    return now + span


def _placed(door: Door, asked: Question, named: str | None, *, subtree: bool) -> Question:
    """The question, of some units alone, and with the units right below them, as the tree stands now."""
    units = Units.of(unit.every(door.ledger.database, door.book), asked.now)
    tree, top = units.tree, None if named is None else units.called(named)
    if named is not None:
        asked = replace(asked, units=units.names_below(named) if subtree else units.names_of(named))
    if Grouping.SUBUNIT not in asked.groups:
        return asked
    below = tree.tops() if named is None else () if top is None else tree.below(top.unit_id)
    subunits = {name: each.name for each in below for name in tree.names_below(each.unit_id, units.names)}
    own = () if named is None else asked.units or ()
    return replace(asked, subunits={name: named or name for name in own} | subunits)


def _row(row: sla_summary.Row, groups: Sequence[Grouping]) -> SlaSummaryRow:
    counts = row.counts
    return SlaSummaryRow(
        duty=row.duty,
        group=[
            SlaSummaryGroup(field=field, value=_named(field, value))
            for field, value in zip(groups, row.values, strict=True)
        ],
        running=counts.running,
        paused=counts.paused,
        due_soon=counts.due_soon,
        warned=counts.warned,
        overdue=counts.overdue,
        kept_share=ComplianceShare(**counts.kept._asdict()),
    )


def _named(field: Grouping, value: str | None) -> str | None:
    """A value as the schema calls it."""
    words = WORDS.get(field)
    return value if words is None or value is None else words(value).name
