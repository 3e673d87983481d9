"""The application over a book of each test module's own, and a program that sends it items."""

import pytest

from api.workspace import Workspace
from tests.api.graphql.asking import FrontEnd
from tests.api.graphql.conftest import front_end, module_database, workspace
from tests.api.ingest.sending import Producer

__all__ = ["front_end", "module_database", "workspace"]


@pytest.fixture(scope="module")
def producer(front_end: FrontEnd, workspace: Workspace) -> Producer:
    """A program that sends items to that book."""
    return Producer(front_end, workspace)
