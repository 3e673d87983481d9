from typing import Any

import pytest
from pydantic import ValidationError

from domain.attachment import File

BILL: dict[str, Any] = {
    "file_name": "三月电费账单.pdf",
    "media_type": "application/pdf",
    "byte_size": 48_213,
    "sha256": "3c" * 32,
}


@pytest.mark.parametrize(
    "name",
    [
        "账单.pdf",
        "Rückmeldung vom 3. März.eml",
        "فاتورة.pdf",
        "счёт.xlsx",
        ".hidden",
        "a" * 200,
        "📷.jpg",
        "no ending",
        "...",
    ],
)
def test_a_file_may_be_called_what_people_call_it(name: str) -> None:
    assert File(**BILL | {"file_name": name}).file_name == name


@pytest.mark.parametrize(
    "name",
    [
        "", "   ", ".", "..", "../../etc/passwd", "C:\\bill.pdf", "a/b", "bill\n.pdf", "bill\0.pdf", "bill\x7f.pdf",
        "photo\u202egpj.exe", "\u2066bill.pdf", "line\u2028break.txt", "a" * 201,
    ],
)  # fmt: skip
def test_a_name_with_a_path_or_with_characters_that_nobody_sees_is_none(name: str) -> None:
    with pytest.raises(ValidationError):
        File(**BILL | {"file_name": name})


@pytest.mark.parametrize(
    "media_type", ["", "pdf", "image/", "Image/JPEG", "text/plain; charset=utf-8", "a/b\r\nc", "a/b c"]
)
def test_a_media_type_is_one_and_no_more(media_type: str) -> None:
    with pytest.raises(ValidationError):
        File(**BILL | {"media_type": media_type})


@pytest.mark.parametrize("size", [0, -1, 2**53])
def test_a_file_has_a_length(size: int) -> None:
    with pytest.raises(ValidationError):
        File(**BILL | {"byte_size": size})


@pytest.mark.parametrize("sha256", ["3C" * 32, "3c" * 31, "zz" * 32])
def test_a_digest_is_written_in_one_way(sha256: str) -> None:
    with pytest.raises(ValidationError):
        File(**BILL | {"sha256": sha256})
