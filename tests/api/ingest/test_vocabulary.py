from typing import get_args

from api.access.principal import Role
from api.access.rules import rights
from api.ingest.schema import printed, schema
from api.ingest.vocabulary import BY_OTHERS, kinds
from domain.case.commands import CaseCommand
from tests.conftest import PROJECT


def test_every_command_about_a_case_is_a_type_of_item_or_left_to_others_on_purpose() -> None:
    taken = {kind.command for kind in kinds().values()}
    assert {command for command in get_args(CaseCommand) if command not in taken} == BY_OTHERS
    assert len(BY_OTHERS) == 17


def test_what_one_person_asks_for_and_another_decides_is_brought_in_by_nobody() -> None:
    by_two = ("request-extension", "approve-extension", "approve-pause", "make-decision", "note-miss")
    assert [name for name in by_two if name in kinds()] == []


def test_every_type_is_brought_in_by_a_service() -> None:
    assert rights()[Role.SERVICE].items == set(kinds())


def test_the_published_form_of_items_is_the_one_that_the_program_prints() -> None:
    said = "print it anew: python -m api.ingest.schema > docs/ingest.schema.json"
    assert (PROJECT / "docs" / "ingest.schema.json").read_text("utf-8") == printed(), said


def test_the_published_form_has_every_type_with_its_fields() -> None:
    told = schema()
    assert told["properties"]["type"]["enum"] == list(kinds())
    for name, kind in kinds().items():
        of_type = told["$defs"][name]
        assert set(of_type.get("properties", ())) == set(kind.data.model_fields), name
        required = {field for field, info in kind.data.model_fields.items() if info.is_required()}
        assert set(of_type.get("required", ())) == required, name
        assert of_type["additionalProperties"] is False


def test_what_the_form_of_items_refers_to_is_in_it() -> None:
    text = printed()
    named = {part.partition('"')[0] for part in text.split('"$ref": "#/$defs/')[1:]}
    assert named <= set(schema()["$defs"])


def test_the_published_form_lets_only_cloud_events_have_other_attributes() -> None:
    told = schema()
    assert told["if"] == {"required": ["specversion"]}
    assert told["else"] == {"propertyNames": {"enum": list(told["properties"])}}
    assert told["then"]["propertyNames"]["anyOf"][1] == {"pattern": "^[a-z0-9]+$"}
