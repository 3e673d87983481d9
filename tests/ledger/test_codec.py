import json
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, ClassVar, get_args, get_origin, get_type_hints
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from domain.case.events import Attribute, CaseAttributesRecorded, CaseClosed
from domain.customer import CustomerRenamed
from domain.event import Event
from domain.personal import ERASED, Personal, PersonalState, personal_values
from domain.topics import EVENTS
from ledger.canonical import is_canonical
from ledger.codec import (
    DATA_LIMIT_BYTES,
    PERSONAL_LIMIT_BYTES,
    Codec,
    Disclosure,
    commitment,
    commitments,
    holds_personal,
)
from ledger.errors import NotCanonical, TooLarge, UnknownTopic, UnreadableEvent
from tests.ledger.events import any_event

WANG = UUID(int=1)
SECRET = "住在长安街一号的王小明"

codec = Codec()


class Witness(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: Personal[str]
    age: Personal[int]


class AccidentSeen(Event):
    TOPIC: ClassVar = "accident-seen.3"

    witnesses: tuple[Witness, ...]
    place: str
    remark: Personal[str] | None


def second_from_first(payload: dict[str, Any]) -> dict[str, Any]:
    """The first schema had one witness, and no place."""
    return {"witness": payload["seen_by"], "years": payload["years"], "place": "unknown"}


def third_from_second(payload: dict[str, Any]) -> dict[str, Any]:
    witness = {"name": payload["witness"], "age": payload["years"]}
    return {"witnesses": [witness], "place": payload["place"], "remark": None}


accidents = Codec(
    [AccidentSeen],
    {
        "accident-seen.1": ("accident-seen.2", second_from_first),
        "accident-seen.2": ("accident-seen.3", third_from_second),
    },
)


def opened(disclosures: tuple[Disclosure, ...]) -> dict[str, Any]:
    return {disclosure.commitment: json.loads(disclosure.value) for disclosure in disclosures}


def attributes(data_bytes: int) -> CaseAttributesRecorded:
    """An event whose data has exactly so many bytes."""
    bare = len(codec.encode(CaseAttributesRecorded(attributes=())).data)
    an_attribute = len(codec.encode(CaseAttributesRecorded(attributes=(Attribute(name="a", value="x"),))).data) - bare
    values: list[str] = []
    left = data_bytes - bare + 1  # the first attribute has no comma before it
    while left:
        size = min(200, left - an_attribute)
        if 0 < left - an_attribute - size <= an_attribute + 1:
            size = 100
        values.append("x" * size)
        left -= an_attribute + size
    return CaseAttributesRecorded(attributes=tuple(Attribute(name="a", value=value) for value in values))


# Round trips ----------------------------------------------------------------------------------------------------------


@given(any_event())
def test_every_event_reads_back_equal_and_its_bytes_are_canonical(event: Event) -> None:
    encoded = codec.encode(event)
    assert is_canonical(encoded.data)
    assert codec.decode(encoded.topic, encoded.data, opened(encoded.disclosures)) == event


@given(any_event())
def test_an_event_read_closed_is_written_again_in_the_same_bytes(event: Event) -> None:
    encoded = codec.encode(event)
    closed = codec.decode(encoded.topic, encoded.data)
    assert {personal.state for _, personal in personal_values(closed)} <= {PersonalState.CLOSED}
    assert codec.encode(closed) == encoded._replace(disclosures=())


@given(any_event())
def test_a_disclosure_names_the_place_where_its_commitment_stands(event: Event) -> None:
    encoded = codec.encode(event)
    for path, subject, committed, salt, value in encoded.disclosures:
        found: Any = json.loads(encoded.data)
        for step in path.removeprefix("/").split("/"):
            found = found[int(step)] if isinstance(found, list) else found[step]
        assert found == {"commitment": committed, "subject": str(subject)}
        assert commitment(salt, path, value) == committed
        assert len(salt) == 32


def test_each_topic_has_one_event_and_those_with_personal_values_are_known() -> None:
    assert max(Counter(event.TOPIC for event in EVENTS).values()) == 1
    assert {event.TOPIC for event in EVENTS if codec.holds_personal(event.TOPIC)} == {
        "correction-requested.1",
        "customer-registered.1",
        "customer-renamed.1",
        "contact-recorded.1",
        "touchpoint-recorded.1",
        "case-received.1",
        "response-sent.1",
        "attachment-added.1",
        "case-acknowledged.1",
        "customer-replied.1",
        "feedback-given.1",
        "follow-up-made.1",
        "investigation-finished.1",
        "resolution-proposed.1",
        "material-requested.1",
        "obligation-met.1",
        "visit-made.1",
    }


def test_every_personal_value_is_text_since_what_was_sealed_is_handed_over_as_it_is() -> None:
    kinds = {kind for event in EVENTS for kind in personal_types(event)}
    assert kinds == {str}


def personal_types(hint: Any) -> Iterator[Any]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        for inner in get_type_hints(hint).values():
            yield from personal_types(inner)
    if get_origin(hint) is Personal:
        yield from get_args(hint)
    for inner in get_args(hint):
        yield from personal_types(inner)


def test_commitments_are_found_in_the_bytes_where_the_payload_has_them() -> None:
    witness = Witness(name=Personal.open(WANG, SECRET), age=Personal.open(WANG, 40))
    encoded = accidents.encode(AccidentSeen(witnesses=(witness,), place="here", remark=None))
    assert commitments(encoded.data) == {d.path: d.commitment for d in encoded.disclosures}


# Personal values ------------------------------------------------------------------------------------------------------


def test_personal_values_at_any_depth_are_found_and_given_paths_of_their_own() -> None:
    name = Personal.open(WANG, SECRET)
    event = AccidentSeen(
        witnesses=(Witness(name=name, age=Personal.open(WANG, 40)), Witness(name=name, age=Personal.open(WANG, 41))),
        place="Chang'an Avenue",
        remark=name,
    )
    encoded = accidents.encode(event)
    assert [(d.path, d.value) for d in encoded.disclosures] == [
        ("/witnesses/0/name", f'"{SECRET}"'.encode()),
        ("/witnesses/0/age", b"40"),
        ("/witnesses/1/name", f'"{SECRET}"'.encode()),
        ("/witnesses/1/age", b"41"),
        ("/remark", f'"{SECRET}"'.encode()),
    ]
    assert accidents.decode(encoded.topic, encoded.data, opened(encoded.disclosures)) == event
    assert holds_personal(AccidentSeen)


def test_the_same_value_twice_has_two_commitments() -> None:
    event = CustomerRenamed(name=Personal.open(WANG, SECRET))
    first, second = codec.encode(event), codec.encode(event)
    assert first.data != second.data
    assert first.disclosures[0].salt != second.disclosures[0].salt


def test_a_commitment_depends_on_the_path() -> None:
    salt = bytes(32)
    assert commitment(salt, "/name", b'"x"') != commitment(salt, "/value", b'"x"')
    assert commitment(salt, "/a", b'b"x"') != commitment(salt, "/ab", b'"x"')


def test_a_commitment_is_the_hmac_that_the_format_promises() -> None:
    """As openssl computes it: printf 'daybook/personal/v1\\0/name\\0"Wang"' | openssl mac -digest SHA256 ... HMAC"""
    expected = "a85c2c818c035244d334ef4cd03e4fb75e6909904668485b3dc7a278bb1b907a"
    assert commitment(bytes(32), "/name", b'"Wang"') == expected


def test_nothing_personal_stands_in_the_bytes_or_in_the_representation_of_an_event() -> None:
    event = CustomerRenamed(name=Personal.open(WANG, SECRET))
    encoded = codec.encode(event)
    assert SECRET.encode() not in encoded.data
    assert SECRET not in repr(event) + str(event)


def test_a_value_whose_key_is_gone_reads_as_erased_and_is_written_again_in_the_same_bytes() -> None:
    encoded = codec.encode(CustomerRenamed(name=Personal.open(WANG, SECRET)))
    erased = codec.decode(encoded.topic, encoded.data, {encoded.disclosures[0].commitment: ERASED})
    assert isinstance(erased, CustomerRenamed)
    assert erased.name.state is PersonalState.ERASED
    assert codec.encode(erased).data == encoded.data


# Older and newer programs ---------------------------------------------------------------------------------------------


def test_an_old_payload_is_brought_to_todays_schema_with_its_personal_values() -> None:
    def stored(committed: str) -> dict[str, str]:
        return {"commitment": committed, "subject": str(WANG)}

    data = json.dumps({"seen_by": stored("aa"), "years": stored("bb")}).encode()
    today = accidents.decode("accident-seen.1", data, {"aa": SECRET, "bb": 40})
    witness = Witness(name=Personal.open(WANG, SECRET), age=Personal.open(WANG, 40))
    assert today == AccidentSeen(witnesses=(witness,), place="unknown", remark=None)
    assert accidents.holds_personal("accident-seen.1")


@pytest.mark.parametrize("payload", [b'{"code":"x"}', b'{"codes":[]}', b'{"codes":["x"]}', b"[]"])
def test_an_old_payload_that_its_upcast_cannot_take_is_named_unreadable(payload: bytes) -> None:
    def first_code(old: dict[str, Any]) -> dict[str, Any]:
        return {"code": str(int(old["codes"][0]))}

    codec = Codec([CaseClosed], {"case-ended.1": (CaseClosed.TOPIC, first_code)})
    with pytest.raises(UnreadableEvent, match=r"The bytes of case-ended\.1 at position 7 do not fit"):
        codec.decode("case-ended.1", payload, where="position 7")


def test_an_upcast_that_leads_nowhere_is_refused_when_the_program_starts() -> None:
    with pytest.raises(UnknownTopic, match=r"The upcasts end in 'gone\.1', for which there is no event class\."):
        Codec([CaseClosed], {"case-ended.1": ("gone.1", dict)})


@pytest.mark.parametrize(
    ("topic", "said"),
    [
        ("case-vanished.1", "No event class for 'case-vanished.1' at position 7. Is this program too old?"),
        (
            "case-closed.2",
            """No event class for 'case-closed.2' at position 7. This program knows schema versions up to 1; \
a newer one wrote it. Update the program.""",
        ),
        ("case-closed.x", "No event class for 'case-closed.x' at position 7. Is this program too old?"),
        ("case-closed", "No event class for 'case-closed' at position 7. Is this program too old?"),
        ("", "No event class for '' at position 7. Is this program too old?"),
    ],
)
def test_an_unknown_topic_is_told_from_a_newer_schema(topic: str, said: str) -> None:
    with pytest.raises(UnknownTopic) as raised:
        codec.decode(topic, b"{}", where="position 7")
    assert str(raised.value) == said


def test_an_event_that_is_not_registered_is_not_written() -> None:
    with pytest.raises(UnknownTopic, match=r"AccidentSeen is not registered under 'accident-seen\.3'"):
        codec.encode(AccidentSeen(witnesses=(), place="here", remark=None))


class ClosedOtherwise(Event):
    TOPIC: ClassVar = CaseClosed.TOPIC


def test_an_event_that_borrows_a_topic_is_not_written() -> None:
    with pytest.raises(UnknownTopic, match=r"ClosedOtherwise is not registered under 'case-closed\.1'"):
        codec.encode(ClosedOtherwise())


# Bytes that do not fit ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b"{}", b'{"code":1}', b'{"code":null,"more":1}', b'{"code":"\xff"}', b'{"code":""}'],
)
def test_bytes_that_do_not_fit_their_topic_are_named_with_their_place(data: bytes) -> None:
    with pytest.raises(UnreadableEvent, match=r"The bytes of case-closed\.1 at position 7 do not fit: "):
        codec.decode("case-closed.1", data, where="position 7")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["subject", "commitment", "name", "seen_by", "years"]) | st.text(), inner)
    ),
    max_leaves=8,
)


