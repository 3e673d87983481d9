"""`daybook token`, with its options; the work is done in `signing`, read when it is run."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from api.access.principal import Role
from api.cli.options import Book, Json
from api.cli.terminal import Terminal, answering


def token(
    role: Annotated[list[Role], typer.Option("--role", help="In which capacity; may be said more than once.")],
    name: Annotated[str | None, typer.Option("--name", help="Their name at work; by default that of the role.")] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="The unit below which they see, by its name.")] = None,
    customer: Annotated[UUID | None, typer.Option("--customer", help="The customer's UUID, for that role.")] = None,
    expires: Annotated[str, typer.Option("--expires", help="How long it lasts: 30m, 8h, 7d.")] = "8h",
    book: Book = None,
    json: Json = False,
) -> None:
    """Sign a token for development, which `daybook demo` takes, and `daybook serve --development-tokens`."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import signing
        from api.settings import Settings

        settings = Settings.from_environment()
        signing.run(
            settings,
            terminal,
            book=book or settings.book,
            roles=list(dict.fromkeys(role)),
            name=name,
            unit=unit,
            customer=customer,
            lasting=signing.span(expires),
        )
