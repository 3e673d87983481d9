"""Everything that the surroundings decide: read from the environment once, here and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
)

from api.log_lines import LogFormat
from api.zones import zones
from ledger.account import default_data
from ledger.errors import LedgerError


class WrongSetting(LedgerError):
    """A setting is missing, or cannot be used as it is."""


def _known_zone(name: str) -> str:
    if name not in zones():
        raise ValueError(f"{name} is no IANA zone; give one such as Asia/Shanghai")
    return name


def _split(given: object) -> object:
    return tuple(part.strip() for part in given.split(",") if part.strip()) if isinstance(given, str) else given


def _network(text: str) -> str:
    try:
        return str(ip_network(text, strict=False)) if "/" in text else str(ip_address(text))
    except ValueError:
        raise ValueError(f"{text} is neither an address nor a network; give one such as 10.0.0.0/8") from None


T = TypeVar("T")
Listed = Annotated[tuple[T, ...], BeforeValidator(_split)]
"""Several, separated by commas."""
Host = Annotated[str, StringConstraints(pattern=r"^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$")]
"""A name of a host; an asterisk may stand for all below another."""
Network = Annotated[str, AfterValidator(_network)]
BookName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
"""1 to 40 of a-z, 0-9 and dash, the first a letter."""


class Settings(BaseModel):
    """What the environment says. The alias of each field is its variable, and its docstring is on docs/settings.md."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        validate_by_name=True,
    )

    database_url: str | None = Field(None, alias="DATABASE_URL")
    """The database, as the writer reaches it; without it, an embedded PostgreSQL."""
    owner_url: str | None = Field(None, alias="DAYBOOK_OWNER_URL")
    """The same database, as the owner of its schemas reaches it; only `daybook migrate` needs it."""
    projector_url: str | None = Field(None, alias="DAYBOOK_PROJECTOR_URL")
    """The same database, as the projector reaches it, who owns the views."""
    book: BookName = Field("main", alias="DAYBOOK_BOOK")
    """The book to work on."""
    zone: Annotated[str, AfterValidator(_known_zone)] = Field("UTC", alias="DAYBOOK_ZONE")
    """The IANA zone in which the years of a book begin that is opened anew; for good."""
    master_key: SecretStr | None = Field(None, alias="DAYBOOK_MASTER_KEY")
    """32 bytes in base64, under which the keys of customers are wrapped."""
    master_key_file: Path | None = Field(None, alias="DAYBOOK_MASTER_KEY_FILE")
    """A file that holds the same."""
    data: Path = Field(default_factory=lambda: default_data(Path.cwd()).parent, alias="DAYBOOK_DATA")
    """The folder of the embedded PostgreSQL (`pg`) and of its master key (`master.key`)."""
    alarms: bool = Field(True, alias="DAYBOOK_ALARMS")
    """Whether a server notes warnings, misses and escalations as they become due. `daybook alarms` does in any case."""
    oidc_issuer: str | None = Field(None, alias="DAYBOOK_OIDC_ISSUER")
    """Whose bearer tokens let people in, as the tokens have it in `iss`. None: there is no sign-in."""
    oidc_audience: str | None = Field(None, alias="DAYBOOK_OIDC_AUDIENCE")
    """For whom those tokens have to be, in `aud`."""
    oidc_jwks: str | None = Field(None, alias="DAYBOOK_OIDC_JWKS")
    """The issuer's key set (JWKS): an https URL, or a file."""
    oidc_name_claim: str = Field("preferred_username", alias="DAYBOOK_OIDC_NAME_CLAIM")
    """Where a token has somebody's name at work: one that they cannot change themselves, since by it who asks is told
    from who approves. A name with dots leads into objects."""
    oidc_roles_claim: str = Field("roles", alias="DAYBOOK_OIDC_ROLES_CLAIM")
    """Where it has their roles, such as `realm_access.roles`."""
    oidc_unit_claim: str = Field("unit", alias="DAYBOOK_OIDC_UNIT_CLAIM")
    """Where it has the unit of an agent or a supervisor, by its name."""
    oidc_customer_claim: str = Field("customer", alias="DAYBOOK_OIDC_CUSTOMER_CLAIM")
    """Where it has a customer's UUID in the ledger."""
    patience_seconds: float = Field(10.0, ge=1, le=3600, alias="DAYBOOK_PATIENCE_SECONDS")
    """How long to go on trying while the database does not answer."""
    production: bool = Field(False, alias="DAYBOOK_PRODUCTION")
    """Whether strangers may reach the server: then it shows neither its schema, nor names out of it, nor the IDE."""
    hosts: Listed[Host] = Field((), alias="DAYBOOK_HOSTS")
    """The names by which clients reach the server, besides this machine's own; `*.example.org` stands for many."""
    proxies: Listed[Network] = Field((), alias="DAYBOOK_PROXIES")
    """The addresses or networks of proxies, whose word is taken for who it is that asks."""
    drain_seconds: float = Field(0.0, ge=0, le=3600, alias="DAYBOOK_DRAIN_SECONDS")
    """How long a server that is told to end goes on while it says that it is not ready, so that others take over."""
    grace_seconds: int = Field(10, ge=1, le=3600, alias="DAYBOOK_GRACE_SECONDS")
    """How long it then has for what it has begun."""
    documents: Path | None = Field(None, alias="DAYBOOK_DOCUMENTS")
    """A manifest of trusted documents, which may be asked for by their ids."""
    documents_only: bool = Field(False, alias="DAYBOOK_DOCUMENTS_ONLY")
    """Whether no other documents are carried out."""
    log: LogFormat = Field(LogFormat.TEXT, alias="DAYBOOK_LOG")
    """How a server logs: `text` for people, or `json`, a document a line without anything personal."""
    traces: bool = Field(False, alias="DAYBOOK_TRACES")
    """Whether a server sends traces to where the variables of OpenTelemetry say; `daybook[otel]` has what it needs."""
    ready_lag_seconds: float = Field(60.0, gt=0, alias="DAYBOOK_READY_LAG_SECONDS")
    """How far the views may be behind before a server says that it is not ready."""
    body_bytes: int = Field(512 * 1024, ge=1024, alias="DAYBOOK_BODY_BYTES")
    """How long the body of a request may be; the schema has no use for a longer one."""
    body_seconds: float = Field(30.0, gt=0, le=3600, alias="DAYBOOK_BODY_SECONDS")
    """How long the body of a request may take to come."""
    ingest_bytes: int = Field(16 * 1024 * 1024, ge=1024, alias="DAYBOOK_INGEST_BYTES")
    """How long a body of items may be, at `/ingest`."""
    ingest_items: int = Field(10_000, ge=1, alias="DAYBOOK_INGEST_ITEMS")
    """How many items one such body may hold, or lines."""
    ingests_at_once: int = Field(4, ge=1, alias="DAYBOOK_INGESTS_AT_ONCE")
    """How many such bodies one server works at; those beyond are asked to come again."""
    attachment_bytes: int = Field(100 * 1024 * 1024, ge=1, le=10 * 1024**3, alias="DAYBOOK_ATTACHMENT_BYTES")
    """How long a file may be that is uploaded."""
    transfers_at_once: int = Field(16, ge=1, alias="DAYBOOK_TRANSFERS_AT_ONCE")
    """How many files one server takes in or hands out at a time; those beyond are asked to come again."""
    operation_seconds: float = Field(30.0, gt=0, le=3600, alias="DAYBOOK_OPERATION_SECONDS")
    """How long an operation may take; then it is answered with an error, and its statements are stopped."""
    statement_seconds: float = Field(60.0, gt=0, le=3600, alias="DAYBOOK_STATEMENT_SECONDS")
    """How long the database lets a server's statement run that reads, whatever has become of the server."""
    operations_at_once: int = Field(64, ge=1, alias="DAYBOOK_OPERATIONS_AT_ONCE")
    """How many operations one server works at; those beyond are asked to come again."""
    rate_per_second: float = Field(200.0, ge=0, alias="DAYBOOK_RATE_PER_SECOND")
    """How many requests a second each caller may go on sending: whoever signed in, wherever they are, and else the
    network that requests come from; 0 is any number."""
    rate_burst: int = Field(2_000, ge=1, alias="DAYBOOK_RATE_BURST")
    """How many a caller may send at once who has sent none for a while."""
    sockets: int = Field(2_000, ge=0, alias="DAYBOOK_SOCKETS")
    """How many WebSockets one server keeps open; those beyond are asked to come again."""
    sockets_of_caller: int = Field(200, ge=0, alias="DAYBOOK_SOCKETS_OF_CALLER")
    """How many of them may be one caller's."""
    socket_operations: int = Field(50, ge=1, alias="DAYBOOK_SOCKET_OPERATIONS")
    """How many operations, subscriptions among them, run on one WebSocket at a time."""
    socket_init_seconds: float = Field(10.0, gt=0, le=3600, alias="DAYBOOK_SOCKET_INIT_SECONDS")
    """How long a WebSocket may take to say who asks; then it is closed."""
    socket_send_seconds: float = Field(10.0, gt=0, le=3600, alias="DAYBOOK_SOCKET_SEND_SECONDS")
    """How long the other end of a WebSocket may take to read what is sent to it; then it is closed."""
    socket_recheck_seconds: float = Field(30.0, gt=0, le=3600, alias="DAYBOOK_SOCKET_RECHECK_SECONDS")
    """How often the token of a WebSocket is looked at again, besides at its end; one whose key is gone ends it."""
    socket_ping_seconds: float = Field(20.0, ge=1, le=3600, alias="DAYBOOK_SOCKET_PING_SECONDS")
    """How often a WebSocket is pinged, lest a proxy take it for dead; one that does not answer as soon is closed."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """The settings; a variable that is set to nothing counts as not set. Raises: WrongSetting."""
        variables = [str(field.alias) for field in cls.model_fields.values()]
        given: dict[str, Any] = {name: environment[name] for name in variables if environment.get(name, "").strip()}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            raise WrongSetting(f"{first['loc'][0]} cannot be used: {first['msg']}.") from error

    @property
    def signs_in(self) -> bool:
        """Whether an issuer is named whose tokens let people in. Raises: WrongSetting when half of it is named."""
        told = {
            "DAYBOOK_OIDC_ISSUER": self.oidc_issuer,
            "DAYBOOK_OIDC_AUDIENCE": self.oidc_audience,
            "DAYBOOK_OIDC_JWKS": self.oidc_jwks,
        }
        missing = [name for name, value in told.items() if value is None]
        if missing and len(missing) < len(told):
            raise WrongSetting(f"Sign-in is half set up: {', '.join(missing)} missing. Set all of {', '.join(told)}.")
        return not missing

    @property
    def embedded(self) -> bool:
        """Whether Daybook runs a PostgreSQL of its own."""
        return self.database_url is None

    @property
    def patience(self) -> timedelta:
        """How long to go on trying while the database does not answer."""
        return timedelta(seconds=self.patience_seconds)

    @property
    def longest(self) -> timedelta:
        """How long a server's statement that reads may run."""
        return timedelta(seconds=self.statement_seconds)
