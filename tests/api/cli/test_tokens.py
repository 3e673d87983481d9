import json
import stat
from pathlib import Path

import httpx
import pytest

from api.cli.exits import Exit
from api.cli.serving import bound
from api.settings import WrongSetting
from tests.api.cli.conftest import CUSTOMER, CommandLine, Teller
from tests.api.cli.test_serving import announced


def test_a_development_token_lets_in_at_a_server_that_takes_such_ones(
    daybook: CommandLine, teller: Teller, tmp_path: Path
) -> None:
    teller.case("INC0000102")
    daybook.environment["DAYBOOK_DATA"] = str(tmp_path)
    made = daybook.json("token", "--role", "auditor", "--name", "赵敏", "--expires", "30m")
    assert (made["roles"], made["name"]) == (["auditor"], "赵敏")
    assert stat.S_IMODE((tmp_path / "development.key").stat().st_mode) == 0o600
    with daybook.process("serve", "--port", "0", "--development-tokens", "--json") as running:
        url = announced(running)["url"]
        asked = {"query": '{ case(number: "C2026-000001") { sourceKey } }'}
        assert httpx.post(url, json=asked).status_code == 401
        answer = httpx.post(url, json=asked, headers={"Authorization": f"Bearer {made['token']}"})
        assert answer.json() == {"data": {"case": {"sourceKey": "INC0000102"}}}


def test_a_token_that_would_say_too_little_or_last_too_long_is_not_signed(daybook: CommandLine, tmp_path: Path) -> None:
    daybook.environment["DAYBOOK_DATA"] = str(tmp_path)
    for words, said in (
        (["--role", "agent"], "Agents and supervisors act in a unit"),
        (["--role", "customer"], "which customer they are"),
        (["--role", "auditor", "--expires", "60d"], "longer than a development token lasts"),
        (["--role", "auditor", "--expires", "8 hours"], "is no span"),
    ):
        result = daybook("token", *words)
        assert (result.exit_code, result.stdout) == (Exit.USAGE, "")
        assert said in result.stderr
    assert not (tmp_path / "development.key").exists()
    told = daybook.json("token", "--role", "customer", "--customer", str(CUSTOMER))
    assert json.dumps(told["roles"]) == '["customer"]'


def test_a_server_that_takes_development_tokens_listens_on_this_machine_only(
    daybook: CommandLine, tmp_path: Path
) -> None:
    issuer = {
        "DAYBOOK_OIDC_ISSUER": "https://sign-in.example",
        "DAYBOOK_OIDC_AUDIENCE": "daybook",
        "DAYBOOK_OIDC_JWKS": "https://sign-in.example/keys",
        "DAYBOOK_DATA": str(tmp_path),
    }
    result = daybook("serve", "--host", "0.0.0.0", "--port", "0", "--development-tokens", **issuer)
    assert result.exit_code == Exit.USAGE
    assert "is not a loopback address" in result.stderr


def test_a_server_with_sign_in_may_have_any_address_of_this_machine() -> None:
    with bound("0.0.0.0", 0, anywhere=True) as listening:
        assert listening.getsockname()[0] == "0.0.0.0"
    with pytest.raises(WrongSetting, match="is no IP address"):
        bound("example", 0, anywhere=True)
