"""What differs between two policies: their rules and targets by id, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from domain.sla.policy import PolicyDocument

BY_ID = ("rules", "targets", "extensions")
"""Lists whose entries are known by their ids; of rules the order counts as well."""


class Change(NamedTuple):
    """A place at which two policies differ; None is where there is nothing."""

    place: str
    """Such as `targets[reply].clock.amount`."""
    before: Any
    after: Any


def differences(before: PolicyDocument, after: PolicyDocument) -> tuple[Change, ...]:
    """What is other in `after`, in the order of the fields; empty when they are the same."""
    one, other = (document.model_dump(mode="json") for document in (before, after))
    found = list(_of(one, other, ""))
    orders = [[rule.id for rule in document.rules] for document in (before, after)]
    kept = [[name for name in order if name in orders[0] and name in orders[1]] for order in orders]
    if kept[0] != kept[1]:
        found.append(Change("rules, their order", orders[0], orders[1]))
    return tuple(found)


def _of(before: Any, after: Any, place: str) -> Iterator[Change]:
    if before == after:
        return
    name = place.rpartition(".")[2]
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _of_fields(before, after, f"{place}." if place else "")
    elif name in BY_ID and _have_ids(before) and _have_ids(after):
        ids = [{entry["id"]: entry for entry in entries} for entries in (before, after)]
        for entry in dict.fromkeys([*ids[0], *ids[1]]):
            yield from _of(ids[0].get(entry), ids[1].get(entry), f"{place}[{entry}]")
    else:
        yield Change(place, before, after)


def _have_ids(entries: Any) -> bool:
    """Whether it is a list of parts with ids; the targets that a rule names are bare names."""
    return isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)


def _of_fields(before: Mapping[str, Any], after: Mapping[str, Any], place: str) -> Iterator[Change]:
    for name in dict.fromkeys([*before, *after]):
        yield from _of(before.get(name), after.get(name), f"{place}{name}")
