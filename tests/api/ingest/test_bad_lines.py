import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.ingest.reading import BYTE_ORDER_MARK, MOST_LINE_BYTES
from api.ingest.vocabulary import kinds
from tests.api.ingest.sending import LINES, Producer, item, received

DEEP = b'{"data": ' + b'{"a": ' * 2_000 + b"1" + b"}" * 2_001
BAD: dict[str, tuple[bytes | dict[str, Any], str, list[str] | None]] = {
    "no JSON": (b'{"id": "x"', "NOT_JSON", None),
    "no UTF-8": (b'{"id": "\xff"}', "NOT_JSON", None),
    "UTF-16": ('{"id": "x"}'.encode("utf-16-le").replace(b"\n", b""), "NOT_JSON", None),
    "no object": (b"[1, 2]", "NOT_JSON", None),
    "a number that is none": (b'{"data": {"kind": NaN}}', "NOT_JSON", None),
    "endless digits": (b'{"data": ' + b"9" * 5_000 + b"}", "NOT_JSON", None),
    "a key twice": (b'{"type": "receive-case", "type": "close-case"}', "NOT_JSON", None),
    "too deep": (DEEP, "NOT_JSON", None),
    "deep": (b'{"data": ' + b'{"a": ' * 40 + b"1" + b"}" * 41, "BAD_FIELD", ["data", "a"]),
    "too long": (b'{"id": "' + b"x" * MOST_LINE_BYTES + b'"}', "TOO_LONG", None),
    "a NUL": ({**received("T-0"), "subject": "T\0"}, "BAD_FIELD", ["subject"]),
    "half a pair": (b'{"id": "\\ud800"}', "BAD_FIELD", ["id"]),
    "no type": ({"id": "x"}, "BAD_FIELD", ["type"]),
    "another type": (item("recieve-case", "T-0"), "UNKNOWN_TYPE", ["type"]),
    "a type that nobody brings": (item("make-decision", "T-0", outcome="upheld"), "UNKNOWN_TYPE", ["type"]),
    "another field": ({**received("T-0"), "colour": "red"}, "BAD_FIELD", ["colour"]),
    "another field of the data": (received("T-0", colour="red"), "BAD_FIELD", ["data", "colour"]),
    "a field that the envelope has": (received("T-0", at="2026-03-02T09:00:00Z"), "BAD_FIELD", ["data", "at"]),
    "a missing field": (item("receive-case", "T-0", kind="complaint"), "BAD_FIELD", ["data", "channel"]),
    "a word of no list": (received("T-0", kind="COMPLAINT"), "BAD_FIELD", ["data", "kind"]),
    "words without end": (received("T-0", words="字" * 16_001), "BAD_FIELD", ["data", "words"]),
    "a list for an object": ({**received("T-0"), "data": []}, "BAD_FIELD", ["data"]),
    "an empty id": ({**received("T-0"), "id": ""}, "BAD_FIELD", ["id"]),
    "an id that is a number": ({**received("T-0"), "id": 7}, "BAD_FIELD", ["id"]),
    "a time without a zone": (received("T-0", time="2026-03-02T09:00:00"), "BAD_FIELD", ["time"]),
    "a day that there is not": (received("T-0", time="2026-02-30T09:00:00Z"), "BAD_FIELD", ["time"]),
    "a year out of reach": (received("T-0", time="1026-02-20T09:00:00Z"), "BAD_FIELD", ["time"]),
    "another zone": (received("T-0", zone="Mars/Olympus"), "BAD_FIELD", ["zone"]),
    "a half amount": (
        item("resolve-case", "T-0", outcome="solved", redress={"minor_units": 12.5, "currency": "EUR"}),
        "BAD_FIELD",
        ["data", "redress", "minor_units"],
    ),
    "base64": ({**received("T-0"), "specversion": "1.0", "data_base64": "eA=="}, "BAD_FIELD", ["data_base64"]),
    "CloudEvents of another version": ({**received("T-0"), "specversion": "0.3"}, "BAD_FIELD", ["specversion"]),
    "data of another kind": ({**received("T-0"), "datacontenttype": "text/xml"}, "BAD_FIELD", ["datacontenttype"]),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_line_is_answered_by_its_code_and_field(producer: Producer, case: str) -> None:
    bad, code, field = BAD[case]
    head = producer.ledger.head()
    (answer,) = producer.sent(bad)
    assert (answer["status"], answer["code"], answer.get("field")) == ("invalid", code, field)
    assert answer["message"].endswith((".", "?"))
    assert len(answer["message"]) <= 500
    assert producer.ledger.head() == head


def test_bad_lines_take_no_others_with_them_and_keep_their_places(producer: Producer) -> None:
    good = [received(f"T-{number}") for number in range(len(BAD) + 1)]
    between: list[Any] = [good[0]]
    for (bad, _, _), one in zip(BAD.values(), good[1:], strict=True):
        between += [b"", bad, one]
    answers = producer.sent(*between)
    assert [answer["status"] for answer in answers] == ["accepted"] + ["invalid", "accepted"] * len(BAD)
    places = [place for place, each in enumerate(between, 1) if each != b""]
    assert [answer["item"] for answer in answers] == places


def test_a_bad_line_is_told_by_its_id_when_it_has_one(producer: Producer) -> None:
    (answer,) = producer.sent({**received("T-0"), "id": "e-named", "colour": "red"})
    assert answer["id"] == "e-named"


def test_a_name_that_is_nearly_right_is_suggested(producer: Producer) -> None:
    (answer,) = producer.sent(item("recieve-case", "T-0"))
    assert answer["message"] == "There is no type 'recieve-case'; is it receive-case?"


def test_a_byte_order_mark_windows_lines_and_no_last_newline_are_taken(producer: Producer) -> None:
    body = b"\xef\xbb\xbf" + b"\r\n".join(orjson.dumps(received(f"W-{number}")) for number in range(3))
    answers = [orjson.loads(line) for line in producer.post(body).content.splitlines()]
    assert [answer.get("status") for answer in answers] == ["accepted"] * 3 + [None]


SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
FIELDS = sorted({name for kind in kinds().values() for name in kind.data.model_fields})
DATA = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=4)
ITEMS = st.fixed_dictionaries(
    {"type": st.sampled_from(sorted(kinds())) | st.text(max_size=20), "id": st.text(max_size=5) | VALUES},
    optional={"source": VALUES, "subject": VALUES | st.just("T-1"), "time": VALUES, "data": DATA | VALUES},
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=60) | ITEMS.map(json.dumps).map(str.encode), max_size=4))
def test_whatever_is_sent_is_answered_line_by_line_and_is_no_fault(producer: Producer, sent: list[bytes]) -> None:
    body = b"\n".join(sent)
    response = producer.post(body, LINES, {"Daybook-Source": "anything"})
    assert response.status_code == 200
    *answers, end = [orjson.loads(line) for line in response.content.splitlines()]
    there = body.removeprefix(BYTE_ORDER_MARK).split(b"\n")
    lines = [place for place, line in enumerate(there, 1) if line.strip(b" \t\r")]
    assert [answer["item"] for answer in answers] == lines
    assert end["failed"] == 0
