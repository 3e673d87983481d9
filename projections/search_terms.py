"""Search terms: from a name, a number or an address to the texts by which somebody can be found, and from what somebody
types to the texts to look for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Term(NamedTuple):
    """A text by which somebody is found, and what kind of text it is."""

    label: str
    text: str


class Wanted(NamedTuple):
    """What is looked for: anybody with one of `whole`, or with all of `parts`, when there are any."""

    whole: frozenset[Term]
    parts: frozenset[Term]


LONGEST = 200
"""What is looked for has so many characters at the most: each of its words is looked for."""
KEY, ACCOUNT, NAME, PART = "key", "account", "name", "part"
FULL, WITHIN, LOCAL = "phone", "phone within", "phone local"
"""Of phone numbers: with the country's code; without it, though it is known; and as it was written where it is not."""

MOST_LETTERS = 12
"""A word is found by its beginnings of up to so many letters. Who types more of it is shown who begins with the first
twelve."""
MOST_CHARACTERS = 4
"""A script without spaces is found by any stretch of so many characters: names of people are hardly longer."""
MOST_WORDS, MOST_RUN = 24, 64
"""So many words of a name are indexed, and so many characters of a run without spaces; a name may have thousands."""

CJK = (
    r"\u3005-\u3007\u3041-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U00020000-\U0003ffff"
)
WORD = re.compile(rf"[{CJK}]+|[^\s{CJK}]+")
WITHOUT_SPACES = re.compile(rf"[{CJK}]")
BETWEEN = re.compile(rf"(?<=[{CJK}])\s+(?=[{CJK}])")
"""What stands between the parts of a name in a script that needs nothing there: 山田 太郎 is 山田太郎."""
APOSTROPHES = re.compile("['’ʼ‘`´]")
LETTERS = str.maketrans({
    "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "ħ": "h", "æ": "ae", "œ": "oe", "þ": "th",
    "ـ": None, "ى": "ي", "ة": "ه", "ک": "ك", "ی": "ي",
})  # fmt: skip
"""Letters that Unicode takes for letters of their own, and that people type as others or leave out."""
ACCENTS_FROM = 10
"""The combining class from which on a mark is an accent or a vowel sign that people leave out. Below it are signs that
make another letter of the one before: nuktas, viramas, voiced kana."""

EXTENSION = re.compile(r"(?:;?\s*ext[.=]?|\s+x|转|分机|#)\s*\d{1,6}$", re.IGNORECASE)
TRUNK = re.compile(r"\(\s*0\s*\)")
"""The zero of a number that is left out after the country's code: +44 (0)20."""
PHONE = re.compile(r"\+?[\d\s().\-/\u2010-\u2015]+")
LEAST_DIGITS, MOST_DIGITS = 5, 17
"""An international number has at most fifteen digits (ITU-T E.164), and may be written with a prefix of two zeros."""
TWO_DIGITS = frozenset(
    [
        "20",
        "27",
        "30",
        "31",
        "32",
        "33",
        "34",
        "36",
        "39",
        "40",
        "41",
        "43",
        "44",
        "45",
        "46",
        "47",
        "48",
        "49",
        "51",
        "52",
        "53",
        "54",
        "55",
        "56",
        "57",
        "58",
        "60",
        "61",
        "62",
        "63",
        "64",
        "65",
        "66",
        "81",
        "82",
        "84",
        "86",
        "90",
        "91",
        "92",
        "93",
        "94",
        "95",
        "98",
    ]
)
"""Country codes of two digits (ITU-T E.164, list of assigned codes). Those that begin with 1 and 7 have one, and all
others have three."""


