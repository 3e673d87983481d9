from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from api.access.gate import Gate
from api.app import create_app
from tests.api.access.issuing import NOW, Issuer, ed_key, jwk, rsa_key
from tests.api.graphql.conftest import opened
from tests.api.http.counting import counting
from tests.api.http.wired import Served, served
from tests.conftest import Database

WHO = "subscription { asker }"
HOUR = 3_600.0


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture(scope="module")
def daybook(module_database: Database, issuer: Issuer) -> Iterator[Served]:
    with counting(module_database, gate=Gate([issuer.tokens])) as running:
        yield running


@contextmanager
def passing_time(database: Database) -> Iterator[tuple[Served, Issuer]]:
    """A server and an issuer whose clock is moved."""
    issuer = Issuer()
    with counting(database, gate=Gate([issuer.tokens]), socket_recheck_seconds=0.05) as running:
        yield running, issuer


def bearing(token: str, **more: str) -> dict[str, Any]:
    return {"authorization": f"Bearer {token}"} | more


def refused(daybook: Served, payload: dict[str, Any], **options: Any) -> tuple[int, str]:
    """How somebody is closed who says this of themselves."""
    with daybook.wired(**options) as wired:
        wired.send(type="connection_init", payload=payload)
        return wired.closed()


def test_who_has_a_good_token_is_let_in_until_its_time_is_over(daybook: Served, issuer: Issuer) -> None:
    with daybook.wired() as wired:
        told = wired.acknowledged(**bearing(issuer.token()))
        assert told == {"expiresAt": "2026-03-02T09:10:00.000000Z"}
        wired.ask("{ asker }")
        assert wired.data() == {"asker": "王芳"}


def test_a_program_may_say_it_in_the_headers_and_the_payload_comes_first(daybook: Served, issuer: Issuer) -> None:
    headers = {"Authorization": f"Bearer {issuer.token(preferred_username='李娜', roles=['auditor', 'compliance'])}"}
    with daybook.wired(headers=headers | {"Daybook-Role": "auditor"}) as wired:
        wired.acknowledged()
        wired.ask("{ asker }")
        assert wired.data() == {"asker": "李娜"}
    with daybook.wired(headers=headers) as wired:
        wired.acknowledged(**bearing(issuer.token()))
        wired.ask("{ asker }")
        assert wired.data() == {"asker": "王芳"}


@pytest.mark.parametrize("name", ["daybookRole", "Daybook-Role", "daybook-role"])
def test_who_holds_several_roles_says_in_which_one_they_act(daybook: Served, issuer: Issuer, name: str) -> None:
    token = issuer.token(roles=["auditor", "compliance"])
    with daybook.wired() as wired:
        wired.acknowledged(Authorization=f"Bearer {token}", **{name: "auditor"})
    assert refused(daybook, bearing(token)) == (4403, "ROLE_UNSTATED")
    assert refused(daybook, bearing(token, **{name: "administrator"})) == (4403, "ROLE_NOT_HELD")


def test_who_is_not_let_in_is_told_why_by_a_code_that_says_whether_to_try_again(
    daybook: Served, issuer: Issuer
) -> None:
    assert refused(daybook, {}) == (4401, "NO_TOKEN")
    assert refused(daybook, {"authorization": None}) == (4401, "NO_TOKEN")
    assert refused(daybook, {"authorization": "Bearer x.y.z"}) == (4401, "MALFORMED")
    assert refused(daybook, {"authorization": "Basic YTpi"}) == (4401, "MALFORMED")
    assert refused(daybook, bearing(issuer.token(iss="https://elsewhere.example"))) == (4401, "UNKNOWN_ISSUER")
    assert refused(daybook, bearing(issuer.token(aud="other"))) == (4401, "WRONG_AUDIENCE")
    assert refused(daybook, bearing(issuer.token(rsa_key("other")))) == (4401, "BAD_SIGNATURE")
    assert refused(daybook, bearing(issuer.token(None, None))) == (4401, "ALGORITHM_REFUSED")
    assert refused(daybook, bearing(issuer.token(exp=NOW - HOUR))) == (4403, "EXPIRED")
    assert refused(daybook, bearing(issuer.token(kid="gone"))) == (4403, "UNKNOWN_KEY")


def test_while_the_keys_cannot_be_had_the_client_is_to_try_again(database: Database) -> None:
    issuer = Issuer()
    issuer.away = True
    with counting(database, gate=Gate([issuer.tokens])) as daybook:
        assert refused(daybook, bearing(issuer.token())) == (1013, "SIGN_IN_AWAY")


# While it is connected ------------------------------------------------------------------------------------------------


def test_a_socket_whose_token_ends_is_closed_though_nobody_sends_anything(database: Database) -> None:
    with passing_time(database) as (daybook, issuer), daybook.wired() as wired, daybook.wired() as other:
        wired.acknowledged(**bearing(issuer.token()))
        other.acknowledged(**bearing(issuer.token(exp=NOW + 2 * HOUR)))
        wired.ask(WHO)
        assert wired.data() == {"asker": "王芳 of 北京分部"}
        issuer.now += 629
        wired.send(type="ping")
        assert wired.got() == {"type": "pong"}
        issuer.now += 2
        assert wired.closed() == (4403, "EXPIRED")
        other.ask("{ asker }")
        assert other.data() == {"asker": "王芳"}


