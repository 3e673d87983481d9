"""The page on permissions, made of the table of rules; it prints itself when run: `python -m api.access.page`."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from api.access.principal import Role
from api.access.rules import EVERY_FIELD, Rights, rights, table

WIDTH = 120
OPENING = """\
# Who may see and do what

This page is made of `api/access/rules.toml`, the one table that the program asks; `python -m api.access.page` prints
it, and a test says that it is current. What is not named for a role is refused to it: the whole operation, before any
of it is done, with the code `FORBIDDEN` and the names of what may not be asked for.

A request is made in one role. Who holds several names it in the header `Daybook-Role`.

"""
SCOPES = """
- **own**: their own cases as a customer, by every id under which they are known.
- **unit**: the cases held by their unit, or by a unit below it in the tree as it stands now. A case that no unit holds
  is seen by who took it in, and by the units at the top. A customer is seen with any of their cases, or while they have
  none; an obligation with its unit or its case; a member of staff with their unit. Units are seen by all staff.
- **all**: the whole book.

What lies beyond is answered as what is not there: null at an edge or a door, absent from pages and counts; and a
command about it is refused in the words for an id that was never given to anything. Personal values that are **masked**
are shown as `王**` or `+86 138 **** 1111`; `revealPersonal` shows them for a purpose, which the ledger keeps with who
asked.
"""
BROUGHT = """\
## What is brought in

The types of items that are taken at [`/ingest`](ingest.md). A role that brings in nothing is not let in there.

"""


def rendered() -> str:
    """The page."""
    held = rights()
    parts = [OPENING, _roles(held), SCOPES, "\n## What is read\n\n"]
    parts += [_bundle(name, bundle) for name, bundle in table()["reading"].items()]
    parts.append("## What is asked for\n\n")
    for name, mutations in table()["doing"].items():
        parts += [f"**{name}**, by {_who(table(), 'does', name)}:\n\n", _wrapped(mutations), "\n\n"]
    parts.append(BROUGHT)
    for name, items in table()["bringing"].items():
        parts += [f"**{name}**, by {_who(table(), 'brings', name)}:\n\n", _wrapped(items), "\n\n"]
    return "".join(parts).rstrip() + "\n"


def _roles(held: Mapping[Role, Rights]) -> str:
    named = ("role", "of which cases", "personal values", "reads", "asks for", "brings in")
    lines = [f"| {' | '.join(named)} |", "| --- " * len(named) + "|"]
    for role in Role:
        told = table()["roles"][role.value]
        reads, does = ", ".join(told["reads"]), ", ".join(told["does"]) or "nothing"
        brings = ", ".join(told["brings"]) or "nothing"
        lines.append(f"| {role} | {held[role].scope} | {held[role].personal} | {reads} | {does} | {brings} |")
    return "\n".join(lines) + "\n"


def _bundle(name: str, bundle: Mapping[str, list[str]]) -> str:
    lines = [f"### {name}\n\nRead by {_who(table(), 'reads', name)}.\n\n"]
    whole = [kind for kind, fields in bundle.items() if EVERY_FIELD in fields]
    for kind, fields in bundle.items():
        if EVERY_FIELD not in fields:
            lines.append(_wrapped(fields, f"- **{kind}**: ", "  ") + "\n")
    if whole:
        lines.append(_wrapped(whole, "- all of ", "  ") + "\n")
    return "".join(lines) + "\n"


def _who(told: Mapping[str, Any], what: str, name: str) -> str:
    return ", ".join(role for role in Role if name in told["roles"][role.value][what]) or "nobody"


def _wrapped(names: Iterable[str], first: str = "", rest: str = "") -> str:
    text = ", ".join(f"`{name}`" for name in names)
    return textwrap.fill(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


if __name__ == "__main__":
    sys.stdout.write(rendered())
