from datetime import timedelta
from uuid import UUID

import pytest

from domain.customer import CUSTOMER, CustomerKind, CustomerRegistered
from domain.envelope import Occurred, When
from domain.event import Precision
from domain.key_account import (
    AssignManager,
    CancelVisit,
    KeyAccountCommand,
    MakeVisit,
    ManagerAssigned,
    ManagerReleased,
    PlanVisit,
    ReleaseManager,
    VisitCancelled,
    VisitMade,
    VisitPlanned,
)
from domain.personal import Personal
from tests.domain.story import MONDAY, Story

HOTEL, VISIT = UUID(int=1), UUID(int=7)
FRIDAY = MONDAY + timedelta(days=4)

registered = CustomerRegistered(kind=CustomerKind.ORGANISATION, name=None, source_key="K-7", language=None)
story = Story(CUSTOMER).given(registered)
imported = Story(CUSTOMER, imported=True)
words = Personal[str].open(HOTEL, "一切都好")

wang = ManagerAssigned(manager="王芳")
to_wang = AssignManager(at=MONDAY, customer_id=HOTEL, manager="王芳")
release_wang = ReleaseManager(at=MONDAY, customer_id=HOTEL, manager="王芳")
released = ManagerReleased(manager="王芳")
planned = VisitPlanned(visit_id=VISIT, planned_for=FRIDAY, planned_precision=Precision.DAY, by="王芳")
plan = PlanVisit(
    at=MONDAY, customer_id=HOTEL, visit_id=VISIT, planned_for=FRIDAY, planned_precision=Precision.DAY, by="王芳"
)
made = VisitMade(visit_id=VISIT, by="王芳", result="satisfied", words=words)
make = MakeVisit(at=FRIDAY, customer_id=HOTEL, visit_id=VISIT, by="王芳", result="satisfied", words=words)
cancelled = VisitCancelled(visit_id=VISIT, reason="customer away")
cancel = CancelVisit(at=MONDAY, customer_id=HOTEL, visit_id=VISIT, reason="customer away")


def test_a_key_account_has_one_manager_at_a_time() -> None:
    story.when(to_wang).then(wang)
    story.given(registered, wang).when(to_wang).then_nothing()
    to_li = to_wang.model_copy(update={"manager": "李四"})
    story.given(registered, wang).when(to_li).then(ManagerAssigned(manager="李四"))


def test_a_manager_is_released_once_and_only_who_manages() -> None:
    story.given(registered, wang).when(release_wang).then(released)
    story.given(registered, wang, released).when(release_wang).then_nothing()
    story.when(release_wang).then_refused("NOT_THE_MANAGER", "Nobody manages this customer")
    li = ManagerAssigned(manager="李四")
    story.given(registered, li).when(release_wang).then_refused("NOT_THE_MANAGER", "李四 manages this customer")
    imported.given(registered, li).when(release_wang).then(Occurred(released, departures=("not-the-manager",)))


def test_a_visit_is_planned_once() -> None:
    story.when(plan).then(planned)
    story.given(registered, planned).when(plan).then_nothing()
    later = plan.model_copy(update={"planned_for": FRIDAY + timedelta(days=3)})
    story.given(registered, planned).when(later).then_refused("VISIT_ALREADY_PLANNED", "cancel it, and plan another")


def test_a_planned_visit_is_made_with_what_the_customer_said() -> None:
    story.given(registered, planned).when(make).then(made)
    story.given(registered, planned, made).when(make).then_nothing()


def test_a_visit_may_be_made_without_a_plan_and_again_another_time() -> None:
    unplanned, event = make.model_copy(update={"visit_id": None}), made.model_copy(update={"visit_id": None})
    story.when(unplanned).then(event)
    before = Occurred(event, When(FRIDAY))
    story.given(registered, before).when(unplanned).then_nothing()
    next_day = unplanned.model_copy(update={"at": FRIDAY + timedelta(days=1)})
    story.given(registered, before).when(next_day).then(event)


def test_a_planned_visit_is_called_off_once() -> None:
    story.given(registered, planned).when(cancel).then(cancelled)
    story.given(registered, planned, cancelled).when(cancel).then_nothing()


@pytest.mark.parametrize(("command", "event"), [(make, made), (cancel, cancelled)], ids=["made", "cancelled"])
def test_a_visit_that_nobody_planned_is_neither_made_nor_called_off(
    command: MakeVisit | CancelVisit, event: VisitMade | VisitCancelled
) -> None:
    story.when(command).then_refused("UNKNOWN_VISIT", "plan it first")
    imported.given(registered).when(command).then(Occurred(event, departures=("visit-not-planned",)))


def test_a_visit_is_settled_once() -> None:
    story.given(registered, planned, made).when(cancel).then_refused("VISIT_SETTLED", "was made already")
    story.given(registered, planned, cancelled).when(make).then_refused("VISIT_SETTLED", "is cancelled already")
    imported.given(registered, planned, made).when(cancel).then(
        Occurred(cancelled, departures=("visit-settled-before",))
    )


def test_what_the_customer_said_stands_under_the_customer() -> None:
    elsewhere = make.model_copy(update={"words": Personal[str].open(UUID(int=9), "一切都好")})
    story.given(registered, planned).when(elsewhere).then_refused("SUBJECT_MISMATCH", "somebody else")


@pytest.mark.parametrize("command", [to_wang, release_wang, plan, make, cancel], ids=lambda it: type(it).__name__)
def test_nobody_without_a_file_is_a_key_account(command: KeyAccountCommand) -> None:
    Story(CUSTOMER).when(command).then_refused("UNKNOWN_CUSTOMER", "register them first")


def test_a_plan_that_history_tells_after_the_visit_is_kept_with_it() -> None:
    imported.given(registered, made).when(plan).then(planned)
