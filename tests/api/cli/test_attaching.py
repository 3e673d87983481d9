from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from api.cli.exits import Exit
from domain.attachment import AttachmentAdded
from domain.stream import Category, stream_of
from ledger.attachments import CHUNK_BYTES
from tests.api.cli.conftest import CUSTOMER, CommandLine, Teller
from tests.conftest import Database

DATA = "账单 ".encode() * 100_000
BY = ("--by", "王芳")


@pytest.fixture
def bill(tmp_path: Path) -> Path:
    file = tmp_path / "三月账单.pdf"
    file.write_bytes(DATA)
    return file


def test_a_file_is_attached_listed_and_fetched(
    daybook: CommandLine, teller: Teller, bill: Path, tmp_path: Path
) -> None:
    case_id = teller.case("INC0000102")
    typed = ("attachment", "add", "C2026-000001", str(bill), "--type", "application/pdf", "--direction", "in", *BY)
    added = daybook.json(*typed)
    assert {name: added[name] for name in ("case_id", "file_name", "byte_size", "sha256", "direction")} == {
        "case_id": str(case_id),
        "file_name": "三月账单.pdf",
        "byte_size": len(DATA),
        "sha256": sha256(DATA).hexdigest(),
        "direction": "in",
    }
    recorded = teller.workspace.ledger.history(stream_of(Category.CASE, case_id), opened=True)[-1]
    assert isinstance(recorded.event, AttachmentAdded)
    assert recorded.event.digest.subject == CUSTOMER
    assert (recorded.metadata.actor.name, recorded.metadata.channel) == ("王芳", "command-line")
    (listed,) = daybook.json("attachment", "list", str(case_id))["attachments"]
    assert listed["attachment_id"] == added["attachment_id"]
    assert listed["file_name"] == {"state": "open", "value": "三月账单.pdf"}
    out = tmp_path / "fetched.pdf"
    got = daybook.json("attachment", "get", added["attachment_id"], "--output", str(out))
    assert (got["file_name"], got["sha256"]) == ("三月账单.pdf", sha256(DATA).hexdigest())
    assert out.read_bytes() == DATA
    to_pipe = daybook("attachment", "get", added["attachment_id"], "-o", "-")
    assert (to_pipe.exit_code, to_pipe.stdout_bytes) == (0, DATA)


def test_people_see_names_and_lengths(daybook: CommandLine, teller: Teller, bill: Path) -> None:
    teller.case("INC0000102")
    assert "There are none." in daybook("attachment", "list", "C2026-000001").stdout
    assert f"{len(DATA):,} bytes" in daybook("attachment", "add", "C2026-000001", str(bill), *BY).stdout
    shown = daybook("attachment", "list", "C2026-000001").stdout
    assert "三月账单.pdf" in shown
    assert str(len(DATA)) in shown
    assert "attachment added" in daybook("case", "C2026-000001").stdout


def test_a_file_that_is_there_is_not_written_over(
    daybook: CommandLine, teller: Teller, bill: Path, tmp_path: Path
) -> None:
    teller.case("INC0000102")
    named = daybook.json("attachment", "add", "C2026-000001", str(bill), *BY)["attachment_id"]
    result = daybook("attachment", "get", named, "--output", str(bill))
    assert (result.exit_code, bill.read_bytes()) == (Exit.USAGE, DATA)
    assert "is there already" in result.stderr
    nowhere = daybook("attachment", "get", named, "--output", str(tmp_path / "no" / "such.pdf"))
    assert nowhere.exit_code == Exit.USAGE


def test_half_a_file_is_not_left_behind(
    daybook: CommandLine, teller: Teller, bill: Path, tmp_path: Path, database: Database
) -> None:
    teller.case("INC0000102")
    named = daybook.json("attachment", "add", "C2026-000001", str(bill), *BY)["attachment_id"]
    with psycopg.connect(database.owner_url) as connection:
        connection.execute(
            "UPDATE ledger.content_chunk SET sealed = set_byte(sealed, 99, get_byte(sealed, 99) # 1) WHERE chunk = 1"
        )
    out = tmp_path / "fetched.pdf"
    assert len(DATA) > CHUNK_BYTES
    assert daybook("attachment", "get", named, "--output", str(out)).exit_code == Exit.LEDGER
    assert not out.exists()


@pytest.mark.parametrize(
    ("name", "options", "because"),
    [
        ("empty.pdf", (), "its length"),
        ("bill.pdf", ("--type", "pdf"), "--type 'pdf'"),
        ("line\nbreak.pdf", (), "the name"),
    ],
)
def test_what_is_no_file_is_told(
    daybook: CommandLine, teller: Teller, tmp_path: Path, name: str, options: tuple[str, ...], because: str
) -> None:
    teller.case("INC0000102")
    (tmp_path / name).write_bytes(b"" if name == "empty.pdf" else b"x")
    result = daybook("attachment", "add", "C2026-000001", str(tmp_path / name), *options, *BY)
    assert result.exit_code == Exit.USAGE
    assert because in result.stderr


def test_a_file_that_is_too_long_is_told_before_it_is_read(daybook: CommandLine, teller: Teller, bill: Path) -> None:
    teller.case("INC0000102")
    result = daybook("attachment", "add", "C2026-000001", str(bill), *BY, DAYBOOK_ATTACHMENT_BYTES="100")
    assert result.exit_code == Exit.USAGE
    assert "DAYBOOK_ATTACHMENT_BYTES" in result.stderr


def test_what_is_not_there_is_told(daybook: CommandLine, teller: Teller, bill: Path) -> None:
    teller.case("INC0000102")
    assert daybook("attachment", "add", "C2026-000009", str(bill), *BY).exit_code == Exit.NO
    assert daybook("attachment", "list", "C2026-000009").exit_code == Exit.NO
    assert daybook("attachment", "get", str(uuid4()), "-o", "-").exit_code == Exit.NO
    assert daybook("attachment", "get", "bill", "-o", "-").exit_code == Exit.USAGE
    assert daybook("attachment", "add", "C2026-000001", "no/such/file", *BY).exit_code == Exit.USAGE
