"""Which way an order runs."""

from __future__ import annotations

from enum import StrEnum

from api.graphql.enums import shown


class Sorting(StrEnum):
    """Which way an order runs."""

    ASC = "asc"
    DESC = "desc"


shown(Sorting, "OrderDirection", "Which way an order runs.", {"ASC": "The least first.", "DESC": "The greatest first."})
