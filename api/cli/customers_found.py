"""`daybook customer find`: the customers who go by a name, a number, an address or a key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from api.cli.exits import WrongUse
from api.cli.terminal import Terminal, add_row, shown, table
from api.cli.views import looked_at
from api.workspace import Workspace
from domain.personal import Personal
from ledger.ledger import Ledger, PersonalPlace
from projections import customer_lookup, customer_profile
from projections.customer_lookup import CUSTOMER_LOOKUP
from projections.customer_profile import CUSTOMER_PROFILE, REGISTERED, CustomerFilter, CustomerProfile
from projections.paging import Window
from projections.search_terms import LONGEST

PAGE = 500
Disclosed = dict[PersonalPlace, Personal[Any]]


def run(workspace: Workspace, terminal: Terminal, text: str, *, limit: int | None) -> None:
    """Answers. Raises: WrongUse when there is nothing in the text to look for; NotFound before the views were made."""
    ledger = workspace.ledger
    sought = customer_lookup.sought(ledger.blind_index, text, partly=True) if len(text) <= LONGEST else None
    if sought is None:
        raise WrongUse(
            f"There is nothing in {text[:40]!r} to look for; give a name, a number, an address, a key or a part of a "
            f"name, in at most {LONGEST} characters."
        )
    position = looked_at(ledger, terminal, CUSTOMER_LOOKUP, CUSTOMER_PROFILE)
    found = list(_found(ledger, CustomerFilter(sought=sought), limit))
    said = ledger.disclose(place for profile in found for place in _places(profile))
    if terminal.json:
        terminal.answer({
            "book": ledger.book,
            "time": ledger.time,
            "position": position,
            "customers": [_as_data(profile, said) for profile in found],
        })  # fmt: skip
        return
    terminal.stamp(ledger.book, ledger.time)
    terminal.show(*_listed(found, said))


def _found(ledger: Ledger, where: CustomerFilter, limit: int | None) -> Iterator[CustomerProfile]:
    """All of them, or as many as were asked for, a page at a time."""
    place: str | None = None
    left = limit
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        window = Window(REGISTERED, descending=True, after=place, limit=size)
        page = customer_profile.page(ledger.database, ledger.book, window, where)
        yield from page.rows
        if not page.has_more:
            return
        left = None if left is None else left - len(page.rows)
        place = REGISTERED.place_of(page.rows[-1])


def _places(profile: CustomerProfile) -> list[PersonalPlace]:
    return [place for place in (profile.name_place, *profile.contact_places) if place is not None]


def _listed(found: list[CustomerProfile], said: Disclosed) -> Iterator[Any]:
    if not found:
        yield "Nobody."
        return
    lines = table("name", "key", "kind", "tier", "contacts", "id")
    for profile in found:
        name = shown(said.get(profile.name_place)) if profile.name_place else None
        contacts = [shown(said.get(place)) for place in profile.contact_places]
        add_row(
            lines,
            name or "(no name)",
            profile.source_key,
            profile.kind,
            profile.tier,
            ", ".join(contact for contact in contacts if contact),
            profile.customer_id,
        )
    yield lines


def _as_data(profile: CustomerProfile, said: Disclosed) -> dict[str, Any]:
    return {
        "customer_id": profile.customer_id,
        "kind": profile.kind,
        "source_key": profile.source_key,
        "tier": profile.tier,
        "name": None if profile.name_place is None else said.get(profile.name_place),
        "contacts": [
            {"kind": contact.kind, "version": contact.version, "value": said.get(place)}
            for contact, place in zip(profile.contacts, profile.contact_places, strict=True)
        ],
        "registered_at": profile.registered_at,
    }
