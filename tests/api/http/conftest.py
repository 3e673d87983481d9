"""The application over a book of each test module's own."""

from tests.api.graphql.conftest import front_end, module_database, workspace

__all__ = ["front_end", "module_database", "workspace"]
