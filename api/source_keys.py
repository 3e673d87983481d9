"""Ids out of a source's own keys: the same for every door, so that what one brought in another goes on with."""

from __future__ import annotations

from uuid import UUID, uuid5

SOURCES_NAMESPACE = UUID("0b7a4c0e-6d4b-5f0a-9a55-8a3f5f3c9d21")


def namespace_of(source: str) -> UUID:
    """In which the keys of a source become ids."""
    return uuid5(SOURCES_NAMESPACE, source)


def id_in(namespace: UUID, kind: str, *key: str) -> UUID:
    """The id of a thing, from its source's own key for it."""
    return uuid5(namespace, "\0".join((kind, *key)))
