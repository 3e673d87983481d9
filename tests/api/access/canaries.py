"""Texts that stand in the data of one unit and nowhere else: an answer to others that has one in it gave it away.

The units of the small group get cases to which nearly everything was done that the schema knows, and every text of it
was made up for that unit.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID, uuid4, uuid5

import orjson
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLList, get_nullable_type, is_required_input_field
from strawberry.utils.str_converters import to_camel_case

from api.graphql.identity import global_id, parts_of
from api.graphql.mutations import MUTATIONS
from api.graphql.schema import SCHEMA
from domain.stream import Category
from tests.api.access.any_document import Sent
from tests.api.access.world import EAST, NORTH, Signed, World

FILLED = (NORTH, EAST)
ABOUT = {"case", "customer", "touchpoint", "obligation", "staff", "record"}
LEFT_OUT = {"registerCustomer", "mergeCustomers", "receiveCase", "registerCase", "mergeCase"}
"""What makes customers without a case, who are everybody's, or what the filling does itself."""
PERSONAL = {"words", "renameCustomer.name", "recordContact.value"}
PHONE = "138 0013 1111"
OWN_NAME = {"requestedBy", "approvedBy", "declinedBy"}
OPAQUE = re.compile(r"[A-Za-z0-9_-]{16,}")


class Canary(NamedTuple):
    """A text, and how else it may show."""

    text: str
    personal: bool = False
    also: tuple[str, ...] = ()
    said_in: str = ""
    """The mutation and the field of its input."""

    @property
    def forms(self) -> tuple[str, ...]:
        """How it may show."""
        return (self.text, *self.also)


class Canaries:
    """The world, with its secrets by unit."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.of: dict[str, list[Canary]] = {unit: list(_of_the_world(world, unit)) for unit in world.cases}
        self.done: dict[str, set[str]] = {}
        for unit in FILLED:
            self.done[unit] = _Filling(world, unit, self.of[unit]).everything()

    def of_units(self, *units: str) -> list[Canary]:
        """Those of some units, that are no other's."""
        return [canary for unit in units for canary in self.of[unit] if canary.text != PHONE]

    def between_units(self, unit: str, spoken: frozenset[str]) -> list[Canary]:
        """What a unit wrote of its own cases, but for what is said to their customers."""
        said = (canary for canary in self.of[unit] if canary.said_in and not canary.personal)
        return [canary for canary in said if canary.said_in not in spoken]

    def personal(self) -> list[Canary]:
        """What people are called and said, and how they are reached, of everybody."""
        return [canary for found in self.of.values() for canary in found if canary.personal]


def given_away(secrets: list[Canary], answer: Mapping[str, Any], request: Sent) -> list[str]:
    """The secrets that an answer has in it, also inside of ids and cursors, and that whoever asked did not say.

    Data repeats nothing that was only asked for.
    """
    known = _with_opened(request.said)
    parts = {
        _with_opened(orjson.dumps(answer.get("data")).decode()): known if request.changes else "",
        _with_opened(orjson.dumps(answer.get("errors")).decode()): known,
    }
    return [
        canary.text
        for told, repeated in parts.items()
        for canary in secrets
        if any(form in told for form in canary.forms) and not any(form in repeated for form in canary.forms)
    ]


def _with_opened(text: str) -> str:
    """A text, and what lies in the opaque parts of it."""
    return "\n".join([text, *_opened(text)])


def _opened(text: str) -> Iterator[str]:
    for found in OPAQUE.findall(text):
        try:
            yield urlsafe_b64decode(found + "=" * (-len(found) % 4)).decode()
        except ValueError:
            continue


def _of_the_world(world: World, unit: str) -> Iterator[Canary]:
    for of in (world.cases, world.customers, world.obligations, world.touchpoints):
        yield Canary(of[unit], also=(parts_of(of[unit])[2],))
    yield Canary(world.numbers[unit])
    if unit in world.staff:
        yield Canary(world.staff[unit], also=(parts_of(world.staff[unit])[2],))
        yield Canary(f"{unit}的员工")
    yield Canary(f"客户{unit}", personal=True)
    yield Canary(f"{unit}: 我的话", personal=True)
    yield Canary(PHONE, personal=True)
    yield from (Canary(text) for text in (f"INC-{unit}", f"K-{unit}", f"{unit} 的事"))