def test_a_renewed_token_carries_on_with_what_has_begun_under_what_it_says(database: Database) -> None:
    with passing_time(database) as (daybook, issuer), daybook.wired() as wired:
        wired.acknowledged(**bearing(issuer.token()))
        wired.ask(WHO)
        assert wired.data() == {"asker": "王芳 of 北京分部"}
        renewed = issuer.token(exp=NOW + HOUR, unit="上海分部")
        wired.send(type="ping", payload=bearing(renewed))
        answers = sorted((wired.got() for _ in range(2)), key=lambda answer: str(answer["type"]))
        assert answers[0]["payload"]["data"] == {"asker": "王芳 of 上海分部"}
        assert answers[1] == {"type": "pong", "payload": {"expiresAt": "2026-03-02T10:00:00.000000Z"}}
        issuer.now += 900
        wired.ask("{ asker }", "2")
        assert wired.data("2") == {"asker": "王芳"}


@pytest.mark.parametrize(
    ("claims", "closed"),
    [
        ({"sub": "another"}, (4403, "ANOTHER_ASKER")),
        ({"roles": ["supervisor"]}, (4403, "ANOTHER_ASKER")),
        ({"exp": NOW - HOUR}, (4403, "EXPIRED")),
        ({"aud": "other"}, (4401, "WRONG_AUDIENCE")),
    ],
)
def test_a_token_of_somebody_else_or_none_renews_nothing(
    daybook: Served, issuer: Issuer, claims: dict[str, Any], closed: tuple[int, str]
) -> None:
    with daybook.wired() as wired:
        wired.acknowledged(**bearing(issuer.token()))
        wired.send(type="ping", payload=bearing(issuer.token(claims=claims)))
        assert wired.closed() == closed


def test_the_role_is_the_one_that_was_stated_when_the_token_is_renewed(daybook: Served, issuer: Issuer) -> None:
    both = issuer.token(roles=["auditor", "compliance"])
    with daybook.wired() as wired:
        wired.acknowledged(**bearing(both, daybookRole="auditor"))
        wired.send(type="ping", payload=bearing(both))
        assert wired.got()["type"] == "pong"
        wired.send(type="ping", payload=bearing(both, daybookRole="compliance"))
        assert wired.closed() == (4403, "ANOTHER_ASKER")


def test_a_socket_whose_tokens_key_is_withdrawn_is_closed_as_soon_as_the_keys_are_fetched_again(
    database: Database,
) -> None:
    with passing_time(database) as (daybook, issuer), daybook.wired() as wired:
        wired.acknowledged(**bearing(issuer.token(exp=NOW + HOUR)))
        issuer.keys = [jwk(ed_key("second"), "second", alg="EdDSA")]
        wired.ask("{ asker }")
        assert wired.data() == {"asker": "王芳"}
        issuer.now += 601
        assert wired.closed() == (4403, "UNKNOWN_KEY")


# Pages of other sites -------------------------------------------------------------------------------------------------


ELSEWHERE = (
    "https://evil.example",
    "http://localhost.evil.example",
    "http://127.0.0.1.nip.io",
    "null",
    "http://[::",
)


def test_without_sign_in_no_page_of_another_site_opens_a_socket(database: Database) -> None:
    with counting(database) as daybook:
        for origin in ELSEWHERE:
            with pytest.raises(InvalidStatus) as denied, daybook.wired(origin=origin):
                pass
            assert denied.value.response.status_code == 403, origin


def test_without_sign_in_pages_of_this_machine_and_of_hosts_that_are_named_do(database: Database) -> None:
    with counting(database, hosts=("desk.example", "*.pages.example")) as daybook:
        for origin in (
            "http://localhost:3000",
            "http://127.0.0.1:8000",
            "http://[::1]:8000",
            "https://desk.example",
            "https://a.pages.example",
        ):
            with daybook.wired(origin=origin) as wired:
                wired.acknowledged()


def test_without_sign_in_a_name_that_was_made_to_lead_here_leads_nowhere(database: Database) -> None:
    with counting(database) as daybook, daybook.bare(host="evil.example", status=400):
        pass


def test_with_sign_in_the_token_says_who_asks_from_wherever_the_page_is(daybook: Served, issuer: Issuer) -> None:
    with daybook.wired(origin="https://desk.example") as wired:
        wired.acknowledged(**bearing(issuer.token()))


def test_what_a_role_may_not_ask_for_it_may_not_ask_for_over_a_socket_either(
    database: Database, issuer: Issuer
) -> None:
    with (
        opened(database) as workspace,
        served(create_app(workspace, gate=Gate([issuer.tokens])), workspace.settings) as daybook,
        daybook.wired() as wired,
    ):
        wired.acknowledged(**bearing(issuer.token()))
        wired.ask("{ auditTrail { nodes { event { position } } } }")
        assert wired.code() == "FORBIDDEN"
