import re

import pytest
from graphql import GraphQLEnumType

from api.graphql.codes import MEANINGS
from api.graphql.schema import SCHEMA
from api.labels import labels
from domain.topics import EVENTS

HAN = re.compile(r"[\u4e00-\u9fff]")
SAME_IN_CHINESE = {"QQ"}
ENUMERATIONS = {
    name: tuple(kind.values)
    for name, kind in SCHEMA._schema.type_map.items()
    if isinstance(kind, GraphQLEnumType) and not name.startswith("__")
}
NOT_ON_A_PAGE = re.compile(r".*(ErrorCode|OrderField|OrderDirection)$")
"""Codes have sentences, of which there is a list of their own; orders are asked in, and shown nowhere."""
SHOWN = {name: values for name, values in ENUMERATIONS.items() if not NOT_ON_A_PAGE.match(name)}


@pytest.mark.parametrize("name", SHOWN)
def test_every_value_of_an_enumeration_has_a_word_in_both_languages(name: str) -> None:
    words = labels.of_enumeration(name)
    told = f"give the values of {name} their words in api/labels/enumerations.toml"
    assert sorted(words) == sorted(SHOWN[name]), told


@pytest.mark.parametrize("name", SHOWN)
def test_no_two_values_of_an_enumeration_are_called_the_same(name: str) -> None:
    words = labels.of_enumeration(name).values()
    assert len({word.en for word in words}) == len(words) == len({word.zh for word in words})


def test_no_words_are_left_over() -> None:
    assert set(labels.enumerations()) == SHOWN.keys()


def test_every_event_is_called_something_and_no_two_the_same() -> None:
    words = labels.of_topics()
    assert set(words) == {event.TOPIC.rpartition(".")[0] for event in EVENTS}
    assert len({word.en for word in words.values()}) == len(words) == len({word.zh for word in words.values()})


def test_every_code_of_a_user_error_is_said_in_chinese() -> None:
    assert set(labels.of_codes()) == MEANINGS.keys()


def test_chinese_is_chinese_and_english_is_english() -> None:
    words = [*labels.of_topics().values()]
    words += [word for name in labels.enumerations() for word in labels.of_enumeration(name).values()]
    words += [labels.Label(MEANINGS[code], sentence) for code, sentence in labels.of_codes().items()]
    assert [word for word in words if not HAN.search(word.zh) and word.zh not in SAME_IN_CHINESE] == []
    assert [word for word in words if HAN.search(word.en) or not word.en.strip()] == []
