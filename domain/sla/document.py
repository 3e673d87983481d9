"""What the documents of calendars and policies are made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

LONGEST_SLUG = 64
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=LONGEST_SLUG)]
"""A name that stays: in ASCII, small letters, digits and dashes."""


class Part(BaseModel):
    """A part of a document."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
