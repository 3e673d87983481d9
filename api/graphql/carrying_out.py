"""From an input to the ledger and back: the commands it becomes, and what came of them in the asker's words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID, uuid4, uuid5

from pydantic import ValidationError
from strawberry.utils.str_converters import to_camel_case

from api.access.principal import Principal
from api.access.reaching import sees
from api.graphql.codes import COMMAND_ID_REUSED, INVALID_INPUT, STALE_VERSION
from api.graphql.door import Door
from api.graphql.identity import Identity, global_id, identity_of
from api.graphql.inputs import Asked, AskedAgain, AskedOnce
from api.graphql.problem import Problem
from api.present import present
from api.zones import zones
from domain.envelope import Submission
from domain.event import Command, Refused
from domain.stream import Category, category_of, stream_of
from ledger.errors import CommandIdReused, NotCanonical, StreamMoved, TooLarge
from ledger.ledger import Ledger
from ledger.outcome import Accepted
from projections.reach import Reach

CHANNEL = "graphql"
MOST_ROUNDS = 10
"""Of as many tries as the ledger makes: enough for all the door's threads to be at one case, where each round lets
one of them through."""
ENVELOPE_FIELDS: Mapping[str, str] = {"at": "occurredAt", "zone": "occurredZone", "precision": "occurredPrecision"}

SURVIVORS: Mapping[str, Category] = MappingProxyType({"into": Category.CASE, "survivor": Category.CUSTOMER})
"""Params of refusals that name another thing, which may lie beyond the asker's reach."""
IN_OWN_NAME = ("requested_by", "approved_by", "declined_by")
"""Fields that say who asks or decides, on which the rule rests that these are two people."""


class Objection(NamedTuple):
    """Why it was not done, before it becomes a user error of one mutation."""

    code: str
    message: str
    field: tuple[str, ...] | None = None
    params: Mapping[str, Any] | None = None


class LedTo(NamedTuple):
    """What a refusal names as what stands in the place of something that was merged."""

    param: str
    kind: Category
    subject: UUID


class Objected(Exception):
    """The input cannot become commands."""

    def __init__(self, *objections: Objection) -> None:
        super().__init__(*objections)
        self.objections = objections


class Done(NamedTuple):
    """What came of an input: the stream it is about, the position that shows it, or why it was not done."""

    stream: str | None
    position: int | None
    objections: tuple[Objection, ...] = ()
    found: Any = None
    """What was worked out on the way, and is shown instead of the object as it is now."""


class Making:
    """The time, zone and ids out of which an input's commands are made."""

    def __init__(self, ledger: Ledger, asked: AskedOnce, principal: Principal, reach: Reach) -> None:
        self.ledger = ledger
        self.principal = principal
        self.reach = reach
        self.command_id = asked.command_id
        self.found: Any = None
        """What is worked out on the way, and shown instead of the object as it is now."""
        self.now = present(ledger)
        self.when: dict[str, Any] = {"at": self.now, "zone": ledger.zone}
        if isinstance(asked, Asked):
            self.when = {
                "at": asked.occurred_at or self.now,
                "zone": self.zone(asked.occurred_zone, "occurredZone"),
                "precision": asked.occurred_precision,
            }

    def new_id(self, what: Category) -> UUID:
        """An id for what a command begins: the same each time the command is asked for."""
        return uuid5(self.command_id, what)

    def id_of(self, text: str, kind: Category, field: str) -> UUID:
        """The id inside a global id. Raises: Objected."""
        try:
            found = identity_of(text, self.ledger.book, kind)
        except Problem as problem:
            raise Objected(Objection(INVALID_INPUT, problem.message, (field,))) from None
        return self._seen(found).subject

    def _seen(self, found: Identity) -> Identity:
        """The identity; one that leads nowhere in place of what lies beyond the asker's reach.

        Whatever is decided then is what is decided of an id that was never given to anything, to the letter.
        """
        return found if self.sees(found.kind, found.subject) else found._replace(subject=uuid4())

    def sees(self, kind: Category, subject: UUID) -> bool:
        """Whether something lies within the asker's reach."""
        return sees(self.ledger, self.reach, kind, subject)

    def existing(self, text: str | None, kind: Category, field: str) -> UUID | None:
        """The id of something that the command only refers to. Raises: Objected when it is not in the ledger."""
        if text is None:
            return None
        subject = self.id_of(text, kind, field)
        if not self.ledger.history(stream_of(kind, subject)):
            raise Objected(Objection(f"UNKNOWN_{kind.upper()}", f"There is no such {kind}.", (field,)))
        return subject

    def command(self, kind: type[Command], field: tuple[str, ...] = (), /, **content: Any) -> Command:
        """A command of this kind. Raises: Objected, with the fields at fault below `field`."""
        try:
            return kind(**self.when, **content)
        except ValidationError as error:
            raise Objected(*(invalid(field, dict(one)) for one in error.errors(include_url=False))) from None

    def stream_of(self, text: str, field: str) -> str:
        """The stream of whatever a global id stands for. Raises: Objected."""
        try:
            return self._seen(identity_of(text, self.ledger.book)).stream
        except Problem as problem:
            raise Objected(Objection(INVALID_INPUT, problem.message, (field,))) from None

    def zone(self, name: str | None, *field: str) -> str:
        """The zone of that name; the book's own for None. Raises: Objected."""
        if name is None:
            return self.ledger.zone
        if name not in zones():
            message = f"{name!r} is no IANA zone; give one such as Asia/Shanghai."
            raise Objected(Objection(INVALID_INPUT, message, field))
        return name


