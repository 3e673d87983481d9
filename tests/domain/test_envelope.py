from domain.envelope import Occurred, RegisterNumber
from domain.event import Event


def test_a_register_number_reads_as_people_write_it() -> None:
    assert str(RegisterNumber("C2026", 123)) == "C2026-000123"
    assert str(RegisterNumber("C2026", 1_234_567)) == "C2026-1234567"


def test_an_event_occurred_as_its_command_did_and_as_foreseen_unless_it_says_otherwise() -> None:
    occurred = Occurred(Event())
    assert (occurred.when, occurred.departures) == (None, ())
