import gzip
import hashlib
import os
from pathlib import Path

import pytest

from api.imports.errors import BadFile, CannotGoOn
from api.imports.mapping import FileForm
from api.imports.reading import Row, inspect
from api.imports.table import Table


def rows(path: Path, form: FileForm = FileForm()) -> list[Row]:  # noqa: B008  frozen
    with Table(inspect(path), form) as table:
        return list(table)


def file(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "some.csv"
    path.write_bytes(content)
    return path


def test_a_row_has_the_number_of_the_line_on_which_it_begins(tmp_path: Path) -> None:
    path = file(tmp_path, b'a,b\n1,2\n\n"x\ny\r\nz",3\r\n4,5')
    assert rows(path) == [Row(2, ["1", "2"], None), Row(4, ["x\ny\r\nz", "3"], None), Row(7, ["4", "5"], None)]


def test_a_gzipped_file_is_read_as_it_is_whatever_its_name(tmp_path: Path) -> None:
    path = file(tmp_path, gzip.compress(b"a,b\n1,2\n"))
    assert rows(path) == [Row(2, ["1", "2"], None)]
    assert inspect(path).digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    with Table(inspect(file(tmp_path, b"\xef\xbb\xbfa,b\n1,2\n")), FileForm()) as table:
        assert table.header == ["a", "b"]


def test_another_encoding_is_read_when_the_mapping_names_it(tmp_path: Path) -> None:
    path = file(tmp_path, "a,b\n客户,2\n".encode("gb18030"))
    assert rows(path, FileForm(encoding="gb18030")) == [Row(2, ["客户", "2"], None)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (gzip.compress(b"a,b\n" + bytes(range(256)) * 99)[:-12], "is cut off"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:-8] + b"12345678", "is damaged: CRC check failed"),
        ("a,b\n".encode("utf-16"), "is written in UTF-16"),
        ("a,b\n".encode("utf-32"), "is written in UTF-32"),
    ],
)
def test_a_file_that_is_not_whole_is_told_before_a_row_is_read(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(BadFile, match=message):
        inspect(file(tmp_path, content))


def test_a_file_that_is_not_there_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="cannot be read: No such file"):
        inspect(tmp_path / "none.csv")
    with pytest.raises(BadFile, match="cannot be read: Is a directory"):
        inspect(tmp_path)


def test_a_stream_is_not_taken_for_a_file_since_it_can_be_read_once_only(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadFile, match="pipe is a stream; save it to a file first"):
        inspect(tmp_path / "pipe")


def test_a_file_that_is_cut_off_while_it_is_read_is_told_with_the_line_it_was_read_to(tmp_path: Path) -> None:
    path = file(tmp_path, gzip.compress("\n".join(f"{line},{line * 7919 % 10007}" for line in range(90_000)).encode()))
    inspected = inspect(path)
    os.truncate(path, path.stat().st_size // 2)
    with Table(inspected, FileForm()) as table, pytest.raises(CannotGoOn, match=r"beyond line [1-9]\d+: Compressed"):
        list(table)


def test_a_header_in_another_encoding_is_told_with_its_byte(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="is not written in utf-8: it holds the byte 0xe9 in its first line"):
        rows(file(tmp_path, "idé,b\n".encode("latin-1")))


def test_bad_records_spoil_no_others(tmp_path: Path) -> None:
    content = b'a,b\n1,2\ncaf\xe9,3\n\x00,4\n5\n6,7,8\n"9"x,9\n"ok",10\n"open,11\n12,13\n'
    found = rows(file(tmp_path, content))
    assert [(row.line, row.fault and row.fault[0]) for row in found] == [
        (2, None),
        (3, "wrong-encoding"),
        (4, "nul-character"),
        (5, "field-count"),
        (6, "field-count"),
        (7, "not-csv"),
        (8, None),
        (9, "not-csv"),
    ]
    assert found[-1].values == ['"open,11\n12,13\n']
    assert found[1].fault == ("wrong-encoding", "it holds the byte 0xe9, which is not utf-8")


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_may_end_in_any_of_the_three_ways(tmp_path: Path, end: bytes) -> None:
    found = rows(file(tmp_path, end.join([b"a,b", b"1,2", b"3,4", b""])))
    assert found == [Row(2, ["1", "2"], None), Row(3, ["3", "4"], None)]


def test_a_huge_line_is_put_aside_without_being_held_and_spoils_no_other(tmp_path: Path) -> None:
    huge = b"x" * (3 << 20)
    found = rows(file(tmp_path, b"a,b\n1,2\n" + huge + b',2\n3,4\n"open\n' + huge + b'"\n5,6\n'))
    assert [(row.line, row.fault and row.fault[0]) for row in found] == [
        (2, None),
        (3, "line-too-long"),
        (4, None),
        (5, "line-too-long"),
        (7, None),
    ]
    assert max(len(value) for row in found for value in row.values) <= 1_100


def test_one_bad_byte_among_many_rows_rejects_its_row_only_with_its_line(tmp_path: Path) -> None:
    lines = [f"{nth},ok".encode() for nth in range(30_000)]
    lines[17_000] = b"17000,caf\xe9"
    found = [row for row in rows(file(tmp_path, b"\n".join([b"a,b", *lines]))) if row.fault]
    assert [(row.line, row.fault) for row in found] == [
        (17_002, ("wrong-encoding", "it holds the byte 0xe9, which is not utf-8"))
    ]
