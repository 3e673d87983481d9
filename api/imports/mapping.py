"""A mapping: how the columns of a file become commands, written in TOML."""

from __future__ import annotations

import codecs
import hashlib
import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, Self, TypeVar
from uuid import UUID, uuid5

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from api.imports.errors import BadMapping
from api.zones import zones
from domain.case.events import AttributeName, CaseKind, Level, PauseGround, Priority
from domain.channel import Channel, Direction
from domain.customer import CustomerKind
from domain.event import Label, ZoneName

SOURCES_NAMESPACE = UUID("0b7a4c0e-6d4b-5f0a-9a55-8a3f5f3c9d21")
SHIPPED = files("api.imports") / "mappings"
MOST_ATTRIBUTES = 60  # as many as fit, at their longest, into the 56 KiB that the ledger keeps of one event
# After noon, so that a format which loses half of the day does not give the same instant back.
TRIAL = datetime(2016, 2, 29, 13, 38, tzinfo=UTC)
# What some encodings read as half of a surrogate pair, which is no text.
ESCAPES = rb"+2AA- \ud800"
HALF_A_PAIR = re.compile("[\ud800-\udfff]")

Column = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""The name of a column, exactly as the file's first line has it."""

Code = TypeVar("Code")


def _known_encoding(name: str) -> str:
    try:
        known = codecs.lookup(name).name.removesuffix("-sig")
        if not _is_plain(known):
            raise ValueError(f"files in {name} are not read; convert the file to UTF-8 first")
    except LookupError as error:
        raise ValueError(f"there is no text encoding {name!r}") from error
    return known


def _is_plain(encoding: str) -> bool:
    """Whether it writes CSV's own characters as ASCII does, and reads text and nothing else out of any bytes."""
    try:
        read = ESCAPES.decode(encoding, "surrogateescape")
        return '",\n'.encode(encoding) == b'",\n' and not HALF_A_PAIR.search(read)
    except UnicodeError:
        return False


def _known_zone(name: str) -> str:
    if name not in zones():
        raise ValueError(f"there is no zone {name!r}; give an IANA name such as Europe/Berlin")
    return name


def _readable_format(given: str) -> str:
    lossy = ValueError(f"{given!r} loses part of a time; it needs at least year, month, day, hour and minute")
    if "%Y" not in given and "%y" not in given:
        raise lossy
    try:
        read_back = datetime.strptime(TRIAL.strftime(given), given).replace(tzinfo=UTC)
    except ValueError as error:
        raise ValueError(f"{given!r} is not a time format: {error}") from error
    if read_back != TRIAL:
        raise lossy
    return given


class Rule(BaseModel):
    """A table of the mapping."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FileForm(Rule):
    """How the file is written down."""

    encoding: Annotated[str, AfterValidator(_known_encoding)] = "utf-8"
    delimiter: Annotated[str, StringConstraints(pattern=r'^[^"\r\n\x00]$')] = ","
    missing: tuple[str, ...] = ()
    """What stands in a column that has nothing; an empty field always has nothing."""


class Rows(Rule):
    """How rows hang together: each is the whole record after one update, and those of a case stand together."""

    case: Column
    key: Annotated[tuple[Column, ...], Field(min_length=1)]
    """What tells the rows of a case apart, in every copy and extract of the file."""
    grouped: Literal[True]
    """Declares that the rows of a case stand together, in their order."""


class Times(Rule):
    """Where times stand and how they are written."""

    format: Annotated[str, AfterValidator(_readable_format)]
    zone: Annotated[ZoneName, AfterValidator(_known_zone)]
    zone_assumed: bool
    """Whether the file does not name the zone, so that the mapping only assumes it."""
    ambiguous: Literal["reject", "earlier", "later"] = "reject"
    """What becomes of a local time that occurs twice, when clocks go back."""
    received: Column
    updated: Column
    source_recorded: bool
    """Whether the time of an update is also when the source recorded it."""


class ActorRule(Rule):
    """Who made an update; a row that names nobody is the source's own doing."""

    column: Column


