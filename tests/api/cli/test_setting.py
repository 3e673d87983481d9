import json

from api.settings import Settings
from tests.api.cli.conftest import KEY, CommandLine


def test_settings_are_shown_with_where_they_came_from(daybook: CommandLine) -> None:
    shown = daybook.json("settings")
    assert list(shown) == [field.alias for field in Settings.model_fields.values()]
    assert shown["DAYBOOK_PATIENCE_SECONDS"] == {"value": "5", "source": "environment"}
    assert shown["DAYBOOK_BOOK"] == {"value": "main", "source": "default"}
    assert shown["DAYBOOK_ALARMS"] == {"value": "on", "source": "default"}


def test_secrets_are_not_shown(daybook: CommandLine) -> None:
    url = "postgresql://daybook_writer:geheim@db.example/daybook"
    for words in (("settings",), ("settings", "--json")):
        result = daybook(*words, DATABASE_URL=url)
        assert result.exit_code == 0
        assert "geheim" not in result.output
        assert KEY not in result.output
        assert "db.example:5432/daybook" in result.output
    broken = daybook("settings", "--json", DATABASE_URL="postgresql://[geheim")
    assert json.loads(broken.stdout)["DATABASE_URL"]["value"] == "(hidden, since it cannot be read)"
    assert "geheim" not in broken.output
