from domain.topics import EVENTS
from replay.export.declared import ENVELOPE, OBJECTS, SKIPPED, Kind, event_types


def test_each_type_has_attributes_of_its_own_and_those_of_the_envelope() -> None:
    types = event_types()
    assert len(types) == len(EVENTS) + 1
    assert all(ENVELOPE.keys() <= types[name].keys() for name in types if name != SKIPPED)
    assert types["case-resolved"] == {
        **ENVELOPE,
        "data.outcome": "string",
        "data.redress.minor_units": "integer",
        "data.redress.currency": "string",
        "data.resolved_by": "string",
        "data.code": "string",
    }
    assert types["certificate-granted"]["data.until"] == "time"
    assert types["obligation-verified"]["data.effective"] == "boolean"
    assert set(OBJECTS) == set(Kind)
