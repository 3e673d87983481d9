"""Connections: pages cut by keyset cursors, so that a page stays where it was while the book grows."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

import strawberry

from api.graphql.problem import Code, Problem
from projections.paging import Order, Window

MOST_A_PAGE = 100
USUAL_PAGE = 20

Item = TypeVar("Item")
Row = TypeVar("Row", bound=tuple[object, ...])

FIRST = strawberry.argument(description="How many from the start; at most 100. 20 when neither is given.")
AFTER = strawberry.argument(description="The cursor of the item after which the page begins.")
LAST = strawberry.argument(description="How many from the end, instead of `first`; at most 100.")
BEFORE = strawberry.argument(description="The cursor of the item before which the page ends.")


@strawberry.type(description="Where a page stands among all pages.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether something follows this page.")
    has_previous_page: bool = strawberry.field(description="Whether something comes before this page.")
    start_cursor: str | None = strawberry.field(description="The cursor of the page's first item.")
    end_cursor: str | None = strawberry.field(description="The cursor of the page's last item.")


@strawberry.type(description="An item of a page, with the cursor that marks its place.")
class Edge(Generic[Item]):
    cursor: str = strawberry.field(description="The item's place in the order asked for; opaque.")
    node: Item = strawberry.field(description="The item itself.")


@strawberry.type(description="A page of items.")
class Connection(Generic[Item]):
    edges: list[Edge[Item]] = strawberry.field(description="The page's items with their cursors.")
    nodes: list[Item] = strawberry.field(description="The page's items alone.")
    page_info: PageInfo = strawberry.field(description="Where the page stands among all pages.")


class PageArguments(NamedTuple):
    """The arguments that every connection takes."""

    first: int | None
    after: str | None
    last: int | None
    before: str | None

    def window(self, order: Order, *, descending: bool) -> Window:
        """The part of an order that they ask for. Raises: Problem."""
        if self.first is not None and self.last is not None:
            raise Problem(Code.BAD_ARGUMENTS, "A page is cut from one end: give `first` or `last`, not both.")
        from_end = self.last is not None
        size = self.last if self.last is not None else self.first
        size = USUAL_PAGE if size is None else size
        if size < 0:
            raise Problem(Code.BAD_ARGUMENTS, f"A page of {size} cannot be; ask for 0 to {MOST_A_PAGE}.")
        if size > MOST_A_PAGE:
            message = f"A page has at most {MOST_A_PAGE} items, and {size} were asked for; page on with `after`."
            raise Problem(Code.PAGE_TOO_LARGE, message, limit=MOST_A_PAGE, found=size)
        after, before = (None if cursor is None else _place(cursor, order) for cursor in (self.after, self.before))
        return Window(order, descending, after, before, from_end, limit=size)


def connection_of(window: Window, rows: Sequence[Row], *, more: bool, show: Callable[[Row], Item]) -> Connection[Item]:
    """The page out of its rows, in the order asked for; `more` says that rows lie beyond the end it was cut towards."""
    edges = [Edge(cursor=_cursor(window.order.place_of(row)), node=show(row)) for row in rows]
    return Connection(
        edges=edges,
        nodes=[edge.node for edge in edges],
        page_info=PageInfo(
            has_next_page=window.before is not None if window.from_end else more,
            has_previous_page=more if window.from_end else window.after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
    )


def _cursor(place: str) -> str:
    return urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _place(cursor: str, order: Order) -> str:
    """The place in a cursor, read once to see that it is one. Raises: Problem."""
    try:
        sealed = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        place = b64decode(sealed, b"-_", validate=True).decode()
        order.values_of(place)
    except ValueError:  # BadPlace is one
        message = f"{cursor!r} is no cursor of this connection in this order; begin again without it."
        raise Problem(Code.BAD_CURSOR, message) from None
    return place
