"""The options that several commands share."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api.cli.as_of import AsOf, as_of, known_by
from replay.as_of import KnownBy

Json = Annotated[bool, typer.Option("--json", help="Answer with JSON on standard output.")]
Book = Annotated[str | None, typer.Option("--book", help="The book; by default that of DAYBOOK_BOOK, or main.")]
SingleRole = Annotated[
    bool,
    typer.Option(
        "--insecure-single-role",
        help="Work as a role that could rewrite the ledger: nothing then keeps a flaw of the program from doing so.",
    ),
]
Port = Annotated[int, typer.Option("--port", min=0, max=65_535, help="The port; 0 takes any that is free.")]

Limit = Annotated[int, typer.Option("--limit", min=1, max=1_000_000, help="How many lines at most.")]
All = Annotated[bool, typer.Option("--all", help="However many there are.")]

At = Annotated[
    AsOf | None,
    typer.Option(
        "--as-of",
        parser=as_of,
        metavar="DATE",
        help="A day, which stands for its end in the book's zone, or an instant with an offset; now by default.",
    ),
]

Known = Annotated[
    Any,  # a position or an `AsOf`, of which `typer` knows no union
    typer.Option(
        "--known",
        parser=known_by,
        metavar="AT|POSITION",
        help="As it was known then: a day (its end), an instant with an offset, a local time as "
        "2026-03-02T09:00[Asia/Shanghai], or a position of the book. Now by default.",
    ),
]
Valid = Annotated[
    AsOf | None,
    typer.Option(
        "--valid",
        parser=as_of,
        metavar="AT",
        help="As far as it had occurred by then; by what --known says when left out.",
    ),
]
Whose = Annotated[
    KnownBy,
    typer.Option(
        "--known-by",
        help="Who had to know of it: this ledger, or the source that it was imported from, as that says.",
    ),
]


def example(line: str) -> str:
    """The foot of a command's help."""
    return f"Example: {line}"
