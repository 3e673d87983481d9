import base64
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import pytest

from ledger.errors import WrongKey
from ledger.keys import REMEMBERED_KEYS, KeyRing, LocalMasterKey

MAKE = """
import sys
from pathlib import Path
from ledger.keys import LocalMasterKey

sys.stdin.readline()
print(LocalMasterKey.from_file(Path(sys.argv[1]), create=True).derive(b"test").hex())
"""
WANG, LI = UUID(int=1), UUID(int=2)

master = LocalMasterKey(b"1" * 32)


class Cabinet:
    """Where wrapped keys are kept: as the database does, the first one of a subject stays."""

    def __init__(self) -> None:
        self.kept: dict[UUID, bytes] = {}
        self.asked: list[list[UUID]] = []

    def fetch(self, subjects: Sequence[UUID]) -> list[tuple[UUID, int, bytes]]:
        self.asked.append(list(subjects))
        return [(subject, 1, self.kept[subject]) for subject in subjects if subject in self.kept]

    def keep(self, subjects: Sequence[UUID], wrapped: Sequence[bytes]) -> None:
        for subject, key in zip(subjects, wrapped, strict=True):
            self.kept.setdefault(subject, key)

    def sample(self) -> list[tuple[UUID, int, bytes]]:
        return [(subject, 1, key) for subject, key in self.kept.items()][:1]

    def ring(self, book: str = "main", key: LocalMasterKey = master) -> KeyRing:
        return KeyRing(book, key, self.fetch, self.keep, self.sample)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not base64!", "The master key is not base64 text."),
        ("主密钥", "The master key is not base64 text."),
        ("", "A master key has 32 bytes; this one has 0."),
        (base64.b64encode(b"short").decode(), "A master key has 32 bytes; this one has 5."),
        (base64.b64encode(b"1" * 33).decode(), "A master key has 32 bytes; this one has 33."),
    ],
)
def test_what_is_no_master_key_is_named_and_never_quoted(text: str, said: str) -> None:
    with pytest.raises(WrongKey) as raised:
        LocalMasterKey.from_text(text)
    assert str(raised.value) == said


def test_a_master_key_is_read_from_text_with_space_around_it() -> None:
    text = f"  {base64.b64encode(b'1' * 32).decode()}\n"
    assert LocalMasterKey.from_text(text).derive(b"x") == master.derive(b"x")


def test_a_master_keys_file_is_made_for_its_owner_alone_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    made = LocalMasterKey.from_file(path, create=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert LocalMasterKey.from_file(path).derive(b"x") == made.derive(b"x")
    assert LocalMasterKey.from_file(path, create=True).derive(b"x") == made.derive(b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["master.key"]


def test_a_master_keys_file_that_is_not_there_is_not_made_unasked(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LocalMasterKey.from_file(tmp_path / "master.key")


def test_processes_that_make_the_file_at_the_same_moment_end_with_the_same_key(tmp_path: Path) -> None:
    command = [sys.executable, "-c", MAKE, str(tmp_path / "master.key")]
    makers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    keys = {maker.communicate("go\n")[0] for maker in makers}
    assert len(keys) == 1
    assert keys != {""}
    assert [path.name for path in tmp_path.iterdir()] == ["master.key"]


def test_keys_for_two_purposes_differ_and_one_is_always_the_same() -> None:
    assert master.derive(b"a") == LocalMasterKey(b"1" * 32).derive(b"a")
    assert len({master.derive(b"a"), master.derive(b"b"), LocalMasterKey(b"2" * 32).derive(b"a")}) == 3


def test_a_wrapped_key_opens_with_its_own_binding_and_master_only() -> None:
    wrapped = master.wrap(b"a data key", b"here")
    assert master.unwrap(wrapped, b"here") == b"a data key"
    for other, binding, blob in [
        (master, b"there", wrapped),
        (LocalMasterKey(b"2" * 32), b"here", wrapped),
        (master, b"here", wrapped[:-1]),
        (master, b"here", wrapped[:12] + bytes([wrapped[12] ^ 1]) + wrapped[13:]),
    ]:
        with pytest.raises(WrongKey, match="does not open with the key at hand"):
            other.unwrap(blob, binding)


def test_wrapping_twice_gives_different_bytes() -> None:
    assert master.wrap(b"a data key", b"here") != master.wrap(b"a data key", b"here")


def test_a_key_is_made_once_and_found_by_the_next_ring() -> None:
    cabinet = Cabinet()
    made = cabinet.ring().for_writing([WANG])[WANG]
    sealed = made.cipher.encrypt(b"0" * 12, b"value", None)
    again = cabinet.ring()
    assert again.for_writing([WANG, LI]).keys() == {WANG, LI}
    assert again.existing([WANG])[WANG].cipher.decrypt(b"0" * 12, sealed, None) == b"value"


def test_where_another_writer_was_first_its_key_is_used() -> None:
    cabinet = Cabinet()

    def keep_late(subjects: Sequence[UUID], wrapped: Sequence[bytes]) -> None:
        cabinet.ring().for_writing(subjects)
        cabinet.keep(subjects, wrapped)

    late = KeyRing("main", master, cabinet.fetch, keep_late, cabinet.sample)
    sealed = late.for_writing([WANG])[WANG].cipher.encrypt(b"0" * 12, b"value", None)
    assert cabinet.ring().existing([WANG])[WANG].cipher.decrypt(b"0" * 12, sealed, None) == b"value"


def test_no_key_is_made_beside_those_of_another_master() -> None:
    cabinet = Cabinet()
    cabinet.ring().for_writing([WANG])
    with pytest.raises(WrongKey, match="does not open with the key at hand"):
        cabinet.ring(key=LocalMasterKey(b"2" * 32)).for_writing([LI])
    assert cabinet.kept.keys() == {WANG}


def test_a_subject_without_a_key_is_not_in_the_answer() -> None:
    assert Cabinet().ring().existing([WANG]) == {}


def test_a_key_of_another_book_subject_or_master_does_not_open() -> None:
    cabinet = Cabinet()
    cabinet.ring().for_writing([WANG])
    cabinet.kept[LI] = cabinet.kept[WANG]
    for ring, subject in [
        (cabinet.ring(book="other"), WANG),
        (cabinet.ring(key=LocalMasterKey(b"2" * 32)), WANG),
        (cabinet.ring(), LI),
    ]:
        with pytest.raises(WrongKey):
            ring.existing([subject])


def test_keys_that_are_let_go_are_fetched_again() -> None:
    cabinet = Cabinet()
    ring = cabinet.ring()
    ring.for_writing([LI])
    cabinet.asked.clear()
    ring.existing([LI])
    assert cabinet.asked == []
    ring.forget()
    assert list(ring.existing([LI])) == [LI]
    assert cabinet.asked == [[LI]]


def test_keys_are_remembered_up_to_a_limit() -> None:
    cabinet = Cabinet()
    ring = cabinet.ring()
    many = [UUID(int=number) for number in range(REMEMBERED_KEYS + 1)]
    ring.for_writing(many)
    cabinet.asked.clear()
    ring.existing(many[-10:])
    assert cabinet.asked == []
    ring.existing(many[:1])
    assert cabinet.asked == [many[:1]]
