"""Top-level errors: what a front end may be told by a code, and everything else by an id that leads to the log."""

from __future__ import annotations

import logging
from enum import StrEnum
from typing import Any
from uuid import uuid4

from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.extensions import MaskErrors
from typing_extensions import override

from ledger.errors import ClocksDisagree, LedgerAway

LOG = logging.getLogger("daybook.graphql")
TOO_LARGE = "Parsing aborted."
"""How the parser ends its message when a document has too many tokens or levels for it."""


class Code(StrEnum):
    """What a top-level error is called, in `extensions.code`. Stable, since front ends act on it."""

    BAD_DOCUMENT = "BAD_DOCUMENT"
    """The document does not fit the schema, or a variable does not fit its type."""
    DOCUMENT_TOO_LARGE = "DOCUMENT_TOO_LARGE"
    """Too many tokens, levels, aliases, directives or root fields, or pages that could hold too many nodes."""
    FORBIDDEN = "FORBIDDEN"
    """The asker's role may not ask for it."""
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
    """The views had not reached the position of the consistency token in time."""
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
        return [told(error) for error in errors]


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
        case ClocksDisagree():
            LOG.error("%s", cause)
            return _said(error, str(cause), {"code": Code.CLOCKS_DISAGREE.value})
        case None:
            too_large = isinstance(error, GraphQLSyntaxError) and error.message.endswith(TOO_LARGE)
            code = Code.DOCUMENT_TOO_LARGE if too_large else Code.BAD_DOCUMENT
            return _said(error, error.message, {"code": code.value})
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
