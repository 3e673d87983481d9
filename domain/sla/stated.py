"""Dates that somebody stated, as targets of their own: a promise in a letter binds without any policy."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from re import sub
from zlib import crc32

from domain.sla.compiled import CompiledTarget, target_compiled
from domain.sla.document import LONGEST_SLUG
from domain.sla.dues import OWN_DUE
from domain.sla.happenings import Timeline
from domain.sla.lanes import Lane, Stage, Why
from domain.sla.policy import StatedDate, SubjectKind, Target, TargetKind, Title
from domain.sla.zones import UnknownZone, zone

STATED = "stated"
"""What stands in the place of a policy's name where a date was stated and no policy says what it is for."""

KINDS = {
    "acknowledgement": (TargetKind.ACKNOWLEDGEMENT, "case-acknowledged"),
    "first-response": (TargetKind.FIRST_RESPONSE, "response-sent"),
    "response": (TargetKind.FIRST_RESPONSE, "response-sent"),
    "resolution": (TargetKind.RESOLUTION, "case-resolved"),
    "closing": (TargetKind.OTHER, "case-closed"),
}
"""What dates are stated for, and what meets them; anything else is met when the case is resolved or closed."""

TITLES_ZH = {
    "acknowledgement": "承诺的受理时间",
    "first-response": "承诺的首次答复时间",
    "response": "承诺的答复时间",
    "resolution": "承诺的办结时间",
    "closing": "承诺的关闭时间",
}


def stated_lanes(timeline: Timeline, covered: Iterable[str]) -> list[Lane]:
    """A target for everything for which a date was stated and that no policy covers."""
    if not timeline.places("due-stated", "obligation-opened"):
        return []
    left_out, found = set(covered), dict[str, CompiledTarget]()
    for place in timeline.by_name.get("due-stated", ()):
        recorded = timeline.all[place].recorded
        about = str(recorded.event.target)
        if about not in left_out:
            found[about] = _of_case(about, recorded.occurred_zone)
    for place in timeline.by_name.get("obligation-opened", ()):
        recorded = timeline.all[place].recorded
        if recorded.event.due_at is not None and OWN_DUE not in left_out:
            found.setdefault(OWN_DUE, _of_obligation(str(recorded.event.kind), recorded.occurred_zone))
    return [(Stage(0, None, None, Why.TERMS, target),) for target in found.values()]


@lru_cache(maxsize=1_000)
def _of_case(about: str, place: str) -> CompiledTarget:
    plain = sub(r"[^a-z0-9]+", "-", about.lower()).strip("-")
    kind, stop = KINDS.get(plain, (TargetKind.OTHER, "any(case-resolved, case-closed)"))
    # A name in another script, or one that is too long, still has to give a key that stays.
    fits = plain == about and len(plain) <= LONGEST_SLUG
    target = Target(
        id=plain if fits else f"{plain[:40] or STATED}-{crc32(about.encode()):08x}",
        title=Title(en=f"Stated date: {about}"[:500], zh=TITLES_ZH.get(plain)),
        kind=kind,
        clock=StatedDate(type="stated_date", of=about),
        stop=stop,
    )
    return _compiled(target, place)


@lru_cache(maxsize=1_000)
def _of_obligation(kind: str, place: str) -> CompiledTarget:
    target = Target(
        id=OWN_DUE,
        title=Title(en=f"Obligation: {kind}", zh="约定的完成时间"),
        kind=TargetKind.OTHER,
        subject=SubjectKind.OBLIGATION,
        clock=StatedDate(type="stated_date", of=OWN_DUE),
        start="obligation-opened",
        stop="obligation-met",
        cancel="obligation-cancelled",
    )
    return _compiled(target, place)


def _compiled(target: Target, place: str) -> CompiledTarget:
    try:
        known = zone(place).key
    except UnknownZone:  # an older release of the zone data may have had it
        known = "UTC"
    return target_compiled(target.model_copy(update={"zone": known}), STATED, 0, None)
