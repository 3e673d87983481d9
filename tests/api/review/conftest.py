"""The command line and a screen on the book of which the guides tell."""

from tests.api.guides.conftest import daybook, module_database, screen

__all__ = ["daybook", "module_database", "screen"]
