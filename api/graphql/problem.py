"""Top-level errors: what a front end may be told by a code, and everything else by an id that leads to the log."""

from __future__ import annotations

import logging
import re
from enum import StrEnum
from typing import Any
from uuid import uuid4

from graphql import GraphQLError
from strawberry.extensions import MaskErrors
from strawberry.schema.exceptions import CannotGetOperationTypeError
from typing_extensions import override

from ledger.errors import ClocksDisagree, LedgerAway, TookTooLong

SUGGESTION = re.compile(r" Did you mean .*\?$", re.DOTALL)
"""How names of the schema end a message in which one is nearly right."""
MOST_SAID = 2_000
"""How much of a message is told that quotes a document, or a value in it, of any length."""
LOG = logging.getLogger("daybook.graphql")


class Code(StrEnum):
    """What a top-level error is called, in `extensions.code`. Stable, since front ends act on it."""

    BAD_REQUEST = "BAD_REQUEST"
    """The body is no request: no JSON, no document, or fields of the wrong types."""
    NOT_FOUND = "NOT_FOUND"
    """Nothing is served at this path."""
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    BAD_DOCUMENT = "BAD_DOCUMENT"
    """The document does not fit the schema, or a variable does not fit its type."""
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    """There is no trusted document of this id. The name is Apollo's, whose clients go by it."""
    PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
    """There are no trusted documents here at all."""
    DOCUMENT_NOT_TRUSTED = "DOCUMENT_NOT_TRUSTED"
    """Only trusted documents are carried out here, and this is none."""
    SCHEMA_NOT_SHOWN = "SCHEMA_NOT_SHOWN"
    """Introspection is not answered here."""
    DOCUMENT_TOO_LARGE = "DOCUMENT_TOO_LARGE"
    """Too many tokens, levels, aliases, directives, root fields or repeated ones, pages that could hold too many
    nodes, or differences that list too many events."""
    FORBIDDEN = "FORBIDDEN"
    """The asker's role may not ask for it."""
    BAD_LINK = "BAD_LINK"
    """The link to a file is none of this server's, or was changed."""
    LINK_EXPIRED = "LINK_EXPIRED"
    WRONG_SIZE = "WRONG_SIZE"
    """The file that was uploaded has more bytes than were announced, or fewer."""
    WRONG_DIGEST = "WRONG_DIGEST"
    """The file that was uploaded has another SHA-256 than was announced."""
    OTHER_BYTES = "OTHER_BYTES"
    """Other bytes were uploaded for the attachment before."""
    UPLOAD_GONE = "UPLOAD_GONE"
    """What had been uploaded was taken away, since it was not attached in time."""
    UPLOAD_STALLED = "UPLOAD_STALLED"
    """No more of the file came for half a minute, or all of it too slowly."""
    BAD_ID = "BAD_ID"
    BAD_ARGUMENTS = "BAD_ARGUMENTS"
    AMBIGUOUS = "AMBIGUOUS"
    """More than one thing has the key that was asked for."""
    BAD_HYPOTHESIS = "BAD_HYPOTHESIS"
    """What is supposed has mistakes, or could not be proposed in this book."""
    TOO_MANY_CASES = "TOO_MANY_CASES"
    """A question that would have to look at more cases than one request may."""
    BAD_CURSOR = "BAD_CURSOR"
    PAGE_TOO_LARGE = "PAGE_TOO_LARGE"
    BAD_CONSISTENCY_TOKEN = "BAD_CONSISTENCY_TOKEN"  # noqa: S105  no password: the name of an error
    NOT_CAUGHT_UP = "NOT_CAUGHT_UP"
    """The views had not reached the position of the consistency token in time, or are too far behind for a question
    about the past of customers."""
    TOO_FAR_BEHIND = "TOO_FAR_BEHIND"
    """A stream would have to tell too much at once of what has happened since its token."""
    RATE_LIMITED = "RATE_LIMITED"
    """This caller sends more requests than it may; the header Retry-After says when to go on."""
    TOO_BUSY = "TOO_BUSY"
    """The server works at as many operations as it may."""
    BODY_TOO_SLOW = "BODY_TOO_SLOW"
    """The body of the request did not come in time."""
    TIMED_OUT = "TIMED_OUT"
    """The operation was stopped when its time was up. A mutation may have been carried out."""
    LEDGER_AWAY = "LEDGER_AWAY"
    CLOCKS_DISAGREE = "CLOCKS_DISAGREE"
    FAULT = "FAULT"


class Problem(GraphQLError):
    """A top-level error that says what was found, where, and what the reader can do."""

    def __init__(self, code: Code, message: str, **params: Any) -> None:
        super().__init__(message, extensions={"code": code.value, **({"params": params} if params else {})})


class Told(MaskErrors):
    """Lets through what is said to the asker, and puts an id in place of everything else.

    The id stands in the log beside the fault's traceback, and nowhere is there a word of it in the answer.
    """

    @override
    def _process_errors(self, errors: list[GraphQLError]) -> list[GraphQLError]:
        errors = [told(error) for error in errors]
        if not self.execution_context.context.shows_schema:
            for error in errors:
                error.message = SUGGESTION.sub("", error.message)
        return errors


def told(error: GraphQLError) -> GraphQLError:
    """The error as the asker sees it; it has a code. One that has been told already stays as it is."""
    if error.extensions and "code" in error.extensions and error.original_error is None:
        return error
    cause = _cause(error)
    match cause:
        case Problem():
            return _said(error, cause.message, cause.extensions or {})
        case LedgerAway():
            LOG.warning("%s", cause)
            return _said(error, "The ledger does not answer; try again in a moment.", {"code": Code.LEDGER_AWAY.value})
        case TookTooLong():
            LOG.warning("At %s: %s", error.path, cause)
            message = "This took the database too long, and was stopped; ask for less."
            figures = {} if cause.longest is None else {"limit": cause.longest.total_seconds(), "of": "statement"}
            return _said(error, message, {"code": Code.TIMED_OUT.value, "params": figures})
        case ClocksDisagree():
            LOG.error("%s", cause)
            return _said(error, str(cause), {"code": Code.CLOCKS_DISAGREE.value})
        case CannotGetOperationTypeError():
            reason = f"{cause.as_http_error_reason().rstrip('.')}."
            return _said(error, reason, {"code": Code.BAD_DOCUMENT.value})
        case None:
            return _said(error, error.message[:MOST_SAID], {"code": Code.BAD_DOCUMENT.value})
        case _:
            fault = uuid4()
            LOG.error("Fault %s at %s", fault, error.path, exc_info=cause)
            message = f"Something went wrong here. The log has it under {fault}."
            return _said(error, message, {"code": Code.FAULT.value, "fault": str(fault)})


def _cause(error: GraphQLError) -> Exception | None:
    """What was raised in a resolver; None when the document itself is at fault."""
    if isinstance(error, Problem):
        return error
    cause = error.original_error
    while isinstance(cause, GraphQLError) and not isinstance(cause, Problem):
        cause = cause.original_error
    return cause


def _said(error: GraphQLError, message: str, extensions: dict[str, Any]) -> GraphQLError:
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=extensions,
    )


def speakable(text: str) -> str:
    """The text. Raises: Problem for a character that no text of the ledger has, and that PostgreSQL would choke on."""
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Problem(Code.BAD_ARGUMENTS, f"{text!r} holds a character that is none; leave it out.")
    return text