@given(value=json_values, topic=st.sampled_from(["customer-renamed.1", "accident-seen.1", "accident-seen.3"]))
def test_whatever_the_bytes_are_they_are_read_or_named_unreadable(value: Any, topic: str) -> None:
    reader = codec if topic == CustomerRenamed.TOPIC else accidents
    data = json.dumps({"name": value, "seen_by": value, "years": value} if value else value).encode()
    only_name = json.dumps({"name": value}).encode()
    for stored in (data, only_name):
        with suppress(UnreadableEvent):
            assert isinstance(reader.decode(topic, stored, {"": SECRET}), Event)


# Limits ---------------------------------------------------------------------------------------------------------------


def test_data_may_have_56_kib_and_not_a_byte_more() -> None:
    assert len(codec.encode(attributes(DATA_LIMIT_BYTES)).data) == DATA_LIMIT_BYTES == 56 * 1024
    with pytest.raises(TooLarge) as raised:
        codec.encode(attributes(DATA_LIMIT_BYTES + 1))
    assert str(raised.value) == (
        "case-attributes-recorded.1 has 57345 bytes of data; the ledger keeps 57344. Attach it."
    )


def test_a_personal_value_may_have_64_kib_and_not_a_byte_more() -> None:
    def seen(remark: str) -> AccidentSeen:
        return AccidentSeen(witnesses=(), place="here", remark=Personal.open(WANG, remark))

    largest = "密" * ((PERSONAL_LIMIT_BYTES - 2) // 3) + "x" * ((PERSONAL_LIMIT_BYTES - 2) % 3)
    (disclosure,) = accidents.encode(seen(largest)).disclosures
    assert len(disclosure.value) == PERSONAL_LIMIT_BYTES == 64 * 1024
    with pytest.raises(TooLarge) as raised:
        accidents.encode(seen(largest + "x"))
    assert str(raised.value) == "The personal value at /remark has 65537 bytes; the ledger keeps 65536."


def test_a_nul_character_is_refused_and_its_escape_in_words_is_kept() -> None:
    with pytest.raises(NotCanonical, match=r"case-closed\.1 holds a NUL character"):
        codec.encode(CaseClosed.model_construct(code="before\0after"))
    for spelled in ("\\u0000", "\\\\u0000", "\\\\\\u0000"):
        event = CaseClosed(code=spelled)
        assert codec.decode("case-closed.1", codec.encode(event).data) == event
    for hidden in ("\\\0", "\\\\\0", '"\0'):
        with pytest.raises(NotCanonical):
            codec.encode(CaseClosed.model_construct(code=f"a{hidden}b"))


def test_a_personal_value_with_a_float_is_not_canonical_and_not_quoted() -> None:
    class Weighed(Event):
        TOPIC: ClassVar = "weighed.1"

        kilograms: Personal[float]

    with pytest.raises(NotCanonical, match="A float at /: write whole minor units instead") as raised:
        Codec([Weighed]).encode(Weighed(kilograms=Personal.open(uuid4(), 145.25 / 2)))
    assert "72.625" not in "".join(traceback.format_exception(raised.value))