Maker = Callable[[Any, Making], Sequence[Command]]


def carried_out(door: Door, principal: Principal, reach: Reach, asked: AskedOnce, make: Maker) -> Done:
    """What came of an input, whose commands are all about the same stream. Faults of the ledger pass through."""
    ledger = door.ledger
    stream: str | None = None
    try:
        refuse_unwritable(asked)
        _refuse_other_names(principal, asked)
        making = Making(ledger, asked, principal, reach)
        commands = tuple(make(asked, making))
        stream = commands[0].stream
        accepted = _accepted(
            ledger,
            Submission(
                command_id=asked.command_id,
                commands=commands,
                actor=principal.actor,
                channel=CHANNEL,
                expected=_expected(asked, stream),
                said_at=making.now,
                times_stated=isinstance(asked, Asked) and asked.occurred_at is not None,
                client=principal.client,
                address=principal.address,
            ),
        )
    except Objected as error:
        return Done(stream, None, error.objections)
    except Refused as refused:
        led = leads_to(refused)
        told = led is None or sees(ledger, reach, led.kind, led.subject)
        return Done(stream, ledger.head(), (objection_of(refused, ledger.book, told=told),))
    except StreamMoved as moved:
        return Done(stream, ledger.head(), (_stale(moved),))
    except CommandIdReused as error:
        return Done(None, None, (Objection(COMMAND_ID_REUSED, str(error), ("commandId",)),))
    except (TooLarge, NotCanonical) as error:
        return Done(stream, None, (Objection(INVALID_INPUT, str(error)),))
    return Done(stream, accepted.position, found=making.found)


def _refuse_other_names(principal: Principal, asked: AskedOnce) -> None:
    """Raises: Objected when somebody who signed in asks or decides in another one's name."""
    if not principal.signed_in:
        return
    other = [name for name in IN_OWN_NAME if getattr(asked, name, principal.name) != principal.name]
    if other:
        message = f"You are signed in as {principal.name!r}, and ask and decide in that name only."
        raise Objected(*(Objection(INVALID_INPUT, message, (to_camel_case(name),)) for name in other))


def _accepted(ledger: Ledger, submission: Submission) -> Accepted:
    """What was written. Others at the same stream are no reason to give up, unless the asker named its version."""
    for _ in range(MOST_ROUNDS - 1):
        try:
            return ledger.carry_out(submission)
        except StreamMoved:
            if submission.expected:
                raise
    return ledger.carry_out(submission)


def _expected(asked: AskedOnce, stream: str) -> tuple[tuple[str, int], ...]:
    seen = asked.expected_version if isinstance(asked, AskedAgain) else None
    return () if seen is None else ((stream, seen),)


def _stale(moved: StreamMoved) -> Objection:
    message = (
        f"This {category_of(moved.stream)} is not at version {moved.version}; look at it as it is now, and decide anew."
    )
    return Objection(STALE_VERSION, message, ("expectedVersion",), {"expectedVersion": moved.version})


def leads_to(refused: Refused) -> LedTo | None:
    """What a refusal names as what stands in the place of its subject; None when it names nothing of the kind."""
    found = ((name, kind) for name, kind in SURVIVORS.items() if name in refused.params)
    return next((LedTo(name, kind, UUID(refused.params[name])) for name, kind in found), None)


def objection_of(refused: Refused, book: str, *, told: bool) -> Objection:
    """A refusal in the terms of this door. It names what it leads to by the id that this door knows, if the asker is
    `told` of that, and else does not name it at all."""
    led, message, params = leads_to(refused), refused.message, refused.params
    if led is not None and told:
        params = {**params, led.param: global_id(led.kind, book, led.subject)}
    elif led is not None:
        params = {name: value for name, value in params.items() if name != led.param}
        message = message.replace(f"{led.kind} {led.subject}", f"another {led.kind}")
    return Objection(refused.code, message, _field(refused.field), params)


def _field(name: str | None) -> tuple[str, ...] | None:
    """The input's field for a command's."""
    return None if name is None else (ENVELOPE_FIELDS.get(name) or to_camel_case(name),)


def invalid(below: tuple[str, ...], error: Mapping[str, Any]) -> Objection:
    """A form error of a command as an objection, with the limits it names."""
    path = tuple(str(part) for part in error["loc"])
    field = tuple(ENVELOPE_FIELDS.get(part) or to_camel_case(part) for part in path)
    limits = {name: value for name, value in error.get("ctx", {}).items() if isinstance(value, str | int)}
    message = str(error["msg"]).removeprefix("Value error, ")
    return Objection(INVALID_INPUT, f"{message[:1].upper()}{message[1:]}.", (*below, *field) or None, limits or None)


def refuse_unwritable(value: Any) -> None:
    """Raises: Objected for a character that no text of the ledger may have, wherever in the input it stands."""
    faulty = [path for path, text in _texts(value, ()) if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text)]
    if faulty:
        message = "This text has a character in it that is none: U+0000 or half of a surrogate pair."
        raise Objected(*(Objection(INVALID_INPUT, message, path) for path in faulty))


def _texts(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*path, str(index)))
    elif is_dataclass(value):
        for each in fields(value):
            yield from _texts(getattr(value, each.name), (*path, to_camel_case(each.name)))
