from ledger.blind_index import BlindIndex
from ledger.keys import LocalMasterKey
from tests.ledger.submissions import MASTER

OTHER = LocalMasterKey(b"another key of thirty-two bytes.")


def test_a_text_has_one_number_by_its_key_its_book_and_its_label() -> None:
    number = BlindIndex(MASTER, "main").number("name", "冯小明")
    assert number == BlindIndex(MASTER, "main").number("name", "冯小明")
    others = {
        BlindIndex(OTHER, "main").number("name", "冯小明"),
        BlindIndex(MASTER, "east").number("name", "冯小明"),
        BlindIndex(MASTER, "main").number("part", "冯小明"),
        BlindIndex(MASTER, "main").number("name", "冯晓明"),
    }
    assert len(others | {number}) == 5


def test_where_a_label_ends_and_a_text_begins_is_part_of_the_number() -> None:
    index = BlindIndex(MASTER, "main")
    assert index.number("phone", "1380") != index.number("phone1", "380")


def test_any_text_has_a_number_that_a_bigint_takes() -> None:
    index = BlindIndex(MASTER, "main")
    for text in ("", "\0", "\ud83d", "冯" * 100_000, *map(str, range(1_000))):
        assert -(2**63) <= index.number("name", text) < 2**63


def test_the_numbers_stay_what_they_are_from_release_to_release() -> None:
    """Or every table of them would have to be worked out anew."""
    assert BlindIndex(MASTER, "main").number("name", "feng ming") == KEPT


KEPT = -3_131_196_512_996_569_898
