import json
from pathlib import Path

from api.cli.exits import Exit
from tests.api.cli.conftest import CommandLine

RIGHT = {"a": "query Head { ledgerHead { book } }"}
WRONG = {"b": "query Head {\n  ledgerHead { boook }\n}", "c": "{ ledgerHead {", "d": "{ a " + "a " * 3_000 + "}"}


def test_a_manifest_is_checked_against_the_schema(daybook: CommandLine, tmp_path: Path) -> None:
    right, wrong = tmp_path / "right.json", tmp_path / "wrong.json"
    right.write_text(json.dumps(RIGHT))
    wrong.write_text(json.dumps(RIGHT | WRONG))
    passed = daybook("documents", "check", str(right))
    assert (passed.exit_code, passed.stdout) == (Exit.DONE, f"{right}: 1 documents; right.\n")
    failed = daybook("documents", "check", str(right), str(wrong), "--json")
    assert failed.exit_code == Exit.USAGE
    first, second = json.loads(failed.stdout)["files"]
    assert first == {"file": str(right), "documents": 1, "problems": []}
    assert [(one["document"], one["line"]) for one in second["problems"]] == [("b", 2), ("c", 1), ("d", 1)]
    assert "Cannot query field 'boook'" in second["problems"][0]["message"]
    shown = daybook("documents", "check", str(wrong))
    assert f"{wrong}: b, line 2: Cannot query field 'boook' on type 'LedgerHead'" in shown.stdout
    assert f"{wrong}: 3 of 4 documents are wrong." in shown.stdout


def test_a_file_that_is_no_manifest_is_told(daybook: CommandLine, tmp_path: Path) -> None:
    result = daybook("documents", "check", str(tmp_path / "nowhere.json"))
    assert result.exit_code == Exit.USAGE
    assert "cannot be read" in result.stderr
