"""Why a clock stands as it does: rule, events and arithmetic in structured form, and in sentences in two languages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from domain.envelope import Recorded
from domain.sla.clock import Basis, Clock, ClockKey, Due, Extended, State
from domain.sla.clocks import Course, clocks, course
from domain.sla.dues import Step
from domain.sla.lanes import TierSince, facts_assigned, terms_of
from domain.sla.policy import CalendarOf
from domain.sla.run import Change, Run
from domain.sla.selection import BEGINS, CHANGES_FACTS, CaseFacts, Choice, asked, choice_among
from domain.sla.standards import Standards
from domain.sla.wording import SENTENCES, UNITS, VERDICTS, WHYS, Sentence, both_languages, lasting
from domain.sla.working_time import NOTHING


class EventTold(NamedTuple):
    """An event that mattered to a clock."""

    at: datetime
    day: date | None
    """When only its day is known."""
    version: int
    name: str
    recorded_at: datetime


class Stood(NamedTuple):
    """A stretch during which the clock stood still."""

    ground: str
    began: EventTold
    ended: EventTold | None


class Explanation(NamedTuple):
    """A clock explained."""

    clock: Clock
    basis: Basis
    choice: Choice | None
    """Why its rule holds, and why those before it do not; None where the terms say otherwise than the choice would."""
    started: EventTold | None
    opened_by: str | None
    """The target whose time ran out, so that this one began."""
    arithmetic: tuple[Step, ...]
    stood: tuple[Stood, ...]
    changes: tuple[Change, ...]
    extensions: tuple[Extended, ...]
    stopped: EventTold | None
    en: tuple[str, ...]
    zh: tuple[str, ...]


def explained(
    history: Sequence[Recorded[Any]],
    standards: Standards,
    at: datetime,
    key: ClockKey,
    *,
    tier_at: Sequence[TierSince] = (),
    inherited: Sequence[Recorded[Any]] = (),
    as_recorded: Sequence[Recorded[Any]] = (),
) -> Explanation | None:
    """The explanation of one of the clocks that `clocks` gives for the same; None when there is none of that key."""
    found = clocks(history, standards, at, tier_at=tier_at, inherited=inherited, as_recorded=as_recorded)
    clock = next((each for each in found if each.key == key), None)
    if clock is None:
        return None
    told = course(history, standards, at, tier_at=tier_at, inherited=inherited)
    run = told.runs.get(key)
    explanation = _structured(clock, run, told, standards, tier_at)
    sentences = list(_sentences(explanation, run, at))
    en, zh = both_languages(sentences)
    return explanation._replace(en=en, zh=zh)


def _structured(
    clock: Clock, run: Run | None, told: Course, standards: Standards, tiers: Sequence[TierSince]
) -> Explanation:
    choice = _choice(clock, told, standards, tiers, changed=run is not None and bool(run.changes))
    if run is None:
        return Explanation(clock, clock.basis, choice, None, None, (), (), (), (), None, (), ())
    ended = run.stop if run.stop is not None else run.cancel
    stood = (
        Stood(pause.ground, _event(told, pause.place), None if pause.until is None else _event(told, pause.until))
        for pause in run.pauses
    )
    return Explanation(
        clock=clock,
        basis=clock.basis,
        choice=choice,
        started=None if run.start.by is None else _event(told, run.start.place),
        opened_by=None if run.start.opening is None else run.start.opening.by,
        arithmetic=tuple(told.runner.arithmetic(run) or ()),
        stood=tuple(stood),
        changes=tuple(run.changes),
        extensions=tuple(run.extended),
        stopped=None if ended is None else _event(told, ended),
        en=(),
        zh=(),
    )


def _event(told: Course, place: int) -> EventTold:
    one = told.runner.timeline.all[place]
    recorded = one.recorded
    return EventTold(one.at, one.day, recorded.version, recorded.event.TOPIC.rpartition(".")[0], recorded.recorded_at)


def _choice(
    clock: Clock, told: Course, standards: Standards, tiers: Sequence[TierSince], *, changed: bool
) -> Choice | None:
    timeline = told.runner.timeline
    terms, receipts = terms_of(timeline), timeline.places(*BEGINS)
    if terms is None or not receipts:
        return None
    facts, _ = facts_assigned(timeline, terms, tiers, timeline.all[terms.place].at)
    if changed:
        facts = _facts_now(told, tiers)
    receipt = timeline.all[receipts[0]].recorded.occurred_at
    for regime, policies in asked(standards.policies, receipt, terms.recorded_at, terms.fits).regimes:
        choice = choice_among(regime, policies, facts)
        if choice is not None and (choice.policy.name, choice.rule) == (clock.basis.policy, clock.basis.rule):
            return choice
    return None


def _facts_now(told: Course, tiers: Sequence[TierSince]) -> CaseFacts:
    timeline, facts = told.runner.timeline, CaseFacts()
    for place in timeline.places(*BEGINS, *CHANGES_FACTS):
        facts = facts.after(timeline.all[place].recorded.event)
    tier = next((each.tier for each in reversed(tiers) if each.at <= told.runner.at), None)
    return facts._replace(tier=tier)


# Sentences ------------------------------------------------------------------------------------------------------------


def _sentences(told: Explanation, run: Run | None, at: datetime) -> Iterator[Sentence]:
    clock = told.clock
    yield _what(clock)
    yield from _why(told.choice)
    if run is None:
        yield SENTENCES["not-started"], {}
        return
    place = run.hours.zone
    yield from _start(told, place)
    for step in told.arithmetic:
        yield _step(step, place)
    between = [(each.began.at, _stood(each, place)) for each in told.stood]
    between += [(each.approved_at, _extended(each, place)) for each in told.extensions]
    between += [(each.at, _changed(each, place)) for each in told.changes]
    between += [(each.at, (SENTENCES["overtaken"], {})) for each in told.changes if each.missed]
    yield from (sentence for _, sentence in sorted(between, key=lambda one: one[0]))
    yield from _due(clock, run, place)
    yield from _end(told, place, at)
    if clock.now is not None or clock.when_due is not None:
        yield SENTENCES["pair"], {"when_due": VERDICTS[clock.when_due], "now": VERDICTS[clock.now]}
    if clock.rests_on_late:
        yield SENTENCES["late-record"], {}


def _what(clock: Clock) -> Sentence:
    title = (clock.title.en, clock.title.zh or clock.title.en)
    basis = clock.basis
    if basis.rule:
        words = {"title": title, "rule": basis.rule, "policy": basis.policy, "version": basis.policy_version}
        if clock.statute is None:
            return SENTENCES["internal"], words
        return SENTENCES["statutory"], {**words, "clause": clock.statute.clause}
    return SENTENCES["stated"], {"title": title}


def _why(choice: Choice | None) -> Iterator[Sentence]:
    if choice is None:
        return
    for each in choice.passed_over:
        wanted = (" or ".join(each.wanted), "或".join(each.wanted))
        found = ("none", "没有") if each.found is None else (each.found, each.found)
        words = {"rule": each.rule, "policy": each.policy, "field": each.field, "wanted": wanted, "found": found}
        yield SENTENCES["passed-over"], words
    for matched in choice.matched:
        yield SENTENCES["matched"], {"field": matched.field, "value": matched.value or ""}


def _start(told: Explanation, place: ZoneInfo) -> Iterator[Sentence]:
    clock = told.clock
    if told.opened_by is not None and clock.started_at is not None:
        yield SENTENCES["opened"], {"at": moment(clock.started_at, place), "by": told.opened_by}
    elif told.started is not None:
        yield SENTENCES["started"], _event_words(told.started, place)
    if clock.measured_from is not None and clock.measured_from != clock.started_at:
        yield SENTENCES["measured"], {"at": moment(clock.measured_from, place)}


def _event_words(event: EventTold, place: ZoneInfo) -> dict[str, Any]:
    at = event.day.isoformat() if event.day is not None else moment(event.at, place)
    return {"at": at, "event": event.name, "version": event.version}


def _step(step: Step, place: ZoneInfo) -> Sentence:
    led = step.on.isoformat() if step.on is not None else moment(step.at, place)
    unit = UNITS.get(step.unit, (step.unit, step.unit))
    if isinstance(step.amount, timedelta) and step.unit != "working_time":  # hours of a pause are no days
        unit = ("", "")
    amount = lasting(step.amount, unit)
    return SENTENCES[f"step-{step.what}"], {"amount": amount, "led": led, "note": step.note or ""}


def _stood(stood: Stood, place: ZoneInfo) -> Sentence:
    words = {"ground": stood.ground, "begin": moment(stood.began.at, place)}
    if stood.ended is None:
        return SENTENCES["stands"], words
    return SENTENCES["stood"], {**words, "end": moment(stood.ended.at, place)}


def _extended(extended: Extended, place: ZoneInfo) -> Sentence:
    kind = "ignored" if extended.ignored else "late" if extended.late else "extended"
    words = {
        "step": extended.step,
        "at": moment(extended.approved_at, place),
        "version": extended.version,
        "before": due_words(extended.due_before, place),
        "after": due_words(extended.due_after, place),
    }
    return SENTENCES[f"extension-{kind}"], words


def _changed(change: Change, place: ZoneInfo) -> Sentence:
    words = {
        "at": moment(change.at, place),
        "why": WHYS[str(change.why)],
        "before": due_words(change.due_before, place),
        "after": due_words(change.due_after, place),
    }
    return SENTENCES["changed"], words


def _due(clock: Clock, run: Run, place: ZoneInfo) -> Iterator[Sentence]:
    if clock.due is None:
        yield SENTENCES["no-due"], {}
        return
    basis = clock.basis
    words = {"due": due_words(clock.due, place), "calendar": basis.calendar, "version": basis.calendar_version}
    if run.target.asks_calendar:
        yield SENTENCES["due-by-calendar"], words
    else:
        yield SENTENCES["due"], words
    if clock.promised != clock.lived:
        lived = run.target.target.verdict_by is CalendarOf.AS_LIVED
        words = {"promised": due_words(clock.promised, place), "lived": due_words(clock.lived, place)}
        yield SENTENCES["lived-decides" if lived else "promised-decides"], words
    if clock.born_overdue:
        yield SENTENCES["born-overdue"], {"at": moment(run.active_at, place)}


def _end(told: Explanation, place: ZoneInfo, at: datetime) -> Iterator[Sentence]:
    clock = told.clock
    used = lasting(clock.counted, ("", ""))
    if told.stopped is not None:
        kind = {State.MET: "in-time", State.CANCELLED: "cancelled"}.get(clock.state, "ended")
        kind = "late" if clock.stop is not None and clock.state is State.MET_LATE else kind
        yield SENTENCES[kind], {**_event_words(told.stopped, place), "used": used}
        return
    if clock.cancelled is not None:
        yield SENTENCES["dropped"], {"at": moment(clock.cancelled.at, place)}
        return
    if clock.state is State.LAPSED:
        yield SENTENCES["lapsed"], {}
        return
    left = lasting(abs(clock.remaining or NOTHING), ("", ""))
    kind = "no-number" if clock.remaining is None else "left" if clock.remaining >= NOTHING else "over"
    yield SENTENCES[kind], {"at": moment(at, place), "left": left, "used": used}


def due_words(due: Due | None, place: ZoneInfo) -> tuple[str, str]:
    """A due in both languages: `the end of 2026-03-17`, or its time of day in its zone."""
    if due is None:
        return "no date", "无期限"
    if due.on is not None and due.open_ended and due.at.astimezone(place).time() == datetime.min.time():
        return f"the end of {due.on.isoformat()}", f"{due.on.isoformat()} 24:00"
    return moment(due.at, place), moment(due.at, place)


def moment(at: datetime | None, place: ZoneInfo) -> str:
    """An instant as it is read in a zone, exact to what it holds: `2026-03-02 09:00 Europe/London`."""
    if at is None:
        return ""
    local = at.astimezone(place)
    exact = "microseconds" if local.microsecond else "seconds" if local.second else "minutes"
    return f"{local.replace(tzinfo=None).isoformat(' ', exact)} {place.key}"
