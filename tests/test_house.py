import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
ROOMS = ("domain", "ledger", "projections", "replay", "api")
LOCKS = ("requirements.lock", "requirements-dev.lock")
INTEROP = "requirements-interop.lock"
"""Of the environment in which programs of others read what Daybook wrote."""
NAMELESS = {"utils", "util", "helpers", "helper", "common", "base", "manager", "service", "misc"}
BUILT = {"__pycache__", ".venv", ".git", "node_modules"}


def files(*places: str) -> Iterator[Path]:
    for place in places:
        for path in (PROJECT / place).rglob("*"):
            if path.is_file() and not BUILT.intersection(path.relative_to(PROJECT).parts):
                yield path


def modules(*places: str) -> list[Path]:
    return sorted(path for path in files(*places) if path.suffix == ".py")


def named(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def tool(name: str, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """A development tool from the environment that runs this test."""
    program = Path(sys.executable).parent / name
    return subprocess.run([program, *arguments], cwd=PROJECT, input=given, capture_output=True, text=True, check=False)


def test_the_wheel_holds_exactly_the_five_rooms_with_their_data(tmp_path: Path) -> None:
    built = tool("hatchling", "build", "--target", "wheel", "--directory", str(tmp_path))
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("daybook-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
        entry_points = archive.read(next(name for name in inside if name.endswith("entry_points.txt"))).decode()
    folders = {name.partition("/")[0] for name in inside}
    assert {folder for folder in folders if not folder.endswith(".dist-info")} == set(ROOMS)
    assert {named(path) for path in files(*ROOMS)} <= inside
    assert {f"{room}/py.typed" for room in ROOMS} <= inside
    assert "daybook = api.cli:main" in entry_points


def test_imports_keep_to_the_rooms_contracts() -> None:
    checked = tool("lint-imports", "--no-cache")
    assert checked.returncode == 0, checked.stdout
    assert "4 kept, 0 broken" in checked.stdout


@pytest.mark.parametrize(
    "line",
    [
        "from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)",
        "from time import time\n\nNOW = time()",
        "import uuid\n\nID = uuid.uuid4()",
        "import os\n\nHOME = os.environ",
        "import random\n\nDICE = random.SystemRandom()",
        "from secrets import token_bytes\n\nSALT = token_bytes()",
    ],
)
def test_the_domain_may_not_ask_the_world(line: str) -> None:
    module = f'"""A module."""\n\n{line}\n'
    in_domain = tool("ruff", "check", "--select", "TID251", "--stdin-filename", "domain/asking.py", "-", given=module)
    in_ledger = tool("ruff", "check", "--select", "TID251", "--stdin-filename", "ledger/asking.py", "-", given=module)
    assert "TID251" in in_domain.stdout
    assert in_ledger.returncode == 0, in_ledger.stdout


@pytest.mark.parametrize("lock", [*LOCKS, INTEROP])
def test_a_lock_pins_by_hash_and_names_no_place_to_download_from(lock: str) -> None:
    text = (PROJECT / lock).read_text()
    requirements = [part for part in re.split(r"\n(?=\S)", text) if part.strip()]
    assert all(re.match(r"[a-z0-9.-]+==\S+ ", part) for part in requirements)
    assert [part for part in requirements if "--hash=sha256:" not in part] == []
    assert re.findall(r"://|^\s*-(?!-hash)\S*", text, re.MULTILINE) == []


def test_both_locks_agree_and_hold_every_declared_dependency() -> None:
    run, dev = (
        dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", (PROJECT / lock).read_text(), re.MULTILINE)) for lock in LOCKS
    )
    assert run.items() <= dev.items()
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    declared = project["project"]["dependencies"]
    assert {re.split(r"[\[<>=;]", line)[0] for line in declared} <= run.keys()
    developing = [line for line in project["dependency-groups"]["dev"] if isinstance(line, str)]
    assert {re.split(r"[\[<>=;]", line)[0] for line in developing} <= dev.keys()


def test_nothing_of_a_licence_that_would_bind_daybook_is_installed_beside_it() -> None:
    """pm4py's is the AGPL."""
    installed = [re.findall(r"^([a-z0-9.-]+)==", (PROJECT / lock).read_text(), re.MULTILINE) for lock in LOCKS]
    assert [names for names in installed if "pm4py" in names] == []
    assert "pm4py" not in (PROJECT / "pyproject.toml").read_text()
    assert [named(path) for path in modules(*ROOMS) if "pm4py" in path.read_text()] == []


def test_nothing_is_kept_that_the_checkout_is_told_to_ignore() -> None:
    """Such as an environment of its own with programs of another licence."""
    if not (PROJECT / ".git").exists():
        pytest.skip("this is no checkout")
    asked = ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"]
    listed = subprocess.run(asked, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert listed.stdout.splitlines()[:5] == []


def test_no_file_names_a_place_of_one_machine() -> None:
    places = re.compile(rf"(?<![\w./])(?:{re.escape(str(PROJECT))}/|/(?:home|Users)/[a-z]\w*/|/{'root'}/)")
    kept = [*files(*ROOMS, "tests", "docs", "examples", ".ci"), *(path for path in PROJECT.iterdir() if path.is_file())]
    texts = (
        (path, path.read_bytes().decode(errors="ignore")) for path in kept if not path.name.startswith(".coverage")
    )
    assert [named(path) for path, text in texts if places.search(text)] == []


def test_every_module_opens_with_a_sentence() -> None:
    silent = [path for path in modules(*ROOMS) if not (ast.get_docstring(ast.parse(path.read_text())) or "").strip()]
    assert [named(path) for path in silent] == []


def test_every_module_is_named_for_the_one_thing_it_holds() -> None:
    assert [
        named(path) for path in modules(*ROOMS) if NAMELESS.intersection(Path(named(path)).with_suffix("").parts)
    ] == []


def test_no_file_is_longer_than_five_hundred_lines_and_no_function_than_seventy() -> None:
    long_files = [named(path) for path in modules(*ROOMS, "tests") if path.read_text().count("\n") > 500]
    long_functions = [
        f"{named(path)}:{node.lineno} {node.name}"
        for path in modules(*ROOMS, "tests")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno >= 70
    ]
    assert (long_files, long_functions) == ([], [])


def test_tests_are_no_package_so_that_no_name_hides_a_room() -> None:
    assert [named(path) for path in files("tests") if path.name == "__init__.py"] == []
