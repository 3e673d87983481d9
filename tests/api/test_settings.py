from pathlib import Path

import pytest

from api.settings import Settings, WrongSetting


def test_without_any_variable_the_data_lie_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_environment({})
    assert (settings.embedded, settings.book, settings.zone) == (True, "main", "UTC")
    assert settings.data.name in {".data", *(part for part in settings.data.parts if part.startswith("daybook-"))}


def test_a_variable_that_is_set_to_nothing_counts_as_not_set() -> None:
    assert Settings.from_environment({"DATABASE_URL": " ", "DAYBOOK_BOOK": ""}).embedded


def test_other_variables_are_nobodys_business() -> None:
    assert Settings.from_environment({"HOME": "/nowhere", "PGHOST": "elsewhere"}).database_url is None


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DAYBOOK_BOOK", "Main"),
        ("DAYBOOK_BOOK", "a" * 41),
        ("DAYBOOK_ZONE", "Asia/Atlantis"),
        ("DAYBOOK_PATIENCE_SECONDS", "soon"),
        ("DAYBOOK_PATIENCE_SECONDS", "0"),
        ("DAYBOOK_HOSTS", "daybook.example,*"),
        ("DAYBOOK_HOSTS", "https://daybook.example"),
        ("DAYBOOK_PROXIES", "10.0.0.0/8,proxy"),
        ("DAYBOOK_LOG", "xml"),
        ("DAYBOOK_OPERATION_SECONDS", "0"),
        ("DAYBOOK_PRODUCTION", "perhaps"),
    ],
)
def test_a_value_that_cannot_be_used_is_told_by_the_name_of_its_variable(variable: str, value: str) -> None:
    with pytest.raises(WrongSetting, match=f"{variable} cannot be used"):
        Settings.from_environment({variable: value})


def test_a_list_is_separated_by_commas() -> None:
    settings = Settings.from_environment(
        {"DAYBOOK_HOSTS": "daybook.example, *.branch.example", "DAYBOOK_PROXIES": "10.1.2.3/8,::1,"}
    )
    assert settings.hosts == ("daybook.example", "*.branch.example")
    assert settings.proxies == ("10.0.0.0/8", "::1")


def test_the_master_key_is_shown_nowhere() -> None:
    settings = Settings.from_environment({"DAYBOOK_MASTER_KEY": "c2VjcmV0"})
    assert "c2VjcmV0" not in repr(settings) + str(settings) + settings.model_dump_json()
