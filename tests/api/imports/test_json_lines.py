import gzip
from pathlib import Path

import pytest

from api.imports.errors import BadFile, BadMapping
from api.imports.json_lines import JsonLines
from api.imports.loading import parsed
from api.imports.mapping import FileForm
from api.imports.reading import Row, inspect
from api.imports.run import run_import
from ledger.ledger import Ledger
from tests.api.imports.test_importing_page import EXAMPLES
from tests.api.imports.written import IMPORTER, SAID_AT

COLUMNS = ("id", "data.who.name", "data.n")


def rows(tmp_path: Path, content: bytes) -> list[Row]:
    path = tmp_path / "some.ndjson"
    path.write_bytes(content)
    with JsonLines(inspect(path), FileForm(format="ndjson"), COLUMNS) as lines:
        return list(lines)


def test_columns_are_paths_into_each_object_and_numbers_keep_their_digits(tmp_path: Path) -> None:
    content = (
        '{"id": "a", "data": {"who": {"name": "冯"}, "n": 12345678901234567890.10}}\r\n'
        "\n"
        '{"id": true, "data.n": 7, "data": null}\n'
        '{"data": {"who": "nobody", "n": false}}'
    )
    assert rows(tmp_path, b"\xef\xbb\xbf" + content.encode()) == [
        Row(1, ["a", "冯", "12345678901234567890.10"], None),
        Row(3, ["true", "", "7"], None),
        Row(4, ["", "", "false"], None),
    ]
    assert rows(tmp_path, gzip.compress(content.encode()))[0].values[0] == "a"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"id": ', "not-json"),
        (b"{'id': 1}", "not-json"),
        (b'{"id": NaN}', "not-json"),
        (b"[1, 2]", "not-an-object"),
        (b'"text"', "not-an-object"),
        (b'{"id": ' + b"[" * 65 + b"]" * 65 + b"}", "nested-too-deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested-too-deep"),
        (b'{"id": 1, "x": {"k": 1, "k": 2}}', "duplicate-key"),
        (b'{"id": [1]}', "not-a-value"),
        (b'{"data": {"who": {"name": {}}}}', "not-a-value"),
        (b'{"id": "caf\xe9"}', "wrong-encoding"),
        (b'{"id": "\\ud83d"}', "wrong-encoding"),
        (b'{"id": "a\\u0000b"}', "nul-character"),
        (b'{"id": "' + b"x" * (1 << 20) + b'"}', "line-too-long"),
    ],
)
def test_a_line_that_is_no_such_object_spoils_no_other(tmp_path: Path, line: bytes, code: str) -> None:
    found = rows(tmp_path, b'{"id": "before"}\n' + line + b'\n{"id": "after"}\n')
    assert [(row.line, row.values[0]) for row in found if row.fault is None] == [(1, "before"), (3, "after")]
    assert [(row.line, row.fault and row.fault[0]) for row in found[1:2]] == [(2, code)]


def test_brackets_in_a_text_are_no_levels(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, b'{"id": "' + b"[{" * 100 + b'\\"["}')
    assert row.fault is None


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ("", BadFile, "is empty"),
        ("\n\n", BadFile, "has no rows"),
        ("a,b\n1,2\n", BadFile, "holds no JSON objects, one a line: on line 1 this is not JSON"),
        ('{"subject": "T"}', BadMapping, "activity.column names 'type', which none of the first 1 objects has"),
    ],
)
def test_what_is_wrong_with_the_whole_file_is_told_before_anything_is_written(
    ledger: Ledger, tmp_path: Path, content: str, error: type[Exception], message: str
) -> None:
    (example,) = (one for one in EXAMPLES if "NDJSON" in one.name)
    file = tmp_path / "some.ndjson"
    file.write_text(content)
    with pytest.raises(error, match=message):
        run_import(ledger, file, parsed(example.mapping, "mine.toml"), actor=IMPORTER, said_at=SAID_AT)
    assert ledger.head() == 1
