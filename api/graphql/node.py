"""What everything with a global id has in common."""

from __future__ import annotations

import strawberry


@strawberry.interface(description="Something with a global id.")
class Node:
    id: strawberry.ID = strawberry.field(description="Its global id; opaque, and the same for as long as it exists.")
