import re
from pathlib import Path

from api.imports.loading import parsed
from api.imports.run import run_import
from ledger.ledger import Ledger
from tests.api.imports.written import IMPORTER, SAID_AT
from tests.conftest import PROJECT

PAGE = (PROJECT / "docs" / "importing.md").read_text("utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def test_the_worked_example_does_what_the_page_says(ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "tickets.csv"
    file.write_text(block("csv"), "utf-8")
    mapping = parsed(block("toml"), "our-desk.toml")
    report = run_import(ledger, file, mapping, actor=IMPORTER, said_at=SAID_AT)
    assert (report.rows, report.unchanged, report.cases, report.rejected) == (5, 1, 1, {})
    by_line: dict[int, list[str]] = {}
    for one in ledger.since(0):
        if one.metadata.source is not None:
            by_line.setdefault(one.metadata.source.line, []).append(type(one.event).__name__)
    rows = re.findall(r"^\| (\d) \| (.*) \|$", PAGE, re.MULTILINE)
    assert len(rows) == 5
    said = {int(row) + 1: re.findall(r"`(\w+)`", events) for row, events in rows}
    assert by_line == {line: events for line, events in said.items() if events}


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
    assert len(codes) >= 15
    assert {code for code in codes if f"`{code}`" not in PAGE} == set()
