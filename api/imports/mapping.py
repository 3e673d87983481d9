"""What the mappings of all shapes have in common: how a file is written, whose it is, and what is left out of it."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self
from uuid import UUID

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.imports.clock import readable_format
from api.imports.errors import BadMapping
from api.source_keys import namespace_of
from api.zones import zones
from domain.case.events import AttributeName
from domain.customer import ContactKind, CustomerKind
from domain.event import Label, ZoneName

MOST_ATTRIBUTES = 60  # as many as fit, at their longest, into the 56 KiB that the ledger keeps of one event
# What some encodings read as half of a surrogate pair, which is no text.
ESCAPES = rb"+2AA- \ud800"
HALF_A_PAIR = re.compile("[\ud800-\udfff]")

Column = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""The name of a column, exactly as the file's first line has it; in NDJSON, the dotted path to a value."""
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500)]
"""Why something is left out, for people."""


def later(default: Any) -> Any:
    """A key that mappings did not always have: where it says nothing, a mapping's digest is what it was before."""
    return Field(default=default, exclude_if=lambda value: value == default)


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


class Rule(BaseModel):
    """A table of the mapping."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FileForm(Rule):
    """How the file is written down."""

    format: Literal["csv", "ndjson"] = later("csv")
    encoding: Annotated[str, AfterValidator(_known_encoding)] = "utf-8"
    delimiter: Annotated[str, StringConstraints(pattern=r'^[^"\r\n\x00]$')] = ","
    header: Literal["exact", "any-case"] = later("exact")
    """Whether the names of columns may be written in small letters or capitals, as it comes."""
    missing: tuple[str, ...] = ()
    """What stands in a column that has nothing; an empty field always has nothing."""


class ColumnForm(Rule):
    """What is particular about one column of the file."""

    also: tuple[Column, ...] = ()
    """Other names that it has in other copies of the file."""
    optional: bool = False
    """Whether there are files without it; then it has nothing."""
    missing: tuple[str, ...] = ()
    """What stands in it when it has nothing, besides the file's own marks."""


Format = Annotated[str, AfterValidator(readable_format)]


class TimeForm(Rule):
    """How times are written, and on which clocks."""

    format: Format | None = None
    formats: Annotated[tuple[Format, ...], Field(min_length=1)] | None = later(None)
    """Several, in the order in which they are tried."""
    zone: Annotated[ZoneName, AfterValidator(_known_zone)]
    zone_assumed: bool
    """Whether the file does not name the zone, so that the mapping only assumes it."""
    ambiguous: Literal["reject", "earlier", "later"] = "reject"
    """What becomes of a local time that occurs twice, when clocks go back."""
    skipped: Literal["reject", "forward"] = later("reject")
    """What becomes of a local time that does not occur, when clocks are put forward; `forward` reads it by the clock as
    it was before."""

    @property
    def tried(self) -> tuple[str, ...]:
        """The formats, in the order in which they are tried."""
        return self.formats or (self.format or "",)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.format is None) == (self.formats is None):
            raise ValueError("give either format or formats")
        return self


class ActorRule(Rule):
    """Who made an update; a row that names nobody is the source's own doing."""

    column: Column


class CustomerRule(Rule):
    """Whose case it is, by the key that the source has for them."""

    column: Column
    kind: CustomerKind


class PersonalRule(Rule):
    """Columns about persons. They are told when a case is received, and kept under a key that can be destroyed."""

    words: tuple[Column, ...] = ()
    """They become the words of the receipt, each with its name: about the customer, else about the case."""
    name: Column | None = None
    """The customer's."""
    contacts: dict[ContactKind, Column] = Field(default_factory=dict)
    """Ways to reach the customer."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """All of them."""
        return (*self.words, *([self.name] if self.name else []), *self.contacts.values())


class Ignored(Rule):
    """Columns that say nothing about what happened, each for a stated reason; they are never read."""

    bookkeeping: tuple[Column, ...] = ()
    """The source's own counters and stamps, and what follows from other columns."""
    hindsight: tuple[Column, ...] = ()
    """What was known only later than the row it stands in: verdicts, final values on every row."""
    columns: dict[Column, Reason] = later({})
    """Others, each with its reason."""


class Use(StrEnum):
    """How a place uses its column; places of one use may share a column, but those that want it alone."""

    ALONE = "alone"
    OPEN = "open"
    PERSONAL = "personal"


class Place(NamedTuple):
    """A place in the mapping that names a column."""

    name: str
    column: Column
    use: Use = Use.ALONE


