"""A guide as its tests read it: the questions that it shows, with the answers that it shows to them."""

import json
import re
import shlex
from pathlib import Path
from typing import Any, NamedTuple

from tests.conftest import PROJECT

BLOCK = re.compile(r"^```(graphql|json variables|json answer|console)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
OPAQUE = re.compile(r"WyJ[\w…-]*")
ZONE_DATA = re.compile(r"(?<=zone data )\d{4}[a-z]")
LOOKED_AT = re.compile(r"(^As of position \d+, looked at )\S+$")
STAMP = "SIMULATED BOOK"


class Question(NamedTuple):
    """A document of GraphQL with its variables, and the answer that the page shows, if it shows one."""

    document: str
    variables: dict[str, Any]
    answer: dict[str, Any] | None

    @property
    def name(self) -> str:
        """What the document calls itself."""
        found = re.search(r"^(?:query|mutation|subscription) (\w+)", self.document)
        return found[1] if found else "unnamed"


class Typed(NamedTuple):
    """A command line of a page, and the lines that the page shows it to answer, if it shows any."""

    words: tuple[str, ...]
    shown: tuple[str, ...]


def read(name: str) -> str:
    """The text of a guide."""
    return Path(PROJECT / "docs" / name).read_text("utf-8")


def questions(page: str) -> list[Question]:
    """The documents of a page, in its order."""
    found: list[dict[str, str]] = []
    for kind, text in BLOCK.findall(page):
        if kind == "graphql":
            found.append({})
        if kind != "console":
            found[-1][kind] = text
    return [
        Question(
            one["graphql"],
            json.loads(one.get("json variables", "{}")),
            json.loads(one["json answer"]) if "json answer" in one else None,
        )
        for one in found
    ]


def commands(page: str) -> list[Typed]:
    """The command lines of a page, in its order."""
    found: list[tuple[tuple[str, ...], list[str]]] = []
    for kind, text in BLOCK.findall(page):
        for line in text.splitlines() if kind == "console" else ():
            if line.startswith("$ daybook "):
                found.append((tuple(shlex.split(line.removeprefix("$ daybook "))), []))
            else:
                found[-1][1].append(line)
    return [Typed(words, tuple(trimmed(shown))) for words, shown in found]


def trimmed(lines: list[str]) -> list[str]:
    """Lines of an answer without blanks at their ends, empty ones around them, the mark of a simulated book, the
    release of the zone data, which comes with the program, and the time of day."""
    told = [LOOKED_AT.sub(r"\1…", ZONE_DATA.sub("…", line.rstrip())) for line in lines if not line.startswith(STAMP)]
    return "\n".join(told).strip("\n").split("\n") if any(told) else []


def opaque(value: Any) -> Any:
    """An answer without what differs from book to book and is shortened on a page: ids, tokens and cursors."""
    return json.loads(OPAQUE.sub("opaque", json.dumps(value, ensure_ascii=False)))
