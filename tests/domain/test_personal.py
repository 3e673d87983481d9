import json
from uuid import UUID

import pytest
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

from domain.customer import CustomerRegistered, CustomerRenamed
from domain.event import Event, Name
from domain.personal import ERASED, NotOpen, Personal, PersonalState, pair_of, personal_values, plain

WANG, ZHAO = UUID(int=1), UUID(int=2)
SEAL = "ab" * 32
STORED = {"name": {"commitment": SEAL, "subject": str(WANG)}}
BYTES = json.dumps(STORED)

name = Personal[Name].open(WANG, "王小明")
closed = CustomerRenamed.model_validate_json(BYTES).name
erased = CustomerRenamed.model_validate_json(BYTES, context={SEAL: ERASED}).name


def test_an_open_value_can_be_read_and_is_checked() -> None:
    assert name.state is PersonalState.OPEN
    assert CustomerRenamed(name=Personal[Name].open(WANG, " 王小明 ")).name.value == "王小明"
    with pytest.raises(ValidationError):
        CustomerRenamed(name=Personal[Name].open(WANG, ""))


def test_a_stored_value_is_closed_until_its_commitment_is_opened() -> None:
    opened = CustomerRenamed.model_validate_json(BYTES, context={SEAL: "王小明"}).name
    assert (closed.state, erased.state, opened.state) == (
        PersonalState.CLOSED,
        PersonalState.ERASED,
        PersonalState.OPEN,
    )
    assert opened == name
    assert opened.commitment == SEAL


@pytest.mark.parametrize("hidden", [closed, erased], ids=["closed", "erased"])
def test_what_is_hidden_is_never_read_as_empty(hidden: Personal[Name]) -> None:
    with pytest.raises(NotOpen, match="with a purpose"):
        _ = hidden.value
    with pytest.raises(NotOpen):
        plain(hidden)
    assert CustomerRenamed(name=hidden).name is hidden


def test_values_are_equal_by_whom_they_are_about_and_what_they_say() -> None:
    again = CustomerRenamed.model_validate_json(BYTES).name
    assert closed == again
    assert hash(closed) == hash(again)
    assert len({name, closed, erased, Personal[Name].open(ZHAO, "王小明")}) == 4


def test_a_value_does_not_show_itself_in_a_log_and_does_not_change() -> None:
    event = CustomerRenamed(name=name)
    assert "王小明" not in repr(event)
    with pytest.raises(AttributeError, match="immutable"):
        name.commitment = SEAL


def test_an_event_is_stored_with_the_commitment_and_never_with_the_value() -> None:
    event = CustomerRenamed(name=name)
    assert event.model_dump(mode="json", context={id(event.name): pair_of(WANG, SEAL)}) == STORED
    with pytest.raises(PydanticSerializationError, match="by the ledger's codec only"):
        event.model_dump(mode="json")


@pytest.mark.parametrize(
    "stored",
    ["王小明", {"subject": str(WANG)}, {"subject": "nobody", "commitment": SEAL}, {"subject": 1, "commitment": SEAL}],
)
def test_a_bare_or_broken_value_is_not_personal(stored: object) -> None:
    with pytest.raises(ValidationError, match="name"):
        CustomerRenamed.model_validate_json(json.dumps({"name": stored}))


def test_a_program_hands_over_a_personal_value_and_not_what_is_stored_of_one() -> None:
    with pytest.raises(ValidationError, match=r"given as Personal\.open"):
        CustomerRenamed.model_validate(STORED)


def test_the_personal_values_of_an_event_are_found_by_their_path() -> None:
    event = CustomerRegistered.model_validate(
        {"kind": "person", "name": name, "source_key": None, "language": None},
    )
    assert dict(personal_values(event)) == {"/name": name}
    assert plain(name) == "王小明"


class Part(BaseModel):
    words: Personal[Name]


class LetterRead(Event):
    parts: tuple[Part, ...]


def test_a_personal_value_is_found_however_deep_it_lies() -> None:
    letter = LetterRead(parts=(Part(words=Personal[Name].open(ZHAO, "赵")), Part(words=name)))
    assert dict(personal_values(letter)) == {
        "/parts/0/words": Personal[Name].open(ZHAO, "赵"),
        "/parts/1/words": name,
    }