class CaseRule(Rule):
    """What every case of the file has."""

    kind: CaseKind
    received_by: Column | None = None
    registered_by: Column | None = None
    unit: Column | None = None
    handler: Column | None = None


class CustomerRule(Rule):
    """Whose case it is, by the key that the source has for them."""

    column: Column
    kind: CustomerKind


class Coded(Rule, Generic[Code]):
    """A column of codes, and what each means."""

    column: Column
    values: Annotated[dict[str, Code], Field(min_length=1)]


class ChannelRule(Coded[Channel]):
    """How the customer came."""

    when_missing: Channel | None = None
    direction: Direction = Direction.IN
    keep_as: AttributeName | None = None
    """The attribute that keeps the source's own word, where several words are one channel."""


class StateRule(Rule):
    """Where the case is in its life, in the source's words."""

    column: Column
    unknown: tuple[str, ...] = ()
    """Words which say that the source does not know; the case stays where it was."""
    registered: tuple[str, ...]
    in_progress: tuple[str, ...] = ()
    paused: dict[str, PauseGround] = Field(default_factory=dict)
    resolved: tuple[str, ...]
    closed: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _each_word_once(self) -> Self:
        words = Counter(
            (*self.unknown, *self.registered, *self.in_progress, *self.paused, *self.resolved, *self.closed)
        )
        twice = [word for word, count in words.items() if count > 1]
        if twice:
            raise ValueError(f"{_listed(twice)} is given twice")
        return self


class ClassificationRule(Rule):
    """The class the case is in."""

    category: Column
    subcategory: Column | None = None
    symptom: Column | None = None
    taxonomy: Label | None = None


class PriorityRule(Coded[Priority]):
    """How pressing the case is."""

    impact: Coded[Level] | None = None
    urgency: Coded[Level] | None = None


class Ignored(Rule):
    """Columns that say nothing about what happened, each for a stated reason; they are never read."""

    bookkeeping: tuple[Column, ...] = ()
    """The source's own counters and stamps, and what follows from other columns."""
    hindsight: tuple[Column, ...] = ()
    """What was known only later than the row it stands in: verdicts, final values on every row."""


