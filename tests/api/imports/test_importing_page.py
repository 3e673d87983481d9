import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from api.imports.loading import parsed
from api.imports.run import run_import
from ledger.ledger import Ledger
from tests.api.imports.written import IMPORTER, SAID_AT
from tests.conftest import PROJECT

PAGE = (PROJECT / "docs" / "importing.md").read_text("utf-8")


class Example(NamedTuple):
    """A section of the page that shows a file, its mapping, and what becomes of each row."""

    name: str
    file: str
    first_line: int
    mapping: str
    events: dict[int, list[str]]
    aside: dict[str, int]
    """How many rows are put aside, by code."""


def blocks(section: str, languages: str) -> list[str]:
    return [str(found) for found in re.findall(rf"^```(?:{languages})\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)]


def examples() -> list[Example]:
    found = []
    for section in PAGE.split("\n## ")[1:]:
        title = section.partition("\n")[0]
        if title.endswith(": an example"):
            (file,), (mapping,) = blocks(section, "csv|ndjson"), blocks(section, "toml")
            first = 2 if "```csv" in section else 1
            rows = re.findall(r"^\| (\d) \| (.*) \|$", section, re.MULTILINE)
            events = {int(row) - 1 + first: re.findall(r"`([A-Z]\w+)`", said) for row, said in rows}
            aside = Counter(re.findall(r"put aside as `([a-z-]+)`", section))
            found.append(Example(title, file, first, mapping, events, dict(aside)))
    return found


EXAMPLES = examples()


def test_there_is_an_example_of_every_shape_and_of_ndjson() -> None:
    assert len(EXAMPLES) == 4


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_worked_example_does_what_the_page_says(ledger: Ledger, tmp_path: Path, example: Example) -> None:
    file = tmp_path / "example"
    file.write_text(example.file, "utf-8")
    report = run_import(ledger, file, parsed(example.mapping, "example.toml"), actor=IMPORTER, said_at=SAID_AT)
    lines = example.file.count("\n") - (example.first_line - 1)
    assert (report.rows, len(example.events)) == (lines, lines)
    by_line: dict[int, list[str]] = {}
    for one in ledger.since(0):
        if one.metadata.source is not None:
            by_line.setdefault(one.metadata.source.line, []).append(type(one.event).__name__)
    assert by_line == {line: events for line, events in example.events.items() if events}
    assert report.rejected == example.aside


def test_every_reason_for_putting_a_row_aside_is_on_the_page() -> None:
    sources = [path.read_text("utf-8") for path in (PROJECT / "api" / "imports").glob("*.py")]
    codes = {
        code
        for text in sources
        for code in re.findall(
            r'(?:BadRow|Unsaid|Reject)\(\s*"([a-z-]+)"|"([a-z-]+)", f?"(?:it|this|the case) |"(no-[a-z-]+)"', text
        )
        for code in code
        if code
    }
    assert len(codes) >= 25
    assert {code for code in codes if f"`{code}`" not in PAGE} == set()
