from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from api.correcting import replacement_of
from domain.amending import ApproveAmendment, RequestCorrection, RequestVoid
from domain.book import AllowSelfApproval, BookTime, id_of_book, stream_of_book
from domain.case.commands import RecordAttributes, RegisterCase, ResolveCase
from domain.case.events import Attribute, Outcome
from domain.channel import Channel, Direction
from domain.correction import Reading, applied
from domain.customer import ContactKind
from domain.envelope import Recorded
from domain.event import Command, rfc3339
from domain.money import Money
from domain.stream import Category, stream_of
from domain.touchpoint import RecordTouchpoint
from ledger.ledger import Ledger, PersonalPlace
from projections import before_and_after
from projections.before_and_after import FieldChange, changes
from projections.case_file import CASE_FILE, CaseFile
from projections.projection import FoldContext
from tests.ledger.submissions import (
    OPENED,
    case_stream,
    contact,
    customer_stream,
    opened,
    receive,
    register_customer,
    rename,
    submission,
)
from tests.projections.books import case_id, customer_id, fill

DAY = timedelta(days=1)
CASE, CUSTOMER = case_id(900), customer_id(900)
STREAM = case_stream(CASE)


def say(ledger: Ledger, *commands: Command) -> None:
    ledger.carry_out(submission(*commands, at=max(command.at for command in commands)))


def amend(ledger: Ledger, stream: str, version: int, **fields: Any) -> None:
    """Has an event corrected, or made void when no field is given."""
    history = ledger.history(stream, opened=True)
    asked: dict[str, Any] = {
        "at": OPENED + DAY,
        "about": stream,
        "version": version,
        "reason": "mistyped",
        "requested_by": "Chen",
    }
    request = (
        RequestCorrection(**asked, replacement=replacement_of(history, version, fields), occurrence=None)
        if fields
        else RequestVoid(**asked)
    )
    approval = ApproveAmendment(at=OPENED + DAY, about=stream, request=len(history) + 1, approved_by="Director Li")
    say(ledger, request, approval)


def changed(ledger: Ledger, stream: str) -> dict[int, dict[str, tuple[Any, Any]]]:
    """What every event of a stream changed, personal values in the clear."""
    history = ledger.history(stream, opened=True)
    found = changes(history, range(1, len(history) + 1))

    def clear(value: Any, place: PersonalPlace | None) -> Any:
        return value if place is None else ledger.disclose([place])[place].value

    return {
        version: {
            each.path: (clear(each.before, each.personal_before), clear(each.after, each.personal_after))
            for each in told
        }
        for version, told in found.items()
    }


@pytest.fixture
def case(ledger: Ledger) -> Ledger:
    """A book with a case whose third version is its resolution."""
    say(ledger, receive(CASE, "没有回音", customer_id=CUSTOMER, source_key="INC9"))
    say(ledger, RegisterCase(at=OPENED + timedelta(hours=1), case_id=CASE, unit="北区"))
    redress = Money(minor_units=500, currency="CNY")
    say(ledger, ResolveCase(at=OPENED + DAY, case_id=CASE, outcome=Outcome.UPHELD, redress=redress, resolved_by="王芳"))
    return ledger


def test_each_event_of_a_case_shows_the_fields_that_it_changed(case: Ledger) -> None:
    say(
        case,
        RecordAttributes(
            at=OPENED + DAY, case_id=CASE,
            attributes=(Attribute(name="location", value="L1"), Attribute(name="empty", value=None)),
        ),
    )  # fmt: skip
    found = changed(case, STREAM)
    assert (
        found[1].items()
        >= {
            "status": (None, "received"),
            "kind": (None, "complaint"),
            "customer_id": (None, str(CUSTOMER)),
            "received_at": (None, rfc3339(OPENED)),
            "words": (None, "没有回音"),
            "dispatches": (None, 0),
        }.items()
    )
    assert found[2] == {
        "status": ("received", "registered"),
        "series": (None, "C2026"),
        "number": (None, 1),
        "unit": (None, "北区"),
        "registered_at": (None, rfc3339(OPENED + timedelta(hours=1))),
    }
    assert found[3] == {
        "status": ("registered", "resolved"),
        "resolved_at": (None, rfc3339(OPENED + DAY)),
        "resolved_by": (None, "王芳"),
        "outcome": (None, "upheld"),
        "redress_minor_units": (None, 500),
        "redress_currency": (None, "CNY"),
    }
    assert found[4] == {"attributes/location": (None, "L1")}


def test_a_correction_shows_what_it_changed_and_the_events_before_it_stay_as_they_were_known(case: Ledger) -> None:
    before = changed(case, STREAM)
    amend(case, STREAM, 3, outcome="rejected", redress=None)
    say(case, RecordAttributes(at=OPENED + DAY, case_id=CASE, attributes=(Attribute(name="a", value="b"),)))
    amend(case, STREAM, 5)
    found = changed(case, STREAM)
    assert {version: found[version] for version in before} == before
    corrected = {
        "outcome": ("upheld", "rejected"),
        "redress_minor_units": (500, None),
        "redress_currency": ("CNY", None),
    }
    assert {version: found[version] for version in range(4, 9)} == {
        4: {},
        5: corrected,
        6: {"attributes/a": (None, "b")},
        7: {},
        8: {path: (after, before) for path, (before, after) in corrected.items()},
    }


