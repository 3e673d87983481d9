import gzip
import hashlib
import io
import os
import re
import sys
from pathlib import Path

import pytest

from api.landing import BUFFER_BYTES, CannotLand, Landing, Landings

LINE = "冯小明,1\r\n".encode()


def landed(path: Path, data: bytes, *, over: bool = False) -> str:
    with Landings([path], over=over) as landings:
        landings.files[0].write(data)
        (file,) = landings.land()
    assert (file.file, file.size) == (str(path), path.stat().st_size)
    return file.sha256


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("size", [0, 1, BUFFER_BYTES, 3 * BUFFER_BYTES + 5])
def test_a_file_appears_with_all_that_was_written_and_with_its_digest(tmp_path: Path, size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    digest = landed(tmp_path / "a.json", data)
    assert (tmp_path / "a.json").read_bytes() == data
    assert digest == hashlib.sha256(data).hexdigest()
    assert names(tmp_path) == ["a.json"]


def test_the_same_bytes_are_always_compressed_to_the_same(tmp_path: Path) -> None:
    digests = {landed(tmp_path / name, LINE * 100_000) for name in ("a.gz", "b.gz")}
    assert digests == {hashlib.sha256((tmp_path / "a.gz").read_bytes()).hexdigest()}
    assert gzip.decompress((tmp_path / "b.gz").read_bytes()) == LINE * 100_000


def test_nothing_is_under_the_name_before_all_is_on_the_disk(tmp_path: Path) -> None:
    with Landings([tmp_path / "a.json"]) as landings:
        landings.files[0].write(LINE * BUFFER_BYTES)
        assert not (tmp_path / "a.json").exists()
        (beside,) = names(tmp_path)
        assert re.fullmatch(r"\.a\.json\.[0-9a-f]{8}\.part", beside)
    assert names(tmp_path) == []


def test_what_a_killed_process_left_is_in_nobodys_way_not_even_of_one_with_its_number(tmp_path: Path) -> None:
    with Landings([tmp_path / "a.json"]) as killed:
        left = names(tmp_path)
        landed(tmp_path / "a.json", b"ours")
        assert names(tmp_path) == [*left, "a.json"]
        killed.files[0].write(b"theirs")
    assert (tmp_path / "a.json").read_bytes() == b"ours"


def test_a_file_that_is_there_stays_unless_it_may_be_replaced(tmp_path: Path) -> None:
    landed(tmp_path / "a.json", b"first")
    with pytest.raises(CannotLand, match=r"a\.json is there already; name another file, or replace it with --force"):
        Landings([tmp_path / "a.json"])
    assert names(tmp_path) == ["a.json"]
    landed(tmp_path / "a.json", b"second", over=True)
    assert (tmp_path / "a.json").read_bytes() == b"second"


def test_a_file_that_somebody_else_puts_there_meanwhile_stays(tmp_path: Path) -> None:
    with Landings([tmp_path / "a.json"]) as landings:
        landings.files[0].write(b"ours")
        (tmp_path / "a.json").write_bytes(b"theirs")
        with pytest.raises(CannotLand, match="is there already"):
            landings.land()
    assert (tmp_path / "a.json").read_bytes() == b"theirs"
    assert names(tmp_path) == ["a.json"]


def test_of_files_that_belong_together_none_is_begun_when_one_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "b.csv").touch()
    with pytest.raises(CannotLand):
        Landings([tmp_path / "a.csv", tmp_path / "b.csv"])
    assert names(tmp_path) == ["b.csv"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gone/a.json", "There is no folder"),
        (".", "is a folder; name a file in it"),
        ("pipe", "is no ordinary file; write to - and send that there"),
        ("x" * 300, "cannot be written: File name too long"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_done(tmp_path: Path, name: str, said: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CannotLand, match=said):
        Landing(tmp_path / name, over=True)
    assert names(tmp_path) == ["pipe"]


def test_standard_output_is_a_file_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown))
    with Landings([Path("-")]) as landings:
        landings.files[0].write(LINE)
        (file,) = landings.land()
    assert shown.getvalue() == LINE
    assert file == ("-", len(LINE), hashlib.sha256(LINE).hexdigest())
