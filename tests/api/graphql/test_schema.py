from collections.abc import Iterator
from dataclasses import fields

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
)

from api.graphql.asked import ENVELOPE
from api.graphql.codes import MEANINGS
from api.graphql.mutation import Mutation
from api.graphql.mutations import MUTATIONS
from api.graphql.schema import CONTRACT, SCHEMA, printed
from domain.refusal import Refusal

CORE: GraphQLSchema = build_schema(CONTRACT.read_text())
OF_THE_UPLOAD = {"media_type", "byte_size", "file_name", "digest"}
"""What is known of a file since it was announced and uploaded."""


def undescribed(schema: GraphQLSchema) -> Iterator[str]:
    """Types, fields, arguments and values that do not say what they are."""
    for name, kind in schema.type_map.items():
        if name.startswith("__") or name in {"ID", "Int", "String", "Boolean", "Float"}:
            continue
        if not kind.description:
            yield name
        if isinstance(kind, GraphQLEnumType):
            yield from (f"{name}.{value}" for value, said in kind.values.items() if not said.description)
        if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            continue
        for field_name, field in kind.fields.items():
            if not field.description:
                yield f"{name}.{field_name}"
            if isinstance(field, GraphQLField):
                yield from (f"{name}.{field_name}({arg})" for arg, said in field.args.items() if not said.description)


def test_the_schema_in_the_repository_is_the_one_that_is_served() -> None:
    assert CONTRACT.read_text() == printed(), "print it anew: python -m api.graphql.schema > api/graphql/schema.graphql"


def test_every_type_field_argument_and_value_says_what_it_is() -> None:
    assert list(undescribed(CORE)) == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutation_has_one_input_one_payload_and_an_enumeration_of_all_its_codes(mutation: Mutation) -> None:
    graphql_name = "".join(part.title() if at else part for at, part in enumerate(mutation.name.split("_")))
    field = CORE.mutation_type.fields[graphql_name]  # type: ignore[union-attr]
    pascal = graphql_name[0].upper() + graphql_name[1:]
    assert {name: str(argument.type) for name, argument in field.args.items()} == {"input": f"{pascal}Input!"}
    assert str(field.type) == f"{pascal}Payload!"
    payload = CORE.type_map[f"{pascal}Payload"]
    assert isinstance(payload, GraphQLObjectType)
    assert payload.fields.keys() == {mutation.subject.name, "userErrors", "consistencyToken"}
    codes = CORE.type_map[f"{pascal}ErrorCode"]
    assert isinstance(codes, GraphQLEnumType)
    refusals = {str(code) for command in mutation.commands for code in command.REFUSALS}
    assert refusals | {"INVALID_INPUT", "COMMAND_ID_REUSED", "OCCURS_IN_THE_FUTURE"} <= codes.values.keys()
    about_something = "expected_version" in {each.name for each in fields(mutation.input)}
    assert ("STALE_VERSION" in codes.values) == about_something


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_an_input_says_all_that_its_command_takes(mutation: Mutation) -> None:
    made_by_the_door = {"at", "zone", "precision", "about", "book_id", f"{mutation.subject.name}_id"}
    made_by_the_door |= {"visit_id"} if mutation.name == "plan_visit" else set()
    made_by_the_door |= {"part"} if mutation.name == "request_obligation_revision" else set()  # it has none
    if not mutation.commands:  # nothing is recorded by it
        assert mutation.name == "create_attachment"
        return
    made_by_the_door |= OF_THE_UPLOAD | {"case_id"} if mutation.name == "attach_file" else set()
    taken = set(mutation.commands[0].model_fields) - made_by_the_door
    said = {each.name for each in fields(mutation.input)} - ENVELOPE - {f"{mutation.subject.name}_id"}
    beside = {"contacts", "tier"} if len(mutation.commands) > 1 else set()
    if mutation.name == "request_correction":  # what is to be read instead is given as topic and fields
        said = said - {"topic", "data"} | {"replacement"}
    if mutation.name == "reveal_personal":  # whose id is made by the door, and whose places are told by their ids
        said = said - {"ids"} | {"access_id", "values"}
    if mutation.name == "compare_view":  # the result is worked out by the door
        said = said - {"view", "subject_id", "sample", "seed"} | {"compared"}
    if mutation.name == "reveal_attachment":  # the same, of one file
        said = said - {"attachment_id"} | {"access_id", "values"}
    assert said - beside == taken


def test_every_refusal_that_a_mutation_may_meet_has_a_sentence_for_translators() -> None:
    refusals = {str(code) for mutation in MUTATIONS for command in mutation.commands for code in command.REFUSALS}
    assert refusals <= MEANINGS.keys()
    assert refusals <= {str(refusal) for refusal in Refusal}


def test_names_are_in_the_case_that_front_ends_expect() -> None:
    core: GraphQLSchema = SCHEMA._schema
    shouted = [
        f"{name}.{value}"
        for name, kind in core.type_map.items()
        if isinstance(kind, GraphQLEnumType) and not name.startswith("__")
        for value in kind.values
        if value != value.upper()
    ]
    assert shouted == []
    assert [field for kind in core.type_map.values() for field in getattr(kind, "fields", {}) if "_" in field] == []