def test_words_that_a_correction_leaves_as_they_were_have_not_changed_though_they_are_sealed_anew(case: Ledger) -> None:
    amend(case, STREAM, 1, channel="letter")
    amend(case, STREAM, 1, words="没有任何回音")
    found = changed(case, STREAM)
    assert found[5] == {"channel": ("hotline", "letter")}
    assert found[7] == {"words": ("没有回音", "没有任何回音")}


def test_personal_values_are_places_and_never_texts(case: Ledger) -> None:
    amend(case, STREAM, 1, words="没有任何回音")
    history = case.history(STREAM, opened=True)
    (change,) = changes(history, [5])[5]
    assert change == FieldChange(
        "words", None, None, PersonalPlace(STREAM, 1, "/words"), PersonalPlace(STREAM, 4, "/replacement/data/words")
    )
    assert changes(case.history(STREAM), [5])[5] == (change,)


def test_a_customer_shows_names_and_contacts_one_by_one(ledger: Ledger) -> None:
    say(ledger, register_customer(CUSTOMER, "冯小明"))
    say(ledger, contact(CUSTOMER, ContactKind.PHONE, "+86 10"), contact(CUSTOMER, ContactKind.EMAIL, "feng@example"))
    say(ledger, rename(CUSTOMER, "冯晓明"))
    stream = customer_stream(CUSTOMER)
    amend(ledger, stream, 2)
    found = changed(ledger, stream)
    assert found[1].items() >= {"name": (None, "冯小明"), "kind": (None, "person")}.items()
    assert found[3] == {"contacts/1/kind": (None, "email"), "contacts/1/value": (None, "feng@example")}
    assert found[4] == {"name": ("冯小明", "冯晓明")}
    assert found[6] == {
        "contacts/0/kind": ("phone", "email"),
        "contacts/0/value": ("+86 10", "feng@example"),
        "contacts/1/kind": ("email", None),
        "contacts/1/value": ("feng@example", None),
    }


def test_what_has_no_view_of_its_own_shows_what_decisions_know_of_it(ledger: Ledger) -> None:
    touchpoint = UUID(int=7)
    say(
        ledger,
        RecordTouchpoint(at=OPENED, touchpoint_id=touchpoint, channel=Channel.COUNTER, direction=Direction.IN),
        AllowSelfApproval(at=OPENED, book_id=id_of_book("main"), reason="two people", decided_by="Director Li"),
    )
    assert changed(ledger, stream_of(Category.TOUCHPOINT, touchpoint)) == {
        1: {"record/channel": (None, "counter"), "record/direction": (None, "in")}
    }
    found = changed(ledger, stream_of_book("main"))
    assert found[1].items() >= {"genesis/time": (None, "simulated"), "self_approval": (None, False)}.items()
    assert found[2] == {"self_approval": (False, True)}


def test_the_changes_of_any_history_lead_from_nothing_to_its_view(ledger: Ledger) -> None:
    fill(ledger, cases=30, seed=4)
    for number in range(30):
        stream = case_stream(case_id(number))
        if number % 3 == 0 and len(ledger.history(stream)) > 2:
            amend(ledger, stream, 1, channel="letter", words="又来了")
        history = ledger.history(stream, opened=True)
        told = changes(history, range(1, len(history) + 1))
        alone = {version: changes(history, [version])[version] for version in told}
        assert alone == told
        shown: dict[str, Any] = {}
        for count in range(1, len(history) + 1):
            view: CaseFile | None = None
            for recorded in applied(history[:count]):
                view = CASE_FILE.fold(view, recorded, FoldContext(case_id(number)))
            for change in told[count]:
                assert shown.get(change.path) == change.before
                shown[change.path] = change.after
            assert view is not None
            for name in ("status", "unit", "handler", "category", "outcome", "reopens", "unit_changes", "channel"):
                assert shown.get(name) == getattr(view, name), (name, count)
            attributes = {path.partition("/")[2]: value for path, value in shown.items() if path.startswith("attrib")}
            assert {name: value for name, value in attributes.items() if value is not None} == view.attributes


def test_what_any_events_changed_is_told_as_among_all_of_them_and_read_anew_only_where_somebody_looks(
    case: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code in ("A-1", "A-2", "A-3"):
        amend(case, STREAM, 3, code=code)
        amend(case, STREAM, len(case.history(STREAM)))
    history = case.history(STREAM, opened=True)
    whole = changes(history, range(1, len(history) + 1))
    readings: list[int] = []

    class Counted(Reading):
        def __init__(self, known: Iterable[Recorded[Any]]) -> None:
            told = list(known)
            readings.append(len(told))
            super().__init__(told)

    monkeypatch.setattr(before_and_after, "Reading", Counted)
    for count in range(1, len(history) + 1):
        assert changes(history, [count]) == {count: whole[count]}
    readings.clear()
    changes(history, [len(history)])
    assert readings == [0, len(history) - 1, len(history)]  # of none, before the last event, and after it


def test_nothing_is_asked_of_a_stream_without_events(ledger: Ledger) -> None:
    assert changes([], [1]) == {}
    live = opened(ledger.database, "live", BookTime.LIVE)
    assert changes(live.history(stream_of_book("live")), []) == {}
