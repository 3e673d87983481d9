"""A declared process (规范流程) as data: its steps, and the rules by which they follow one another.

It lies here and not in the domain, since nothing is decided by it: what a live command may do is for the deciders to
say. A process is what the second look measures histories by, an installation's own as well as the one that ships.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import Field, PlainSerializer, StringConstraints

from domain.case.rules import Departure
from domain.case.vocabulary import CaseKind
from domain.envelope import ActorKind
from domain.event import NO_NUL, Label
from domain.sla.document import Part, Slug
from domain.sla.expression import AllOf, Expression, ExpressionText, Happens, leaves, read
from domain.sla.naming import events_of, naming_problems
from domain.sla.policy import SubjectKind, duration
from domain.sla.shape import Path, Problem, near, shape_problems
from domain.stream import Category

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=NO_NUL)]
Span = Annotated[timedelta, Field(gt=timedelta()), PlainSerializer(duration, return_type=str, when_used="json")]
MOST_PARTS = 100
"""So many steps, and so many rules, a process has at the most."""


class Per(StrEnum):
    """Within what a rule holds."""

    CASE = "case"
    """The whole life of the case."""
    CYCLE = "cycle"
    """From the receipt, or from a reopening, to the next one."""


class RuleKind(StrEnum):
    """What a rule says of its step."""

    NEEDS = "needs"
    """Another step comes before it."""
    NOT_AFTER = "not-after"
    """It does not come after another step."""
    MOST = "most"
    """It is done so often at the most."""
    WHO = "who"
    """It is done by certain kinds of actors, or in certain roles."""
    OTHER_THAN = "other-than"
    """It is done by somebody else than another step."""
    OWED = "owed"
    """It is owed once another step was done."""


class Both(Part):
    """What people read, in both languages."""

    en: Text
    zh: Text


class Step(Part):
    """A step of the process, and the events by which it is done."""

    id: Slug
    title: Both
    when: ExpressionText
    """An event, or any of several, such as `any(response-sent(kind=first), case-acknowledged)`."""
    or_naming: Mapping[Slug, tuple[Label, ...]] = Field(default_factory=dict)
    """Further events that do it when one of these fields of them is filled, such as a registration that names a unit.
    """


class Rule(Part):
    """Something that the process asks of one of its steps; one of `needs` to `owed_after` says what."""

    id: Slug
    title: Both
    """The departure in a few words, as lists call it."""
    step: Slug
    needs: Slug | None = None
    not_after: Slug | None = None
    most: Annotated[int, Field(ge=0, le=1_000)] | None = None
    actors: tuple[ActorKind, ...] = ()
    roles: tuple[Label, ...] = ()
    """Of persons, as they claimed them when they acted."""
    other_than: Slug | None = None
    owed_after: Slug | None = None
    until: Slug | None = None
    """Of what is owed: the step before which it is to be done. Until then it is still open."""
    within: Span | None = None
    """Of what is owed: the time that it may take, by the clock on the wall. Working time is for policies."""
    waived_by: Slug | None = None
    """Of what is owed: the step after which it is owed no longer, as it is after a reopening. Neither takes back what
    had departed by then."""
    per: Per = Per.CASE
    kinds: tuple[CaseKind, ...] = ()
    """The kinds of cases of which it is asked; none is all of them."""
    departures: tuple[Departure, ...] = ()
    """The marks that imported history bears where the deciders noticed the same."""
    source: Text | None = None
    """Where it is written down."""

    @property
    def kind(self) -> RuleKind:
        """What it says."""
        return _said(self)[0]

    @property
    def other(self) -> str | None:
        """The other step that it speaks of."""
        return self.needs or self.not_after or self.other_than or self.owed_after


class Process(Part):
    """The steps of a case and the rules of their order, in a version."""

    name: Slug
    version: Label
    title: Both
    kinds: tuple[CaseKind, ...] = ()
    """The kinds of cases that it is for; none is all of them."""
    cycle: Slug | None = None
    """The step with which another cycle begins."""
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=MOST_PARTS)]
    rules: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=MOST_PARTS)]

    def step(self, name: str) -> Step:
        """The step of that name, which there is."""
        return next(step for step in self.steps if step.id == name)

    def rule(self, name: str) -> Rule:
        """The rule of that name, which there is."""
        return next(rule for rule in self.rules if rule.id == name)


class BadProcess(ValueError):
    """A process with mistakes; lists all of them."""

    def __init__(self, mistakes: Sequence[Problem]) -> None:
        told = "; ".join(f"{each.place}: {each.message}" if each.path else each.message for each in mistakes)
        super().__init__(f"This process cannot be used: {told}")
        self.mistakes = tuple(mistakes)


def process_of(raw: Mapping[str, Any]) -> Process:
    """The process in a raw document. Raises: BadProcess with every mistake."""
    found = process_problems(raw)
    if found:
        raise BadProcess(found)
    return Process.model_validate(raw)


def process_problems(raw: Mapping[str, Any]) -> tuple[Problem, ...]:
    """The mistakes of a document, each with its place; those of its names once it has the right shape."""
    shape = shape_problems(Process, raw)
    if shape:
        return shape
    process = Process.model_validate(raw)
    return (*_of_steps(process), *_of_rules(process))


def _said(rule: Rule) -> tuple[RuleKind, ...]:
    told = {
        RuleKind.NEEDS: rule.needs is not None,
        RuleKind.NOT_AFTER: rule.not_after is not None,
        RuleKind.MOST: rule.most is not None,
        RuleKind.WHO: bool(rule.actors or rule.roles),
        RuleKind.OTHER_THAN: rule.other_than is not None,
        RuleKind.OWED: rule.owed_after is not None,
    }
    return tuple(kind for kind, is_said in told.items() if is_said)


FIELDS: Mapping[RuleKind, str] = MappingProxyType({
    RuleKind.NEEDS: "needs",
    RuleKind.NOT_AFTER: "not_after",
    RuleKind.MOST: "most",
    RuleKind.WHO: "actors or roles",
    RuleKind.OTHER_THAN: "other_than",
    RuleKind.OWED: "owed_after",
})  # fmt: skip


def _of_steps(process: Process) -> Iterator[Problem]:
    yield from _twice([step.id for step in process.steps], "steps")
    if process.cycle is not None:
        yield from _step_named(process, process.cycle, ("cycle",))
    events = events_of(Category.CASE)
    for place, step in enumerate(process.steps):
        at: Path = ("steps", place, "when")
        expression = read(step.when)
        unknown = [leaf.name for leaf in leaves(expression) if leaf.name not in events]
        for name in unknown:
            yield Problem(at, f"Nothing called {name!r} happens to a case{near(name, events)}")
        if not unknown:
            yield from naming_problems(step.when, at, SubjectKind.CASE)
        if _waits_for_several(expression):
            yield Problem(at, "A step is done by one event: name one, or any of several, and refer to no other by @.")
        for name, fields in step.or_naming.items():
            yield from _naming(name, fields, ("steps", place, "or_naming", name))


def _naming(name: str, fields: Iterable[str], at: Path) -> Iterator[Problem]:
    events = events_of(Category.CASE)
    if name not in events:
        yield Problem(at, f"Nothing called {name!r} happens to a case{near(name, events)}")
        return
    for field in fields:
        if field not in events[name].model_fields:
            yield Problem(at, f"{name} has no field {field!r}{near(field, events[name].model_fields)}")


def _waits_for_several(expression: Expression) -> bool:
    if isinstance(expression, Happens):
        return bool(expression.references)
    return isinstance(expression, AllOf) or any(map(_waits_for_several, expression.of))


def _of_rules(process: Process) -> Iterator[Problem]:
    yield from _twice([rule.id for rule in process.rules], "rules")
    for place, rule in enumerate(process.rules):
        at: Path = ("rules", place)
        for field in ("step", "needs", "not_after", "other_than", "owed_after", "until", "waived_by"):
            named = getattr(rule, field)
            if named is not None:
                yield from _step_named(process, named, (*at, field))
        said = _said(rule)
        if not said:
            yield Problem(at, f"It asks nothing of the step; give one of {', '.join(FIELDS.values())}.")
        elif len(said) > 1:
            yield Problem(at, f"It has {' and '.join(FIELDS[each] for each in said)}; make a rule of each.")
        for field in ("until", "within", "waived_by"):
            if getattr(rule, field) is not None and RuleKind.OWED not in said:
                yield Problem((*at, field), "It is about what is owed; give owed_after as well, or leave it out.")
        if rule.per is Per.CYCLE and process.cycle is None:
            yield Problem((*at, "per"), "The process does not say with which step another cycle begins; give it cycle.")


def _step_named(process: Process, name: str, at: Path) -> Iterator[Problem]:
    names = [step.id for step in process.steps]
    if name not in names:
        yield Problem(at, f"There is no step {name!r}{near(name, names)}")


def _twice(names: Sequence[str], field: str) -> Iterator[Problem]:
    for place, name in enumerate(names):
        if name in names[:place]:
            yield Problem((field, place, "id"), f"{field}[{names.index(name)}] is called {name!r} as well.")
