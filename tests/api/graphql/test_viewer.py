from collections.abc import Iterator
from uuid import UUID

import pytest

from api.access.gate import Gate
from api.app import create_app
from api.workspace import Workspace
from tests.api.access.issuing import Issuer
from tests.api.graphql.asking import FrontEnd, asking

CUSTOMER = UUID("00000000-0000-4000-8000-00000000000c")
WHO = "{ viewer { name role roles signedIn unit scope personal mutations customerId } }"


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture(scope="module")
def door(workspace: Workspace, issuer: Issuer) -> Iterator[FrontEnd]:
    with asking(create_app(workspace, gate=Gate([issuer.tokens]))) as running:
        yield running


def test_a_front_end_learns_who_asks_and_what_is_open_to_them(door: FrontEnd, issuer: Issuer) -> None:
    headers = {"Authorization": f"Bearer {issuer.token(roles=['agent', 'auditor'])}", "Daybook-Role": "auditor"}
    assert door.send(WHO, headers).json()["data"]["viewer"] == {
        "name": "王芳",
        "role": "AUDITOR",
        "roles": ["AGENT", "AUDITOR"],
        "signedIn": True,
        "unit": "北京分部",
        "scope": "ALL",
        "personal": "MASKED",
        "mutations": ["compareView", "revealAttachment", "revealPersonal"],
        "customerId": None,
    }


def test_a_customer_learns_their_own_id(door: FrontEnd, issuer: Issuer) -> None:
    token = issuer.token(roles=["customer"], customer=str(CUSTOMER), without="preferred_username")
    viewer = door.send(WHO, {"Authorization": f"Bearer {token}"}).json()["data"]["viewer"]
    assert (viewer["name"], viewer["scope"]) == (f"customer {CUSTOMER}", "OWN")
    assert viewer["customerId"] is not None


def test_where_there_is_no_sign_in_everything_is_open_and_nothing_is_proved(front_end: FrontEnd) -> None:
    viewer = front_end.ask(WHO)["viewer"]
    assert (viewer["role"], viewer["signedIn"], viewer["personal"]) == ("ADMINISTRATOR", False, "OPEN")


def test_what_a_role_may_not_ask_for_is_refused_with_its_name_and_nothing_is_answered(
    door: FrontEnd, issuer: Issuer
) -> None:
    headers = {"Authorization": f"Bearer {issuer.token()}"}
    response = door.send("{ viewer { name } register { series { series } } }", headers)
    assert response.status_code == 403
    answer = response.json()
    assert "data" not in answer
    (error,) = answer["errors"]
    assert error["extensions"] == {
        "code": "FORBIDDEN",
        "params": {
            "role": "agent",
            "fields": ["Query.register", "RegisterConnection.series", "RegisterSeries.series"],
        },
    }
    assert "In the role agent you may not ask for Query.register" in error["message"]
