"""`daybook import --explain`: what the first rows of a file would become, and by which rules."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from api.cli.exits import Exit
from api.cli.terminal import Terminal, clean
from api.imports.explaining import Explained, ToCommand, explain
from api.imports.loading import load_mapping
from api.workspace import Workspace

COLOURS = {"carried": "green", "rejected": "red"}


def run(workspace: Workspace, terminal: Terminal, file: Path, mapping: str, rows: int) -> Exit:
    """Shows them; IN_PART when some of them would be rejected."""
    known = load_mapping(mapping)
    explained = explain(workspace.ledger, file, known, rows)
    terminal.answer(
        {
            "book": workspace.book,
            "time": workspace.ledger.time,
            "file": file.name,
            "mapping": known.name,
            "rows": [_plain(one) for one in explained],
        }
    )
    terminal.stamp(workspace.book, workspace.ledger.time)
    terminal.show(f"The first {len(explained)} rows of {file.name} by {known.name}; nothing is written.")
    for one in explained:
        said = f": {one.code}: {one.reason}" if one.code else f": {one.reason}" if one.reason else ""
        head = Text.assemble(f"line {one.line} ", (one.becomes, COLOURS.get(one.becomes, "yellow")), clean(said))
        terminal.show(head, *(_shown(command) for command in one.commands))
    return Exit.IN_PART if any(one.becomes == "rejected" for one in explained) else Exit.DONE


def _shown(command: ToCommand) -> str:
    """The command with its fields, the rule it follows from, and its events, each on a line."""
    fields = " ".join(f"{name}={value}" for name, value in command.fields.items() if not name.endswith("_id"))
    at = command.at[:10] if command.by_day else command.at.replace(".000000", "")
    lines = [f"  {command.command} {fields}".rstrip() + f"  [{command.rule}, {at}]"]
    for event in command.events:
        departures = f" ({', '.join(event.departures)})" if event.departures else ""
        lines.append(f"    -> {event.topic}{departures}")
    if not command.events:
        lines.append("    -> nothing new")
    return "\n".join(lines)


def _plain(one: Explained) -> dict[str, object]:
    commands = [{**each._asdict(), "events": [event._asdict() for event in each.events]} for each in one.commands]
    return {**one._asdict(), "commands": commands}