class Mapping(Rule):
    """How the columns of a snapshot log become commands."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=64)]
    source: Label
    """The system that the file comes out of; its keys are unique inside it, and become ids under its name."""
    about: str = ""
    file: FileForm = FileForm()
    rows: Rows
    time: Times
    actor: ActorRule | None = None
    case: CaseRule
    customer: CustomerRule | None = None
    channel: ChannelRule
    state: StateRule
    classification: ClassificationRule | None = None
    priority: PriorityRule | None = None
    attributes: Annotated[dict[Column, AttributeName], Field(max_length=MOST_ATTRIBUTES)] = Field(default_factory=dict)
    """Columns that Daybook gives no meaning to, and the names under which it keeps them."""
    ignored: Ignored = Ignored()

    @property
    def namespace(self) -> UUID:
        """In which the source's keys become ids."""
        return uuid5(SOURCES_NAMESPACE, self.source)

    @property
    def digest(self) -> str:
        """What the mapping says (SHA-256, hex), whatever its file's spacing and comments."""
        said = self.model_dump(mode="json", exclude={"about"})
        return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def ruled(self) -> list[tuple[str, Column]]:
        """Each place in the mapping that reads, or leaves out, a column; row keys apart, which may be read twice."""
        places: list[tuple[str, Column | None]] = [
            ("rows.case", self.rows.case),
            ("time.received", self.time.received),
            ("time.updated", self.time.updated),
            ("case.received_by", self.case.received_by),
            ("case.registered_by", self.case.registered_by),
            ("case.unit", self.case.unit),
            ("case.handler", self.case.handler),
            ("channel.column", self.channel.column),
            ("state.column", self.state.column),
            *(("attributes", column) for column in self.attributes),
            *(("ignored.bookkeeping", column) for column in self.ignored.bookkeeping),
            *(("ignored.hindsight", column) for column in self.ignored.hindsight),
        ]
        if self.actor:
            places.append(("actor.column", self.actor.column))
        if self.customer:
            places.append(("customer.column", self.customer.column))
        if rule := self.classification:
            places += [("classification.category", rule.category), ("classification.subcategory", rule.subcategory)]
            places.append(("classification.symptom", rule.symptom))
        if rated := self.priority:
            places.append(("priority.column", rated.column))
            places += [("priority.impact.column", rated.impact.column)] if rated.impact else []
            places += [("priority.urgency.column", rated.urgency.column)] if rated.urgency else []
        return [(place, column) for place, column in places if column is not None]

    @model_validator(mode="after")
    def _one_rule_a_column(self) -> Self:
        rules: dict[Column, list[str]] = {}
        for place, column in self.ruled():
            rules.setdefault(column, []).append(place)
        left_out = {*self.ignored.bookkeeping, *self.ignored.hindsight}
        for column in self.rows.key:
            if column in left_out:
                rules[column].append("rows.key")
        doubled = [f"{column!r} ({' and '.join(places)})" for column, places in rules.items() if len(places) > 1]
        if doubled:
            raise ValueError(f"a column has one rule, but these have two: {', '.join(doubled)}")
        names = Counter(self.attributes.values())
        names[self.channel.keep_as or ""] += 1
        twice = [name for name, count in names.items() if count > 1]
        if twice:
            raise ValueError(f"the attribute {_listed(twice)} is given to two columns")
        return self

    def fits(self, header: Sequence[str], file: Path) -> None:
        """Checks that the mapping accounts for each column of a file. Raises: BadMapping, naming all that is amiss."""
        faults: list[str] = []
        doubled = [column for column, count in Counter(header).items() if count > 1]
        if doubled:
            faults.append(f"the file has the column {_listed(doubled)} twice")
        places = [*self.ruled(), *(("rows.key", column) for column in self.rows.key)]
        faults += [
            f"{place} names {column!r}, which the file lacks" for place, column in places if column not in header
        ]
        unnamed = [column for column in header if column not in {column for _, column in places}]
        if unnamed:
            faults.append(
                f"the file's {_listed(unnamed)} is named nowhere; list it under ignored if it is to be left out"
            )
        if faults:
            raise BadMapping(f"The mapping {self.name!r} does not fit {file}: {'; '.join(faults)}.")


def load_mapping(name_or_path: str | Path) -> Mapping:
    """The mapping that ships under a name, or the one in a file. Raises: BadMapping, with file and key."""
    path = Path(name_or_path)
    if path.suffix == ".toml" or path.exists():
        try:
            return parsed(path.read_text("utf-8"), str(path))
        except OSError as error:
            raise BadMapping(f"The mapping {path} cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise BadMapping(f"The mapping {path} is not UTF-8, as TOML is.") from error
    if str(name_or_path) not in shipped_mappings():
        known = ", ".join(shipped_mappings())
        raise BadMapping(f"There is no mapping {str(name_or_path)!r}. Name a TOML file, or one that ships: {known}.")
    file = SHIPPED / f"{name_or_path}.toml"
    return parsed(file.read_text("utf-8"), f"{name_or_path}.toml")


def shipped_mappings() -> list[str]:
    """The names of the mappings that come with Daybook."""
    return sorted(file.name.removesuffix(".toml") for file in SHIPPED.iterdir() if file.name.endswith(".toml"))


def parsed(text: str, file: str) -> Mapping:
    """The mapping in a text; `file` is told in errors. Raises: BadMapping."""
    try:
        return Mapping.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadMapping(f"The mapping {file} is not TOML: {error}.") from error
    except ValidationError as error:
        faults = "; ".join(_fault(fault) for fault in error.errors())
        raise BadMapping(f"The mapping {file} is not right: {faults}.") from error


def _fault(fault: Any) -> str:
    place = ".".join(str(part) for part in fault["loc"])
    said = str(fault["msg"]).removeprefix("Value error, ")
    return f"{place}: {said[:1].lower()}{said[1:]}" if place else said


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
