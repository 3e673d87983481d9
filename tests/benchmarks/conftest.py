"""Benchmarks run one after the other with --bench; each is marked, so that `-m bench` finds them too."""

from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("bench")