class _Filling:
    """Does to things of one unit whatever the schema knows, with texts that nobody else has."""

    def __init__(self, world: World, unit: str, canaries: list[Canary]) -> None:
        self._world = world
        self._unit = unit
        self._canaries = canaries
        self._mark = {NORTH: "bei", EAST: "dong"}[unit]
        self._case = self._new_case()
        self._texts: list[Canary] = []
        self._doing = ""

    def everything(self) -> set[str]:
        """Tries each mutation, on a case that has seen the others and on a fresh one; gives back those that were
        done."""
        done = set()
        for mutation in MUTATIONS:
            name = to_camel_case(mutation.name)
            if mutation.subject.name not in ABOUT or name in LEFT_OUT:
                continue
            if self._tried(name, self._case) or self._tried(name, self._new_case()):
                done.add(name)
        return done

    def _tried(self, name: str, case: str) -> bool:
        self._texts, self._doing = [], name
        asked = self._input(SCHEMA._schema.type_map[f"{name[0].upper()}{name[1:]}Input"], case)
        payload = self._by(name).change(name, "__typename", **asked)
        if payload["userErrors"]:
            return False
        self._canaries += self._texts
        return True

    def _by(self, name: str) -> Signed:
        """Who approves is somebody else than who asks."""
        approving = name.startswith("approve")
        return self._world.signed("administrator", name="审批员") if approving else self._world.administrator

    def _new_case(self) -> str:
        by, command_id = self._world.administrator, uuid4()
        case = global_id(Category.CASE, "main", uuid5(command_id, Category.CASE))
        by.ask(
            "mutation($a: ReceiveCaseInput!, $b: RegisterCaseInput!) {"
            " receiveCase(input: $a) { userErrors { code } } registerCase(input: $b) { userErrors { code } } }",
            a={
                "commandId": str(command_id),
                "kind": "COMPLAINT",
                "channel": "WEB",
                "customerId": self._world.customers[self._unit],
            },
            b={"commandId": str(uuid4()), "caseId": case, "unit": self._unit},
        )
        self._canaries.append(Canary(case, also=(str(UUID(parts_of(case)[2])),)))
        return case

    def _input(self, kind: Any, case: str) -> dict[str, Any]:
        return {
            name: self._value(field.type, name, case)
            for name, field in kind.fields.items()
            if name not in {"commandId", "expectedVersion", "occurredAt", "occurredZone", "occurredPrecision"}
            and (is_required_input_field(field) or self._is_text(field.type) or name == "redress")
        }

    def _is_text(self, kind: Any) -> bool:
        return getattr(get_nullable_type(kind), "name", None) == "String"

    def _value(self, kind: Any, name: str, case: str) -> Any:
        inner = get_nullable_type(kind)
        if isinstance(inner, GraphQLList):
            return [self._value(inner.of_type, name, case)]
        if isinstance(inner, GraphQLInputObjectType):
            return self._input(inner, case)
        if isinstance(inner, GraphQLEnumType):
            return next(iter(inner.values))
        world, unit = self._world, self._unit
        ids = {"customerId": world.customers, "obligationId": world.obligations, "staffId": world.staff}
        match inner.name, name:
            case "ID", ("caseId" | "recordId"):
                return case
            case "ID", _:
                return ids.get(name, world.cases)[unit]
            case "String", _:
                return self._text(name)
            case _, "minorUnits":
                return self._money()
            case other, _:
                return {
                    "UUID": str(uuid4()),
                    "DateTime": "2199-01-01T00:00:00Z",
                    "Date": "2026-01-01",
                    "Boolean": True,
                    "JSON": {},
                }.get(other, 1)

    def _text(self, name: str) -> str:
        known = {
            "currency": "CNY", "language": "zh", "target": "resolution", "unit": self._unit, "fromUnit": self._unit,
            "toUnit": self._unit,
        }  # fmt: skip
        if name in OWN_NAME:
            return "审批员" if name == "approvedBy" else "管理员"
        if name in known:
            return known[name]
        said_in = f"{self._doing}.{name}"
        number = len(self._canaries) + len(self._texts)
        personal = not PERSONAL.isdisjoint({name, said_in})
        self._texts.append(Canary(f"canary-{self._mark}-{number:04}", personal, said_in=said_in))
        return self._texts[-1].text

    def _money(self) -> int:
        """An amount that nobody else gets."""
        number = 770_000_000 + 1_000 * FILLED.index(self._unit) + len(self._canaries) + len(self._texts)
        self._texts.append(Canary(str(number), said_in=f"{self._doing}.minorUnits"))
        return number
