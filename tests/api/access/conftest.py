"""The application on a database of each test module's own."""

from tests.api.graphql.conftest import module_database, workspace

__all__ = ["module_database", "workspace"]