def folded(text: str) -> str:
    """A text without what people write in several ways: width, case, accents, vowel signs, spaces around it."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    bare = (character for character in decomposed if unicodedata.combining(character) < ACCENTS_FROM)
    composed = unicodedata.normalize("NFKC", "".join(bare)).casefold()
    return " ".join(APOSTROPHES.sub("", composed).translate(LETTERS).split())


def of_name(name: str) -> Iterator[Term]:
    """By what a name is found: as a whole in whatever order of its words, and by parts of them."""
    text = folded(name)
    if not (words := _words(text)):
        return
    yield _whole_name(words)
    for word in words[:MOST_WORDS]:
        yield from (Term(PART, part) for part in _parts(word))


def of_contact(value: str) -> Iterator[Term]:
    """By what a number, an address or an account is found: as a whole, however a number is written."""
    if text := folded(value):
        yield Term(ACCOUNT, text)
    digits = _digits(value)
    if digits is None:
        return
    if digits.international:
        yield Term(FULL, digits.text)
        yield Term(WITHIN, _within(digits.text))
    else:
        yield from (Term(LOCAL, form) for form in _local_forms(digits.text))


def of_key(key: str) -> Iterator[Term]:
    """By what a key in another system is found."""
    if text := folded(key):
        yield Term(KEY, text)


def wanted(text: str, *, partly: bool) -> Wanted:
    """What to look for when somebody types a text: a key, an account, a phone number or a name. Empty when nothing in
    it can be looked for.

    Without `partly` only whoever has it as a whole is found.
    """
    plain = folded(text)
    words = _words(plain)
    if not words:
        return Wanted(frozenset(), frozenset())
    whole = {Term(KEY, plain), Term(ACCOUNT, plain), _whole_name(words), *_numbers(text)}
    # The words as they were typed: who types 小明 冯 means both, in whatever order they stand in the name.
    typed = [part for word in WORD.findall(_spaced(plain))[:MOST_WORDS] for part in _looked_for(word)]
    return Wanted(frozenset(whole), frozenset(Term(PART, part) for part in typed) if partly else frozenset())


# Names ----------------------------------------------------------------------------------------------------------------


def _words(text: str) -> list[str]:
    found: list[str] = WORD.findall(BETWEEN.sub("", _spaced(text)))
    return found


def _spaced(text: str) -> str:
    """A text with spaces in the place of all that is no letter, mark or number."""
    return "".join(each if unicodedata.category(each)[0] in "LMN" else " " for each in text)


def _whole_name(words: Iterable[str]) -> Term:
    return Term(NAME, " ".join(sorted(words)))


def _parts(word: str) -> Iterator[str]:
    """What a word of a name is found by."""
    if WITHOUT_SPACES.match(word):
        run = word[:MOST_RUN]
        for begin in range(len(run)):
            yield from (run[begin:end] for end in range(begin + 1, min(begin + MOST_CHARACTERS, len(run)) + 1))
    else:
        yield from (word[:end] for end in range(1, min(MOST_LETTERS, len(word)) + 1))


def _looked_for(word: str) -> Iterator[str]:
    """What is looked for when somebody types a word of a name, or a part of it."""
    if not WITHOUT_SPACES.match(word):
        yield word[:MOST_LETTERS]
        return
    run = word[:MOST_RUN]
    yield from (run[begin : begin + MOST_CHARACTERS] for begin in range(max(1, len(run) - MOST_CHARACTERS + 1)))


# Phone numbers --------------------------------------------------------------------------------------------------------


class _Digits(NamedTuple):
    text: str
    international: bool


def _digits(text: str) -> _Digits | None:
    """The digits of a phone number; None when it is none."""
    plain = EXTENSION.sub("", unicodedata.normalize("NFKC", text).strip())
    if not PHONE.fullmatch(plain):
        return None
    international = plain.startswith("+")
    shown = TRUNK.sub("", plain) if international else plain
    digits = "".join(str(unicodedata.digit(character)) for character in shown if character.isdigit())
    if not international and digits.startswith("00"):
        digits, international = digits[2:], True
    return _Digits(digits, international) if LEAST_DIGITS <= len(digits) <= MOST_DIGITS else None


def _within(digits: str) -> str:
    """An international number without its country's code."""
    if digits[0] in "17":
        return digits[1:]
    return digits[2:] if digits[:2] in TWO_DIGITS else digits[3:]


def _local_forms(digits: str) -> frozenset[str]:
    """A number as it was written, and without the zero that is dialled within the country alone."""
    return frozenset({digits, digits.removeprefix("0")})


def _numbers(text: str) -> Iterator[Term]:
    """Whose number it may be: with a country's code of nobody in another country, without one of anybody."""
    digits = _digits(text)
    if digits is None:
        return
    if digits.international:
        yield Term(FULL, digits.text)
        yield from (Term(LOCAL, form) for form in _local_forms(_within(digits.text)))
        return
    yield Term(FULL, digits.text)  # typed without the sign before it
    for form in _local_forms(digits.text):
        yield from (Term(WITHIN, form), Term(LOCAL, form))
