import inspect

from domain.topics import EVENTS
from replay.export.related import IDS, INTO, STAFF, UNITS


def test_every_field_that_names_staff_a_unit_or_something_else_makes_a_relation() -> None:
    for event in EVENTS:
        annotated = {name: told for base in event.__mro__ for name, told in _annotations(base).items()}
        for name in event.model_fields:
            told = annotated[name].removesuffix(" | None")
            where = (event.__name__, name)
            if where in {("StaffRegistered", "name"), ("UnitOpened", "name"), ("UnitRenamed", "name")}:
                continue  # what the event is about
            assert (told == "StaffName") is (name in STAFF and told != "EscalatedBy"), where
            assert (told == "UnitName") is (name in UNITS), where
            if told == "UUID":
                assert name in {*IDS, INTO, "visit_id", "attachment_id", "comparison_id", "key"}, where


def _annotations(base: type) -> dict[str, str]:
    return {name: str(told) for name, told in inspect.get_annotations(base).items()}
