import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli.exits import Exit
from api.demo.fill import this_year
from api.settings import Settings
from tests.api.cli.conftest import CommandLine
from tests.api.cli.test_commands import example
from tests.api.cli.test_serving import announced


@pytest.fixture
def demo(open_folder: Path) -> Iterator[CommandLine]:
    """The command line of a newcomer, who has no database; what is set otherwise is not for the demo."""
    folder = open_folder / "newcomer"
    yield CommandLine({
        "DAYBOOK_DATA": str(folder), "DATABASE_URL": "postgresql://elsewhere/production", "DAYBOOK_BOOK": "main",
    })  # fmt: skip
    shutil.rmtree(folder)


def test_the_demo_serves_what_it_filled_and_stays_as_it_is_until_a_fresh_one_is_asked_for(demo: CommandLine) -> None:
    first = demo.json("demo", "--cases", "30", "--no-serve")
    assert (first["book"], first["time"], first["cases"], first["url"]) == ("demo", "simulated", 30, None)
    assert demo.json("demo", "--cases", "30", "--no-serve") == first

    again = demo("demo", "--cases", "40", "--no-serve")
    assert again.exit_code == Exit.DONE
    assert "SIMULATED BOOK demo" in again.stdout
    assert f"filled with 30 cases up to {this_year(1, 30).upto} (seed 1), and stays so" in again.stderr
    assert "--fresh" in again.stderr

    words = example("demo")
    with demo.process(*[word.replace("8080", "0") for word in words], "--json") as running:
        served = announced(running)
        assert (served["position"], served["queries"]) == (first["position"], first["queries"])
        refused = demo("demo", "--no-serve", "--fresh")
        assert refused.exit_code == Exit.USAGE
        assert "Another process works on" in refused.stderr

    fresh = demo.json("demo", "--cases", "40", "--seed", "2", "--no-serve", "--fresh")
    assert (fresh["cases"], fresh["seed"]) == (40, 2)
    assert demo.json("demo", "--no-serve")["position"] == fresh["position"]


def test_the_demo_leaves_all_other_data_alone(demo: CommandLine) -> None:
    demo.json("demo", "--cases", "5", "--no-serve")
    data = Settings.from_environment(demo.environment).data
    assert [entry.name for entry in data.iterdir()] == ["demo"]
