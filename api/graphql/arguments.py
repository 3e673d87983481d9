"""The arguments that many fields take."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from api.graphql.cases import Sorting
from api.graphql.connection import AFTER, BEFORE, FIRST, LAST

Token = Annotated[
    str | None,
    strawberry.argument(
        description="A token out of an earlier answer: this one then shows at least what that one did, or fails as "
        "NOT_CAUGHT_UP. The header Daybook-Consistency-Token does the same for a whole request."
    ),
]
First = Annotated[int | None, FIRST]
After = Annotated[str | None, AFTER]
Last = Annotated[int | None, LAST]
Before = Annotated[str | None, BEFORE]
Direction = Annotated[Sorting, strawberry.argument(description="Which way the order runs.")]
OccurredFrom = Annotated[datetime | None, strawberry.argument(description="Counts what happened then or later.")]
OccurredBefore = Annotated[datetime | None, strawberry.argument(description="Counts what happened earlier than then.")]
