"""By what people are found, and what is looked for when somebody types something: pure, without an index."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.search_terms import MOST_LETTERS, MOST_RUN, MOST_WORDS, Term, of_contact, of_key, of_name, wanted


def finds(typed: str, terms: Iterator[Term], *, partly: bool = True) -> bool:
    """Whether what somebody types finds who has these terms."""
    known, asked = set(terms), wanted(typed, partly=partly)
    return bool(asked.whole & known) or bool(asked.parts and asked.parts <= known)


# Names ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "found_by", "not_found_by"),
    [
        ("冯小明", ["冯", "小明", "冯小明", "小", "冯 小明", "小明 冯", "冯·小明"], ["明小", "馮", "冯大明", "feng"]),
        ("Ming Feng", ["feng", "fen", "fe", "MING", "feng ming", "Ming F", "ｆｅｎｇ"], ["eng", "fenn", "ming li"]),
        ("José Álvarez", ["jose", "José", "alvarez", "JOSÉ ÁLVAREZ", "jose\u0301"], ["josef", "varez"]),
        ("Søren Łukasz Æbelø", ["soren", "Søren", "lukasz", "aebelo"], ["sören lukas z"]),
        ("O'Brien", ["obrien", "o’brien", "O'Br"], ["brien"]),
        ("Jean-Luc Müller", ["luc", "jean luc", "muller"], ["mueller"]),
        ("محمد عبد الله", ["محمد", "عبد", "مُحَمَّد", "محـمد", "الله"], ["حمد"]),
        ("فاطمة", ["فاطمه", "فاطمة"], ["طمة"]),
        ("山田 太郎", ["山田", "太郎", "山田太郎", "太郎 山田", "田太"], ["山本"]),
        ("ガブリエル", ["ｶﾞﾌﾞﾘ", "ガブリエル"], ["カフリエル"]),
        ("김민수", ["김", "민수", "김민수"], ["민호"]),
        ("สมชาย ใจดี", ["สมชาย", "ใจดี"], ["ชาย"]),
        ("Đặng Thị İpek ışık", ["dang", "thi", "ipek", "isik"], ["hi"]),
        ("北京某某科技有限公司", ["科技", "某某科技", "北京某某科技有限公司", "科技有限公司"], ["上海", "有限责任"]),
        ("3M", ["3m", "3M"], ["4m"]),
        ("X Æ", ["x", "ae"], ["y"]),
    ],
)
def test_a_name_is_found_by_the_beginnings_of_its_words_and_by_stretches_of_characters(
    name: str, found_by: list[str], not_found_by: list[str]
) -> None:
    assert [typed for typed in found_by if not finds(typed, of_name(name))] == []
    assert [typed for typed in not_found_by if finds(typed, of_name(name))] == []


@pytest.mark.parametrize("typed", ["冯小明", "冯 小明", "FENG ming", "Ming Feng", "Míng fēng"])
def test_a_whole_name_is_found_in_any_order_and_spelling_by_who_may_look_for_nothing_less(typed: str) -> None:
    name = "冯小明" if typed.startswith("冯") else "Ming Feng"
    assert finds(typed, of_name(name), partly=False)


@pytest.mark.parametrize("typed", ["冯", "小明", "Ming", "fen", "Ming Fen", "Ming Feng Li"])
def test_a_part_of_a_name_finds_nobody_for_who_may_look_for_whole_names_alone(typed: str) -> None:
    assert not finds(typed, of_name("冯小明"), partly=False)
    assert not finds(typed, of_name("Ming Feng"), partly=False)


def test_a_long_word_is_found_by_who_types_all_of_it_and_by_any_beginning() -> None:
    name = "Wolfeschlegelsteinhausenbergerdorff"
    assert [end for end in range(2, len(name) + 1) if not finds(name[:end], of_name(name))] == []
    assert not finds("Wolfeschlage", of_name(name))


def test_a_name_of_any_length_has_a_bounded_number_of_terms() -> None:
    assert len(set(of_name(" ".join(f"word{number}" for number in range(20_000))))) <= MOST_WORDS * MOST_LETTERS + 1
    assert len(set(of_name("冯" * 60_000))) <= 5
    many = "".join(chr(0x4E00 + number) for number in range(20_000))
    assert len(set(of_name(many))) <= MOST_RUN * 4 + 1


@pytest.mark.parametrize("nothing", ["", "   ", "…", "@", "-- --", "\0", "\u200b", "😀", "'"])
def test_what_has_no_letter_and_no_digit_is_found_by_nothing_and_finds_nobody(nothing: str) -> None:
    assert list(of_name(nothing)) == []
    assert wanted(nothing, partly=True) == (frozenset(), frozenset())


@given(st.text(max_size=60))
def test_whatever_a_name_is_it_is_found_by_itself(name: str) -> None:
    terms = set(of_name(name))
    for partly in (True, False):
        assert finds(name, iter(terms), partly=partly) == bool(terms)


@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_typed_finds_the_same_in_capitals_and_with_spaces_around_it(name: str, typed: str) -> None:
    assert finds(f"  {typed}\t", of_name(name)) == finds(typed, of_name(name))
    if typed.upper().casefold() == typed.casefold():
        assert finds(typed.upper(), of_name(name)) == finds(typed, of_name(name))


# Numbers and addresses ------------------------------------------------------------------------------------------------

CHINA, BEIJING, LONDON, LOCAL = "+86 138 0000 1111", "+86 10 6234 5678", "+44 (0)20 7946 0018", "010-6234 5678"


@pytest.mark.parametrize(
    ("number", "typed"),
    [
        (CHINA, "13800001111"),
        (CHINA, "+8613800001111"),
        (CHINA, "008613800001111"),
        (CHINA, "8613800001111"),
        (CHINA, "138-0000-1111"),
        (CHINA, "＋８６ １３８ ００００ １１１１"),
        (CHINA, "+٨٦ ١٣٨٠٠٠٠١١١١"),
        ("13800001111", CHINA),
        (BEIJING, "010 6234 5678"),
        (BEIJING, "(010) 62345678 转 801"),
        (LOCAL, "+86 10 6234 5678"),
        (LOCAL, "01062345678"),
        (LONDON, "+442079460018"),
        (LONDON, "020 7946 0018"),
        ("020 7946 0018 ext. 12", LONDON),
        ("+1 (212) 555-0100", "212 555 0100"),
        ("+7 495 123-45-67", "495 123 45 67"),
        ("+353 1 234 5678", "01 234 5678"),
        ("95588", "95588"),
    ],
)
def test_a_phone_number_is_found_however_it_is_written(number: str, typed: str) -> None:
    for partly in (True, False):
        assert finds(typed, of_contact(number), partly=partly)


@pytest.mark.parametrize(
    ("number", "typed"),
    [
        (CHINA, "+44 13800001111"),
        (CHINA, "1111"),
        (CHINA, "3800001111"),
        (CHINA, "1380000111"),
        (CHINA, "138000011112"),
        (LOCAL, "62345678"),
        ("0000 1111 2222 3333 4444 5555", "00001111"),
    ],
)
def test_another_number_or_a_part_of_one_finds_nobody(number: str, typed: str) -> None:
    assert not finds(typed, of_contact(number))


@pytest.mark.parametrize(
    ("value", "typed"),
    [
        ("Feng.Xiaoming@Example.com", "feng.xiaoming@example.COM"),
        ("wxid_Feng88", "WXID_feng88"),
        ("12345678", "12345678"),
        ("北京市海淀区 中关村大街 1 号", "北京市海淀区  中关村大街 1 号"),
    ],
)
def test_an_address_or_an_account_is_found_as_a_whole(value: str, typed: str) -> None:
    for partly in (True, False):
        assert finds(typed, of_contact(value), partly=partly)
    assert not finds(typed[:-1], of_contact(value))


def test_a_key_is_found_as_a_whole_and_is_no_name() -> None:
    assert finds("k-1024", of_key("K-1024"))
    assert not finds("K-102", of_key("K-1024"))
    assert not finds("K-1024", of_name("Kim"))
