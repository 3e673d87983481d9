"""A field of a subject that an event changed, as a front end sees it."""

from __future__ import annotations

from typing import Any

import strawberry
from strawberry.scalars import JSON
from strawberry.utils.str_converters import to_camel_case

from api.graphql.personal import PersonalString, shown_personal
from api.graphql.request import Info
from api.graphql.resolved import resolved
from ledger.ledger import PersonalPlace
from projections import before_and_after


@strawberry.type(
    description="A field of a subject that an event changed. A personal value is null in `before` and `after`; "
    "`personalBefore` and `personalAfter` say whether it can be read, and give it to whoever asks for `value`."
)
class FieldChange:
    field: str = strawberry.field(description="The field, as a path into the subject: `status`, `contacts/0/kind`.")
    before: JSON | None = strawberry.field(description="What was known before the event; null for nothing.")
    after: JSON | None = strawberry.field(description="What was known after it; null for nothing.")
    place_before: strawberry.Private[PersonalPlace | None]
    place_after: strawberry.Private[PersonalPlace | None]

    @resolved("The personal value before the event; null when there was none, or the field is not personal.")
    async def personal_before(self, info: Info) -> PersonalString | None:
        return await _personal(info, self.place_before)

    @resolved("The personal value after the event; null when there was none, or the field is not personal.")
    async def personal_after(self, info: Info) -> PersonalString | None:
        return await _personal(info, self.place_after)

    @classmethod
    def of(cls, change: before_and_after.FieldChange) -> FieldChange:
        """A change as the schema shows it: fields are named as those of its types."""
        name, stroke, rest = change.path.partition("/")
        before: Any = change.before
        after: Any = change.after
        return cls(
            field=f"{to_camel_case(name)}{stroke}{rest}",
            before=before,
            after=after,
            place_before=change.personal_before,
            place_after=change.personal_after,
        )


async def _personal(info: Info, place: PersonalPlace | None) -> PersonalString | None:
    return await shown_personal(info.context, place)