class Mapping(Rule):
    """How the columns of a file become commands; each shape of file has its own."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=64)]
    source: Label
    """The system that the file comes out of; its keys are unique inside it, and become ids under its name."""
    about: str = ""
    file: FileForm = FileForm()
    columns: dict[Column, ColumnForm] = later({})
    actor: ActorRule | None = None
    customer: CustomerRule | None = None
    personal: PersonalRule | None = later(None)
    attributes: Annotated[dict[Column, AttributeName], Field(max_length=MOST_ATTRIBUTES)] = Field(default_factory=dict)
    """Columns that Daybook gives no meaning to, and the names under which it keeps them."""
    ignored: Ignored = Ignored()

    @property
    def namespace(self) -> UUID:
        """In which the source's keys become ids."""
        return namespace_of(self.source)

    @property
    def digest(self) -> str:
        """What the mapping says (SHA-256, hex), whatever its file's spacing and comments."""
        said = self.model_dump(mode="json", exclude={"about"})
        return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()

    @property
    def clocks(self) -> TimeForm:
        """How its times are written."""
        raise NotImplementedError

    @property
    def together(self) -> bool:
        """Whether the rows of a case are brought together, in the order of their times."""
        raise NotImplementedError

    @property
    def keyed(self) -> tuple[Column, ...]:
        """The columns that tell the rows of a case apart."""
        raise NotImplementedError

    @property
    def timed(self) -> list[Place]:
        """The places that name columns of times which every file must be able to show."""
        raise NotImplementedError

    @property
    def needed(self) -> list[Place]:
        """The places whose columns every row must have something in."""
        raise NotImplementedError

    def places(self) -> list[Place]:
        """Each place that reads, or leaves out, a column; row keys apart, which may be read twice."""
        ignored = self.ignored
        places = [
            *(Place("attributes", column, Use.OPEN) for column in self.attributes),
            *(Place("ignored.bookkeeping", column) for column in ignored.bookkeeping),
            *(Place("ignored.hindsight", column) for column in ignored.hindsight),
            *(Place("ignored.columns", column) for column in ignored.columns),
        ]
        if self.personal:
            places += [Place("personal", column, Use.PERSONAL) for column in self.personal.columns]
        if self.actor:
            places.append(Place("actor.column", self.actor.column, Use.OPEN))
        if self.customer:
            places.append(Place("customer.column", self.customer.column))
        return places

    def named(self) -> list[Place]:
        """Every place that names a column, row keys among them."""
        return [*self.places(), *(Place("rows.key", column) for column in self.keyed)]

    @property
    def left_out(self) -> frozenset[Column]:
        """The columns that are never read."""
        return frozenset((*self.ignored.bookkeeping, *self.ignored.hindsight, *self.ignored.columns))

    @model_validator(mode="after")
    def _one_rule_a_column(self) -> Self:
        rules: dict[Column, list[Place]] = {}
        for place in self.places():
            rules.setdefault(place.column, []).append(place)
        for column in self.keyed:
            if column in self.left_out:
                rules[column].append(Place("rows.key", column))
        doubled = [
            f"{column!r} ({' and '.join(dict.fromkeys(place.name for place in places))})"
            for column, places in rules.items()
            if len(places) > 1 and {place.use for place in places} not in ({Use.OPEN}, {Use.PERSONAL})
        ]
        if doubled:
            raise ValueError(f"a column has one rule, but these have two: {', '.join(doubled)}")
        twice = [name for name, count in Counter(self.attributes.values()).items() if count > 1]
        if twice:
            raise ValueError(f"the attribute {listed(twice)} is given to two columns")
        if self.personal and not self.customer and (self.personal.name or self.personal.contacts):
            raise ValueError("personal: a name and contacts are a customer's; add a [customer], or keep them as words")
        unnamed = [column for column in self.columns if column not in {place.column for place in self.named()}]
        if unnamed:
            raise ValueError(f"columns: {listed(unnamed)} is named nowhere else; give it a rule, or ignore it")
        return self

    def known_as(self, header: Sequence[str]) -> list[Column]:
        """The header in the names that the mapping has for its columns."""
        if self.file.header == "any-case":
            own = {column.casefold(): column for column in self._names()}
            header = [own.get(name.casefold(), name) for name in header]
        also = {other: column for column, form in self.columns.items() for other in form.also}
        if self.file.header == "any-case":
            also = {other.casefold(): column for other, column in also.items()}
            return [also.get(name.casefold(), name) for name in header]
        return [also.get(name, name) for name in header]

    def _names(self) -> Iterable[Column]:
        return dict.fromkeys(place.column for place in self.named())

    def fits(self, header: Sequence[str], file: Path) -> None:
        """Checks that the mapping accounts for each column of a file. Raises: BadMapping, naming all that is amiss."""
        faults: list[str] = []
        known = self.known_as(header)
        doubled = [column for column, count in Counter(known).items() if count > 1]
        if doubled:
            faults.append(f"the file has the column {listed(doubled)} twice")
        optional = {column for column, form in self.columns.items() if form.optional}
        faults += [
            f"{place.name} names {place.column!r}, which the file lacks"
            for place in dict.fromkeys(self.named())
            if place.column not in known and place.column not in optional
        ]
        names = set(self._names())
        unnamed = [column for column in known if column not in names]
        if unnamed:
            faults.append(
                f"the file's {listed(unnamed)} is named nowhere; list it under ignored if it is to be left out"
            )
        if faults:
            raise BadMapping(f"The mapping {self.name!r} does not fit {file}: {'; '.join(faults)}.")


def listed(names: Sequence[str]) -> str:
    """Names in quotes, one after the other."""
    return ", ".join(repr(name) for name in names)
