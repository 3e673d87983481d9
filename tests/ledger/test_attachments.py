"""The bytes of files: what comes back, what lies in the database, and what becomes of everything that goes wrong."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from domain.attachment import File
from ledger.attachments import CHUNK_BYTES, Announced, Content
from ledger.database import Database
from ledger.errors import (
    CommandIdReused,
    DamagedContent,
    OtherBytes,
    UploadGone,
    UploadRefused,
    WrongDigest,
    WrongKey,
    WrongSize,
)
from ledger.keys import LocalMasterKey
from ledger.ledger import Ledger
from tests import conftest
from tests.ledger.submissions import case_stream, opened

SECRET = "身份证号 110101199003070000".encode()
WANG, ZHAO = uuid4(), uuid4()
CASE = case_stream(uuid4())


def bytes_of(size: int) -> bytes:
    """So many bytes, all of them unlike their neighbours, with something secret among them."""
    return (SECRET + b"".join(number.to_bytes(4, "big") for number in range(size // 4 + 1)))[:size]


def announced(ledger: Ledger, data: bytes, subject: UUID = WANG, **said: Any) -> Announced:
    told: dict[str, Any] = {
        "file_name": "身份证.jpg",
        "media_type": "image/jpeg",
        "byte_size": len(data),
        "sha256": None,
    }
    return ledger.attachments.announce(uuid4(), CASE, subject, "grace", File(**told | said))


def brought(ledger: Ledger, file: Announced, data: bytes, pieces: int = 100_000) -> Content:
    upload = ledger.attachments.upload(file)
    try:
        for at in range(0, len(data), pieces):
            upload.take(data[at : at + pieces])
        return upload.finish()
    finally:
        upload.give_up()


def fetched(ledger: Ledger, content: Content) -> bytes:
    return b"".join(ledger.attachments.chunk(content, number) for number in range(content.chunks))


def again(ledger: Ledger, file: Announced) -> Announced:
    """The file as it is known by now."""
    return ledger.attachments.announced([file.attachment_id])[file.attachment_id]


def counts(database: conftest.Database) -> tuple[int, int, int]:
    """How many files were announced, how many have bytes, and how many chunks there are."""
    with psycopg.connect(database.owner_url) as connection:
        row = connection.execute("""
            SELECT (SELECT count(*) FROM ledger.attachment), (SELECT count(*) FROM ledger.content),
                   (SELECT count(*) FROM ledger.content_chunk)
        """).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def as_owner(database: conftest.Database, statement: str, *parameters: Any) -> None:
    with psycopg.connect(database.owner_url) as connection:
        connection.execute(statement.encode(), parameters or None)


@pytest.mark.parametrize(
    "size", [1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7]
)
def test_what_was_uploaded_comes_back_byte_for_byte(ledger: Ledger, size: int) -> None:
    data = bytes_of(size)
    file = announced(ledger, data, sha256=sha256(data).hexdigest())
    content = brought(ledger, file, data)
    assert (content.byte_size, content.sha256) == (size, sha256(data).hexdigest())
    assert content.chunks == -(-size // CHUNK_BYTES)
    assert fetched(ledger, content) == data
    known = again(ledger, file)
    assert known == file._replace(content_id=content.content_id)
    assert ledger.attachments.contents([content.content_id]) == {content.content_id: content}


def test_neither_the_bytes_nor_their_digest_nor_the_name_lie_in_the_database_in_the_clear(
    ledger: Ledger, database: conftest.Database
) -> None:
    data = bytes_of(CHUNK_BYTES + 100)
    brought(ledger, announced(ledger, data), data)
    with psycopg.connect(database.owner_url) as connection:
        rows = [
            value
            for table in ("attachment", "content", "content_chunk")
            for row in connection.execute(f"SELECT * FROM ledger.{table}".encode())
            for value in row
        ]
    raw = b"\0".join(value if isinstance(value, bytes) else str(value).encode() for value in rows)
    digest = sha256(data)
    for secret in (
        SECRET,
        digest.digest(),
        digest.hexdigest().encode(),
        "身份证".encode(),
        b"image/jpeg",
        data[5000:5064],
    ):
        assert secret not in raw


def test_the_same_bytes_of_the_same_subject_are_kept_once(ledger: Ledger, database: conftest.Database) -> None:
    data = bytes_of(CHUNK_BYTES + 1)
    first = brought(ledger, announced(ledger, data), data)
    second = brought(ledger, announced(ledger, data, file_name="copy.jpg"), data)
    assert second == first
    assert counts(database) == (2, 1, 2)
    of_another = brought(ledger, announced(ledger, data, ZHAO), data)
    assert of_another.content_id != first.content_id
    assert counts(database) == (3, 2, 4)
    with psycopg.connect(database.owner_url) as connection:
        told = connection.execute("SELECT count(DISTINCT fingerprint) FROM ledger.content").fetchone()
    assert told == (2,)


@pytest.mark.parametrize("sent", [6, 8, CHUNK_BYTES + 6])
def test_more_or_fewer_bytes_than_were_announced_are_not_taken_and_nothing_of_them_stays(
    ledger: Ledger, database: conftest.Database, sent: int
) -> None:
    file = announced(ledger, bytes_of(7))
    with pytest.raises(WrongSize):
        brought(ledger, file, bytes_of(sent))
    assert counts(database) == (1, 0, 0)
    assert again(ledger, file).content_id is None
    assert fetched(ledger, brought(ledger, file, bytes_of(7))) == bytes_of(7)


def test_other_bytes_than_were_announced_are_not_taken(ledger: Ledger, database: conftest.Database) -> None:
    data = bytes_of(CHUNK_BYTES * 2)
    file = announced(ledger, data, sha256=sha256(b"something else").hexdigest())
    with pytest.raises(WrongDigest, match=sha256(data).hexdigest()):
        brought(ledger, file, data)
    assert counts(database) == (1, 0, 0)


def test_the_same_bytes_again_change_nothing_and_other_ones_are_refused(
    ledger: Ledger, database: conftest.Database
) -> None:
    data = bytes_of(CHUNK_BYTES + 5)
    file = announced(ledger, data)
    content = brought(ledger, file, data)
    assert brought(ledger, again(ledger, file), data) == content
    other = bytes(reversed(data))
    with pytest.raises(OtherBytes):
        brought(ledger, again(ledger, file), other)
    with pytest.raises(OtherBytes):  # by somebody who looked before the first upload was over
        brought(ledger, file, other)
    assert brought(ledger, file, data) == content
    assert fetched(ledger, content) == data
    assert counts(database) == (1, 1, 2)


def test_many_who_upload_the_same_at_once_all_get_it(ledger: Ledger, database: conftest.Database) -> None:
    data = bytes_of(CHUNK_BYTES + 5)
    one, other = announced(ledger, data), announced(ledger, data)
    starting = threading.Barrier(6)

    def upload(file: Announced) -> Content:
        starting.wait()
        return brought(ledger, file, data)

    with ThreadPoolExecutor(6) as pool:
        contents = set(pool.map(upload, [one, other] * 3))
    (content,) = {each.content_id for each in contents}
    assert again(ledger, one).content_id == again(ledger, other).content_id == content
    assert counts(database) == (2, 1, 2)


def test_an_attachment_is_announced_once(ledger: Ledger) -> None:
    file = announced(ledger, b"x")
    told = ledger.attachments.announce(file.attachment_id, file.stream, file.subject, file.by, file.file)
    assert told == file
    for other in ({"by": "ada"}, {"subject": ZHAO}, {"file": file.file.model_copy(update={"byte_size": 2})}):
        asked: dict[str, Any] = {
            "stream": file.stream,
            "subject": file.subject,
            "by": file.by,
            "file": file.file,
            **other,
        }
        with pytest.raises(CommandIdReused):
            ledger.attachments.announce(file.attachment_id, **asked)


# Who tampers ----------------------------------------------------------------------------------------------------


@pytest.fixture
def three(ledger: Ledger) -> Content:
    data = bytes_of(3 * CHUNK_BYTES)
    return brought(ledger, announced(ledger, data), data)


TAMPERING = {
    "a bit is turned": "UPDATE ledger.content_chunk SET sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1) "
    "WHERE chunk = 1",
    "two chunks change places": "UPDATE ledger.content_chunk SET chunk = CASE chunk WHEN 0 THEN 11 ELSE 10 END "
    "WHERE chunk < 2; "
    "UPDATE ledger.content_chunk SET chunk = chunk - 10 WHERE chunk > 9",
    "the last one is put in the middle's place": "UPDATE ledger.content_chunk c SET sealed = l.sealed "
    "FROM ledger.content_chunk l WHERE l.chunk = 2 AND c.chunk = 1",
    "one is cut short": "UPDATE ledger.content_chunk SET sealed = substr(sealed, 1, 20) WHERE chunk = 1",
    "one is empty": "UPDATE ledger.content_chunk SET sealed = '' WHERE chunk = 1",
}


@pytest.mark.parametrize("statement", TAMPERING.values(), ids=TAMPERING.keys())
def test_bytes_that_were_changed_in_the_database_do_not_open(
    ledger: Ledger, database: conftest.Database, three: Content, statement: str
) -> None:
    as_owner(database, statement)
    with pytest.raises(WrongKey):
        fetched(ledger, three)


def test_a_chunk_that_is_missing_is_told(ledger: Ledger, database: conftest.Database, three: Content) -> None:
    as_owner(database, "DELETE FROM ledger.content_chunk WHERE chunk = 2")
    with pytest.raises(DamagedContent, match="Chunk 2 of 3"):
        fetched(ledger, three)


def test_a_file_that_is_said_to_be_shorter_does_not_open(
    ledger: Ledger, database: conftest.Database, three: Content
) -> None:
    as_owner(database, "UPDATE ledger.content SET byte_size = byte_size - %s", CHUNK_BYTES)
    with pytest.raises(WrongKey):
        ledger.attachments.contents([three.content_id])


def test_chunks_of_another_file_do_not_open_in_this_one(
    ledger: Ledger, database: conftest.Database, three: Content
) -> None:
    other = bytes_of(3 * CHUNK_BYTES)[::-1]
    brought(ledger, announced(ledger, other), other)
    as_owner(
        database,
        "UPDATE ledger.content_chunk c SET sealed = o.sealed FROM ledger.content_chunk o "
        "WHERE c.content_id = %s AND o.content_id <> c.content_id AND o.chunk = c.chunk",
        three.content_id,
    )
    with pytest.raises(WrongKey):
        fetched(ledger, three)


def test_what_is_said_of_a_file_stays_with_it(ledger: Ledger, database: conftest.Database) -> None:
    file = announced(ledger, b"x")
    as_owner(database, "UPDATE ledger.attachment SET stream = %s", case_stream(uuid4()))
    with pytest.raises(WrongKey):
        again(ledger, file)


def test_another_master_key_opens_nothing(written: Database, ledger: Ledger, three: Content) -> None:
    stranger = Ledger(written, LocalMasterKey(b"another master key of 32 bytes.."), "main")
    with pytest.raises(WrongKey):
        stranger.attachments.contents([three.content_id])


def test_without_the_key_of_whom_it_is_about_nobody_reads_a_file(
    written: Database, ledger: Ledger, database: conftest.Database, three: Content
) -> None:
    file = announced(ledger, b"x")
    as_owner(database, "DELETE FROM ledger.subject_key")
    later = opened_again(written)
    assert later.attachments.contents([three.content_id]) == {}
    assert later.attachments.announced([file.attachment_id]) == {}


def opened_again(written: Database) -> Ledger:
    """The same book, as a process sees it that remembers no keys."""
    return Ledger(written, LocalMasterKey(b"a master key of thirty-two bytes"), "main")


def test_books_keep_their_files_apart(written: Database, ledger: Ledger, three: Content) -> None:
    other = opened(written, "other")
    assert other.attachments.contents([three.content_id]) == {}
    assert other.attachments.link_key == ledger.attachments.link_key


# What is left over ----------------------------------------------------------------------------------------------


@pytest.fixture
def killed(ledger: Ledger) -> Announced:
    """A file whose upload got as far as its second chunk when the process died: nobody gave it up."""
    file = announced(ledger, bytes_of(3 * CHUNK_BYTES))
    ledger.attachments.upload(file).take(bytes_of(2 * CHUNK_BYTES))
    return file


def test_an_upload_whose_process_died_is_not_there_and_may_be_made_again(
    ledger: Ledger, database: conftest.Database, killed: Announced
) -> None:
    assert counts(database) == (1, 1, 2)
    assert again(ledger, killed).content_id is None
    data = bytes_of(3 * CHUNK_BYTES)
    assert fetched(ledger, brought(ledger, killed, data)) == data
    assert counts(database) == (1, 2, 5)
    assert ledger.attachments.drop_unfinished(ledger.database.now() - timedelta(hours=1)) == 0
    assert ledger.attachments.drop_unfinished(ledger.database.now() + timedelta(hours=1)) == 1
    assert counts(database) == (1, 1, 3)


def test_an_upload_that_is_taken_away_meanwhile_says_so(ledger: Ledger, database: conftest.Database) -> None:
    file = announced(ledger, bytes_of(3 * CHUNK_BYTES))
    upload = ledger.attachments.upload(file)
    upload.take(bytes_of(CHUNK_BYTES))
    ledger.attachments.drop_unfinished(ledger.database.now() + timedelta(hours=1))
    with pytest.raises(UploadGone, match="upload it again"):
        upload.take(bytes_of(CHUNK_BYTES))
    upload.give_up()
    assert counts(database) == (1, 0, 0)


def test_an_attachment_that_is_taken_away_meanwhile_says_so(ledger: Ledger) -> None:
    file = announced(ledger, b"some bytes")
    upload = ledger.attachments.upload(file)
    upload.take(b"some bytes")
    ledger.attachments.drop([file.attachment_id])
    with pytest.raises(UploadGone, match="create it anew"):
        upload.finish()


def test_what_is_dropped_takes_its_bytes_along_unless_others_have_the_same(
    ledger: Ledger, database: conftest.Database
) -> None:
    data = bytes_of(7)
    one, other = announced(ledger, data), announced(ledger, data)
    for file in (one, other):
        brought(ledger, file, data)
    ledger.attachments.drop([one.attachment_id])
    assert counts(database) == (1, 1, 1)
    ledger.attachments.settle([other.attachment_id])
    ledger.attachments.drop([other.attachment_id])
    assert counts(database) == (1, 1, 1)
    third = announced(ledger, b"x")
    ledger.attachments.drop([third.attachment_id, uuid4()])
    assert counts(database) == (1, 1, 1)


def test_no_bytes_are_put_to_a_file_that_is_whole(database: conftest.Database, ledger: Ledger, three: Content) -> None:
    with psycopg.connect(database.writer_url) as connection:
        answer = connection.execute(
            "SELECT ledger.keep_chunk('main', %s, 3, 'x'::bytea)", [three.content_id]
        ).fetchone()
        assert answer == (False,)
        finished = connection.execute(
            "SELECT ledger.finish_content('main', %s, %s, 3, 'f'::bytea, 'd'::bytea)", [uuid4(), three.content_id]
        ).fetchone()
        assert finished == (None,)


def test_every_way_in_which_an_upload_is_refused_is_one_error_with_a_name() -> None:
    assert set(UploadRefused.__subclasses__()) == {WrongSize, WrongDigest, OtherBytes, UploadGone}
