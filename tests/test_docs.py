import re
from pathlib import Path

import pytest
import typer

from api.cli import amend
from api.cli.commands import app
from api.cli.exits import Exit
from api.setting_page import page
from api.settings import Settings
from projections.registry import PROJECTIONS
from tests.conftest import PROJECT

DOCS = PROJECT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), PROJECT / "README.md", PROJECT / "CHANGELOG.md"])
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
WIDTH = 120
GUIDES = ("architecture", "auditor", "command-line", "compliance", "front-end", "glossary", "operation", "sla")


def anchors(page: Path) -> set[str]:
    """What a link may lead to inside a page: its headings, as they are made into anchors."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    lost = []
    for link in LINK.findall(page.read_text("utf-8")):
        place, _, anchor = link.partition("#")
        if "://" in place:
            continue
        target = (page.parent / place).resolve() if place else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


def test_the_list_of_decisions_has_every_page_once() -> None:
    listed = re.findall(
        r"^\| \[(\d{4})\]\((.+?)\)", (DOCS / "decisions" / "README.md").read_text("utf-8"), re.MULTILINE
    )
    pages = sorted(page.name for page in (DOCS / "decisions").glob("0*.md"))
    assert [(number, name) for number, name in listed] == [(name[:4], name) for name in pages]


def test_the_page_on_the_command_line_names_every_command_and_every_exit_code() -> None:
    page = (DOCS / "command-line.md").read_text("utf-8")
    commands = typer.main.get_command(app)
    assert isinstance(commands, typer.core.TyperGroup)
    assert [name for name in commands.commands if f"`daybook {name}" not in page] == []
    asked = typer.main.get_command(amend.app)
    assert isinstance(asked, typer.core.TyperGroup)
    assert [name for name in asked.commands if not re.search(rf"`(daybook amend )?{name}\b", page)] == []
    assert [code for code in Exit if not re.search(rf"^\| {int(code)} \|", page, re.MULTILINE)] == []


def test_the_page_on_the_architecture_names_every_view() -> None:
    page = (DOCS / "architecture.md").read_text("utf-8")
    assert [view.name for view in PROJECTIONS if f"`{view.name}`" not in page] == []


def test_every_test_that_the_page_on_counting_names_is_in_the_file_beside_it() -> None:
    """The page answers ten questions, each with a test that shows the answer."""
    questions = (DOCS / "sla.md").read_text("utf-8").split("\n## ")[1:]
    assert len(questions) == 10
    for question in questions:
        shown = re.findall(r"^- \[`.*?`\]\((.*?)\):\n((?:  `test_\w+`,?\n?)+)", question, re.MULTILINE)
        assert shown, question
        for place, names in shown:
            text = (DOCS / place).read_text("utf-8")
            assert [name for name in re.findall(r"`(test_\w+)`", names) if f"def {name}(" not in text] == []


def test_the_page_on_settings_is_the_one_that_the_program_prints() -> None:
    said = "print it anew: python -m api.setting_page > docs/settings.md"
    assert (DOCS / "settings.md").read_text("utf-8") == page(), said


def test_the_page_on_running_a_server_names_only_settings_that_there_are() -> None:
    page = (DOCS / "operation.md").read_text("utf-8")
    named = set(re.findall(r"DAYBOOK_[A-Z_]+", page))
    assert named <= {field.alias for field in Settings.model_fields.values()}


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("name", GUIDES)
def test_a_guide_fits_a_screen_but_for_its_tables(name: str) -> None:
    lines = (DOCS / f"{name}.md").read_text("utf-8").splitlines()
    assert [line for line in lines if len(line) > WIDTH and not line.startswith("|")] == []
