"""Trusted documents: those of the company's own front ends, kept in a file and asked for by an id."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from api.graphql.problem import Code
from api.http.turned_away import TurnedAway
from api.settings import Settings, WrongSetting

APOLLO = "apollo-persisted-query-manifest"
PREFIX = "sha256:"


def manifest_in(path: Path) -> Mapping[str, str]:
    """The documents in a manifest by their ids: one of Apollo's, or the plain object from ids to documents that Relay
    and graphql-codegen write. Raises: WrongSetting."""
    try:
        found: Any = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise WrongSetting(f"The manifest of documents {path} cannot be read: {error}") from error
    documents = _of_apollo(found, path) if isinstance(found, dict) and "format" in found else found
    if not isinstance(documents, dict) or not all(isinstance(text, str) for text in documents.values()):
        raise WrongSetting(
            f"{path} is no manifest of documents: it should be an object from ids to documents, or one of Apollo's "
            f"with the format {APOLLO!r}."
        )
    return documents


class Documents:
    """The documents that are trusted. With `only`, no others are carried out."""

    def __init__(self, by_id: Mapping[str, str] | None = None, *, only: bool = False) -> None:
        self.only = only
        self._there = by_id is not None
        self._by_id = dict(by_id or {})
        self._by_hash = {sha256(text.encode()).hexdigest(): text for text in self._by_id.values()}
        self._texts = frozenset(self._by_id.values())

    @classmethod
    def of(cls, settings: Settings) -> Documents:
        """Those that the settings name. Raises: WrongSetting."""
        if settings.documents is None:
            if settings.documents_only:
                raise WrongSetting("DAYBOOK_DOCUMENTS_ONLY is on, and DAYBOOK_DOCUMENTS names no manifest to go by.")
            return cls()
        return cls(manifest_in(settings.documents), only=settings.documents_only)

    def text_of(self, asked: Mapping[str, Any]) -> str:
        """The document that a request is about, by its id or as it is. Raises: TurnedAway."""
        query: str | None = asked.get("query") or None
        name = _id_in(asked)
        if name is not None:
            trusted = self._by_id.get(name) or self._by_hash.get(name.removeprefix(PREFIX))
            if trusted is not None:
                return trusted
            if query is None or self.only:
                raise self._unknown(name)
        if query is None:
            raise TurnedAway(
                Code.BAD_REQUEST, "The request has no document; send it in the field query, or its id in documentId."
            )
        if self.only and query not in self._texts:
            raise TurnedAway(
                Code.DOCUMENT_NOT_TRUSTED, "This server carries out the documents of its manifest only; send an id."
            )
        return query

    def _unknown(self, name: str) -> TurnedAway:
        """In the words that Apollo's clients go by: they send the whole document then, or stop sending ids."""
        if not self._there:
            return TurnedAway(Code.PERSISTED_QUERY_NOT_SUPPORTED, "PersistedQueryNotSupported")
        return TurnedAway(Code.PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound", documentId=name[:200])


def _id_in(asked: Mapping[str, Any]) -> str | None:
    """The id by which a request names its document: the specification's way, or Apollo's. Raises: TurnedAway."""
    name = asked.get("documentId")
    if name is None:
        persisted = (asked.get("extensions") or {}).get("persistedQuery")
        name = persisted.get("sha256Hash") if isinstance(persisted, dict) else persisted
    if name is not None and not isinstance(name, str):
        raise TurnedAway(Code.BAD_REQUEST, "The id of a document is a string; send it in documentId.")
    return name


def _of_apollo(found: Mapping[str, Any], path: Path) -> dict[str, str]:
    operations = found.get("operations")
    if found["format"] != APOLLO or found.get("version") != 1 or not isinstance(operations, list):
        raise WrongSetting(f"{path} is a manifest of the format {found['format']!r}; {APOLLO!r}, version 1, is read.")
    try:
        return {each["id"]: each["body"] for each in operations}
    except (KeyError, TypeError) as error:
        raise WrongSetting(f"{path} has an operation without its id or its body.") from error
