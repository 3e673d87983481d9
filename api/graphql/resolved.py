"""A field of the schema that is looked up when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import strawberry

Resolver = TypeVar("Resolver", bound=Callable[..., Any])


def resolved(description: str) -> Callable[[Resolver], Resolver]:
    """Makes a method the resolver of the field of its name; `strawberry.field` alone would leave it without a type."""

    def declare(resolver: Resolver) -> Resolver:
        field: Any = strawberry.field(resolver, description=description)
        return field  # type: ignore[no-any-return]

    return declare
