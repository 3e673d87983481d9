import math
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.canonical import canonical, canonical_of_checked, is_canonical
from ledger.errors import NotCanonical

LARGEST = 2**53 - 1
ESCAPES = {0x08: "\\b", 0x09: "\\t", 0x0A: "\\n", 0x0C: "\\f", 0x0D: "\\r", 0x22: '\\"', 0x5C: "\\\\"}

text = st.text(st.characters(exclude_categories=["Cs"]))
ascii_text = st.text(st.characters(max_codepoint=127))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | text,
    lambda inner: st.lists(inner) | st.dictionaries(ascii_text, inner),
    max_leaves=30,
)


def rfc_8785(value: Any) -> str:
    """The canonical form by the letter of RFC 8785, section 3.2, written without a JSON library."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return '"' + "".join(escaped(character) for character in value) + '"'
        case list():
            return "[" + ",".join(rfc_8785(item) for item in value) + "]"
        case dict():
            by_utf_16 = sorted(value.items(), key=lambda item: item[0].encode("utf-16-be"))
            return "{" + ",".join(f"{rfc_8785(key)}:{rfc_8785(inner)}" for key, inner in by_utf_16) + "}"
        case _:
            raise AssertionError(f"no JSON value: {value!r}")


def escaped(character: str) -> str:
    point = ord(character)
    return ESCAPES.get(point) or (f"\\u{point:04x}" if point < 0x20 else character)


@given(values)
def test_the_bytes_are_those_of_an_independent_writer(value: Any) -> None:
    written = canonical(value)
    assert written == rfc_8785(value).encode()
    assert canonical_of_checked(value) == written
    assert is_canonical(written)


def test_every_character_below_the_space_and_some_beyond_the_basic_plane_are_written_as_the_rfc_asks() -> None:
    every = "".join(map(chr, range(0x80))) + "\x80\u2028\u2029\ufeff\ufffd\uffff客户\U0001f600\U0010ffff"
    assert canonical({"a": every}) == rfc_8785({"a": every}).encode()


def test_keys_are_sorted_by_code_point_whatever_the_order_given() -> None:
    assert canonical({"b": 1, "a_": 2, "a": 3, "B": 4, "": 5, "a0": 6}) == b'{"":5,"B":4,"a":3,"a0":6,"a_":2,"b":1}'


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1.5, "A float at /: write whole minor units instead."),
        ({"a": [{"b": 1.0}]}, "A float at /a/0/b: write whole minor units instead."),
        (math.nan, "A float at /: write whole minor units instead."),
        ((0.0,), "A float at /0: write whole minor units instead."),
        ({"客户": 1}, "The key '客户' at / is not ASCII."),
        ({"a": {1: 2}}, "The key 1 at /a is not ASCII."),
        (LARGEST + 1, "No canonical form: Integer exceeds 53-bit range."),
        ({"a": -LARGEST - 1}, "No canonical form: Integer exceeds 53-bit range."),
        (10**30, "No canonical form: Integer exceeds 64-bit range."),
        ("\ud800", "No canonical form: str is not valid UTF-8: surrogates not allowed."),
        (["a\udfff"], "No canonical form: str is not valid UTF-8: surrogates not allowed."),
    ],
)
def test_what_has_no_canonical_form_is_named(value: Any, said: str) -> None:
    with pytest.raises(NotCanonical) as raised:
        canonical(value)
    assert str(raised.value) == said


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", 1j])
def test_what_is_no_json_is_not_canonical(value: object) -> None:
    with pytest.raises(NotCanonical, match="No canonical form"):
        canonical({"a": value})


@pytest.mark.parametrize(
    "stored",
    [
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'"\\u00e9"',
        b'"\\/"',
        b'"\\u001F"',
        b"1.0",
        b"1e2",
        b"-0",
        b"9007199254740992",
        b'{"a":1}\n',
        b"\xef\xbb\xbf{}",
        b'"\xff"',
        b'{"\xc3\xa9":1}',
        b"",
        b"nothing",
    ],
)
def test_other_bytes_for_the_same_value_are_not_canonical(stored: bytes) -> None:
    assert not is_canonical(stored)


@given(values)
def test_any_spacing_between_the_parts_is_noticed(value: Any) -> None:
    indented = orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)
    assert is_canonical(indented) == (indented == canonical(value))
