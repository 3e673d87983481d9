"""What an auditor asks for on the first day: in which roles people acted, and a sample that anybody can draw again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from api.cut_off import BadCutOff, past_at
from api.graphql.amendments import shown_record
from api.graphql.arguments import Token
from api.graphql.case import Money
from api.graphql.conformance import looks_over
from api.graphql.connection import MOST_A_PAGE
from api.graphql.enums import ActorKind, CaseKind, Status, shown
from api.graphql.node import Node
from api.graphql.problem import Code, Problem, speakable
from api.graphql.request import Info
from api.graphql.resolved import resolved
from api.graphql.scalars import SafeInt
from api.populations import CannotSample, Population, Wanted, members, shown_up_to
from ledger.ledger import Ledger
from projections import as_known, role_claims
from projections.role_claims import ClaimFilter
from replay.as_of import AsOf, KnownBy
from replay.reader import Reader
from replay.sample import METHOD, Drawn, Sample, Sampling

MOST_CASES = 1_000
"""Of so many cases and obligations one request folds a population; `daybook review sample` takes any number."""
MOST_MEMBERS = 10_000
LONGEST_SEED = 200

shown(Population, "ReviewPopulation", "What a sample can be drawn from.")


# Roles ----------------------------------------------------------------------------------------------------------------


@strawberry.type(
    description="That somebody acted in a role, for a unit, resting on a claim. It is what they claimed when they "
    "acted; that they held the role in between nobody wrote down."
)
class RoleClaim:
    actor: str = strawberry.field(description="Who acted, by the name under which they work.")
    actor_kind: ActorKind = strawberry.field(description="What kind of actor.")
    role: str | None = strawberry.field(description="The role; null when they claimed none.")
    unit: str | None = strawberry.field(description="The unit for which they acted.")
    claim: str | None = strawberry.field(description="What the role rested on; null when nothing proved it.")
    first_at: datetime = strawberry.field(description="When it was first recorded that they acted so.")
    last_at: datetime = strawberry.field(description="When it was last recorded by the instant that was asked about.")
    events: SafeInt = strawberry.field(description="How many events they brought about so.")
    last_position: SafeInt = strawberry.field(description="The position of the latest of these events.")


@strawberry.type(description="In which roles people had acted by an instant.")
class RoleClaims:
    at: datetime = strawberry.field(description="The instant.")
    claims: list[RoleClaim] = strawberry.field(description="The roles, by the names of the actors.")
    has_more: bool = strawberry.field(description="Whether there are more than were asked for.")


# Samples --------------------------------------------------------------------------------------------------------------


@strawberry.input(description="What to draw from, how many, and by which seed.")
class ReviewSampleInput:
    population: Population = strawberry.field(description="What to draw from.")
    size: int = strawberry.field(description="How many to draw; at most 100.")
    seed: str = strawberry.field(description="The same seed draws the same; agree on it beforehand. One line.")
    since: datetime | None = strawberry.field(
        default=None, description="Only what was received, due or recorded then or later.", name="from"
    )
    before: datetime | None = strawberry.field(
        default=None, description="Only what was received, due or recorded earlier than then."
    )
    kinds: list[CaseKind] = strawberry.field(
        default_factory=list, description="Only cases of these kinds; none is all."
    )
    statuses: list[Status] = strawberry.field(
        default_factory=list, description="Only cases that stand so; none is all."
    )
    unit: str | None = strawberry.field(default=None, description="Only cases that this unit has.")
    known_at: datetime | None = strawberry.field(default=None, description="Known is what was recorded by then.")
    known_position: SafeInt | None = strawberry.field(
        default=None, description="Known is what the book has up to this position; instead of `knownAt`."
    )
    known_by: KnownBy = strawberry.field(default=KnownBy.LEDGER, description="Who had to know of it; of cases only.")
    valid_at: datetime | None = strawberry.field(
        default=None, description="It had occurred by then; by `knownAt` when left out."
    )


@strawberry.type(description="A sum over the population, in one currency.")
class ReviewAmount:
    sum: Money = strawberry.field(description="The sum of the redress.")
    members: int = strawberry.field(description="How many members have one.")


@strawberry.type(description="A member of the sample.")
class ReviewSampled:
    place: int = strawberry.field(description="Its place in the population, from 1.")
    member: str = strawberry.field(description="Its id there: what the digest and the draw are made of.")
    key: str = strawberry.field(description="By which it was drawn, in hexadecimal.")
    number: str | None = strawberry.field(description="The register number.")
    version: int | None = strawberry.field(description="Of an event, its version in its stream.")
    stream: strawberry.Private[str]

    @resolved("What it is, or is about, as it stands now; null for what has no page of its own, or none any more.")
    async def subject(self, info: Info) -> Node | None:
        return await shown_record(info.context, self.stream)


@strawberry.type(description="A sample, with totals of control of the population that it was drawn from.")
class ReviewSample:
    method: str = strawberry.field(description="How it was drawn.")
    seed: str = strawberry.field(description="The seed.")
    known_at: datetime = strawberry.field(description="Known is what was recorded by then.")
    known_position: SafeInt = strawberry.field(
        description="The last position of the book that was known; ask with it to draw the same again."
    )
    valid_at: datetime = strawberry.field(description="It had occurred by then.")
    count: int = strawberry.field(description="How many members the population has.")
    numbered: int = strawberry.field(description="How many of them have a register number.")
    first_number: str | None = strawberry.field(description="The first register number among them.")
    last_number: str | None = strawberry.field(description="The last one.")
    amounts: list[ReviewAmount] = strawberry.field(description="The redress of all members, by currency.")
    digest: str = strawberry.field(
        description="The SHA-256 of the ids of all members in their order, each followed by a line feed: who has the "
        "same has the same population."
    )
    sample: list[ReviewSampled] = strawberry.field(description="The sample, in the order of the population.")


@strawberry.type
class ReviewQuery:
    @resolved(
        "In which roles people had acted by an instant, as they claimed them when they did. Where they worked then is "
        "in `staffMembers`, by `postingAt`."
    )
    async def role_claims(
        self,
        info: Info,
        at: Annotated[datetime | None, strawberry.argument(description="The instant; now when left out.")] = None,
        actor: Annotated[str | None, strawberry.argument(description="Of this actor alone.")] = None,
        role: Annotated[str | None, strawberry.argument(description="In this role alone.")] = None,
        unit: Annotated[str | None, strawberry.argument(description="For this unit alone.")] = None,
        recorded_from: Annotated[
            datetime | None, strawberry.argument(description="Counts what was recorded then or later.")
        ] = None,
        first: Annotated[int, strawberry.argument(description="How many; at most 1000.")] = 100,
        consistency_token: Token = None,
    ) -> RoleClaims:
        if not 0 <= first <= role_claims.MOST_CLAIMS:
            message = f"At most {role_claims.MOST_CLAIMS} roles are listed, not {first}."
            raise Problem(Code.PAGE_TOO_LARGE, message, limit=role_claims.MOST_CLAIMS, found=first)
        request = info.context
        await request.caught_up(consistency_token)
        when, door = at or await request.now(), request.door
        by_whom, as_what, where_from = (None if each is None else speakable(each) for each in (actor, role, unit))
        where = ClaimFilter(by_whom, as_what, where_from, recorded_from)
        found = await door.off_loop(role_claims.role_claims, door.ledger.database, door.book, when, where, first + 1)
        claims = [
            RoleClaim(**each._asdict() | {"events": SafeInt(each.events), "last_position": SafeInt(each.last_position)})
            for each in found[:first]
        ]
        return RoleClaims(at=when, claims=claims, has_more=len(found) > first)

    @resolved(
        "A random sample that anybody can draw again, with totals of control; null when nothing was known by then. Of "
        f"cases and deadlines it looks at {MOST_CASES:,} cases and obligations at most."
    )
    async def review_sample(
        self,
        info: Info,
        input: Annotated[ReviewSampleInput, strawberry.argument(description="What to draw.")],  # noqa: A002
        consistency_token: Token = None,
    ) -> ReviewSample | None:
        request = info.context
        await request.caught_up(consistency_token)
        if not 1 <= input.size <= MOST_A_PAGE:
            message = (
                f"A sample has 1 to {MOST_A_PAGE} members here, and not {input.size}; the command line draws more."
            )
            raise Problem(Code.PAGE_TOO_LARGE, message, limit=MOST_A_PAGE, found=input.size)
        seed = speakable(input.seed)
        if not seed.strip() or "\n" in seed or len(seed) > LONGEST_SEED:
            raise Problem(Code.BAD_ARGUMENTS, f"A seed is one line of 1 to {LONGEST_SEED} characters.")
        wanted = Wanted(
            input.population,
            input.since,
            input.before,
            tuple(input.kinds),
            None if input.unit is None else speakable(input.unit),
            tuple(input.statuses),
        )
        door = request.door
        try:
            as_of = await door.off_loop(_as_of, door.ledger, wanted, input)
            if as_of is None:
                return None
            folded = await door.off_loop(_folded, door.ledger, wanted, as_of)
            looks_over(request, folded, MOST_CASES, "daybook review sample", "cases and obligations")
            return await door.off_loop(_draw, door.ledger, wanted, as_of, Sampling(seed, input.size))
        except (BadCutOff, CannotSample) as error:
            raise Problem(Code.BAD_ARGUMENTS, str(error)) from None


def _draw(ledger: Ledger, wanted: Wanted, as_of: AsOf, sampling: Sampling) -> ReviewSample:
    """Raises: Problem when there are too many members; CannotSample."""
    count = 0
    for part in members(ledger, wanted, as_of):
        count += len(part.members)
        if count > MOST_MEMBERS:
            raise Problem(
                Code.TOO_MANY_CASES,
                f"More than {MOST_MEMBERS:,} members would have to be looked at for one request. Ask for a shorter "
                "time, or ask `daybook review sample`, which looks at any number.",
                limit=MOST_MEMBERS,
            )
        for member in part.members:
            sampling.add(member)
    return _shown(as_of, sampling.drawn())


def _as_of(ledger: Ledger, wanted: Wanted, asked: ReviewSampleInput) -> AsOf | None:
    """Both instants; of what is read from the audit trail no more is known than that shows."""
    if asked.known_at is not None and asked.known_position is not None:
        raise Problem(Code.BAD_ARGUMENTS, "Say by knownAt or by knownPosition as known when; one of the two.")
    known = asked.known_at if asked.known_position is None else int(asked.known_position)
    if known is None and not wanted.population.is_folded:
        known = shown_up_to(ledger)
    return None if known == 0 else past_at(ledger, known, asked.valid_at, asked.known_by)


def _folded(ledger: Ledger, wanted: Wanted, as_of: AsOf) -> int:
    """How many cases and obligations would be folded for a population, counted a little beyond what may be."""
    if wanted.population is Population.CASES:
        since, before = wanted.since, wanted.before
        return len(Reader(ledger).receipts(0, as_of.position, MOST_CASES + 1, since=since, before=before))
    if wanted.population is Population.MISSED:
        return as_known.subjects_by(ledger, as_of.position, MOST_CASES + 1)
    return 0


def _shown(as_of: AsOf, found: Sample) -> ReviewSample:
    return ReviewSample(
        method=METHOD,
        seed=found.seed,
        known_at=as_of.known_at,
        known_position=SafeInt(as_of.position),
        valid_at=as_of.valid_at,
        count=found.total,
        numbered=found.numbered,
        first_number=None if found.first_number is None else str(found.first_number),
        last_number=None if found.last_number is None else str(found.last_number),
        amounts=[
            ReviewAmount(sum=Money(minor_units=SafeInt(each.minor_units), currency=each.currency), members=each.members)
            for each in found.amounts
        ],
        digest=found.digest,
        sample=[_sampled(each) for each in found.drawn],
    )


def _sampled(drawn: Drawn) -> ReviewSampled:
    member = drawn.member
    return ReviewSampled(
        place=drawn.place,
        member=member.id,
        key=drawn.key,
        number=None if member.number is None else str(member.number),
        version=member.told.get("version"),
        stream=member.id.partition("/")[0],
    )
