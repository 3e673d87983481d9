"""Personal values as the schema shows them: with their state, so that "erased" is never mistaken for "empty"."""

from __future__ import annotations

from typing import Any

import strawberry

from api.graphql.enums import PersonalState
from domain.personal import Personal


@strawberry.type(description="A text about a person, sealed in the ledger under that person's own key.")
class PersonalString:
    state: PersonalState = strawberry.field(
        description="OPEN: the value can be read. CLOSED: not by this reader. ERASED: by nobody any more."
    )
    value: str | None = strawberry.field(description="The text, when it is open.")

    @classmethod
    def of(cls, personal: Personal[Any] | None) -> PersonalString | None:
        """What is shown of a personal value; None when there is none."""
        if personal is None:
            return None
        opened = personal.state is PersonalState.OPEN
        return cls(state=personal.state, value=str(personal.value) if opened else None)
