"""In which of its two forms an answer is sent: as GraphQL over HTTP has it, or as plain JSON."""

from __future__ import annotations

from email.message import Message
from enum import StrEnum


class Media(StrEnum):
    """The media type of an answer."""

    GRAPHQL = "application/graphql-response+json"
    """Its status says how it went: 400 for a document that cannot be carried out."""
    JSON = "application/json"
    """What clients from before the specification ask for: what was a request at all is answered with 200."""


def media_for(accept: str | None) -> Media | None:
    """The form in which a client wants its answer, by its header `Accept`; None when it takes neither.

    Plain JSON for whoever does not say, as the specification's draft asks of servers with clients older than itself.
    """
    if accept is None or not accept.strip():
        return Media.JSON
    wanted: dict[Media, float] = {}
    for part in accept.split(","):
        kind, quality = _weighed(part)
        media = {"*/*": Media.JSON, "application/*": Media.JSON}.get(kind) or _media(kind)
        if media is not None:
            wanted[media] = max(quality, wanted.get(media, 0.0))
    acceptable = {media: quality for media, quality in wanted.items() if quality > 0}
    return max(Media, key=lambda media: acceptable.get(media, 0.0)) if acceptable else None


def accepts(accept: str | None, kind: str) -> bool:
    """Whether an answer of one type is taken, by the header `Accept`; whoever does not say takes any."""
    if accept is None or not accept.strip():
        return True
    weights = dict(_weighed(part) for part in accept.split(","))
    for named in (kind, kind.partition("/")[0] + "/*", "*/*"):
        if named in weights:
            return weights[named] > 0
    return False


def content_of(header: str | None) -> tuple[str, str]:
    """The type and the charset that a header `Content-Type` names, in lower case; UTF-8 when it names none."""
    message = Message()
    message["content-type"] = header or ""
    charset = message.get_param("charset", "utf-8")
    return message.get_content_type() if header else "", str(charset).lower()


def _media(kind: str) -> Media | None:
    return Media(kind) if kind in set(Media) else None


def _weighed(part: str) -> tuple[str, float]:
    kind, *parameters = (each.strip().lower() for each in part.split(";"))
    weights = [each.partition("=")[2] for each in parameters if each.startswith("q=")]
    try:
        return kind, float(weights[0]) if weights else 1.0
    except ValueError:
        return kind, 0.0
