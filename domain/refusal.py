"""Every code with which a command can be refused: stable, since front ends translate them."""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    """Why the answer is no. Each command lists its own in `REFUSALS`."""

    UNKNOWN_STREAM = "UNKNOWN_STREAM"
    """No decider for streams of this name."""
    SUBJECT_MISMATCH = "SUBJECT_MISMATCH"
    """A personal value is about somebody else than its event, and would outlive their erasure."""

    OCCURS_IN_THE_FUTURE = "OCCURS_IN_THE_FUTURE"
    """It is said to have happened after it is written down; the ledger refuses that of any command."""

    UNKNOWN_EVENT = "UNKNOWN_EVENT"
    """No event has that version in the stream."""
    NOT_AMENDABLE = "NOT_AMENDABLE"
    """What is written there is neither corrected nor taken back."""
    AMENDS_ITSELF = "AMENDS_ITSELF"
    """The request is about itself, in a circle."""
    WRONG_KIND_OF_EVENT = "WRONG_KIND_OF_EVENT"
    """The replacement is an event of another kind of stream."""
    NO_LONGER_FOLDS = "NO_LONGER_FOLDS"
    """What would be left of the history could not be read."""
    UNKNOWN_REQUEST = "UNKNOWN_REQUEST"
    ALREADY_DECIDED = "ALREADY_DECIDED"
    SAME_PERSON = "SAME_PERSON"
    """Who asks may not approve, unless the book allows it."""

    BOOK_ALREADY_OPEN = "BOOK_ALREADY_OPEN"
    UNKNOWN_BOOK = "UNKNOWN_BOOK"

    UNKNOWN_CUSTOMER = "UNKNOWN_CUSTOMER"
    CUSTOMER_ALREADY_REGISTERED = "CUSTOMER_ALREADY_REGISTERED"

    TOUCHPOINT_ALREADY_RECORDED = "TOUCHPOINT_ALREADY_RECORDED"

    UNKNOWN_IMPORT = "UNKNOWN_IMPORT"
    IMPORT_ALREADY_STARTED = "IMPORT_ALREADY_STARTED"
    IMPORT_ALREADY_FINISHED = "IMPORT_ALREADY_FINISHED"

    UNKNOWN_CASE = "UNKNOWN_CASE"
    ALREADY_RECEIVED = "ALREADY_RECEIVED"
    ALREADY_REGISTERED = "ALREADY_REGISTERED"
    NOT_REGISTERED = "NOT_REGISTERED"
    BEFORE_RECEIPT = "BEFORE_RECEIPT"
    ALREADY_HELD = "ALREADY_HELD"
    """A unit holds the case; it is transferred, not dispatched."""
    NOT_HELD = "NOT_HELD"
    """No unit holds the case; it is dispatched, not transferred."""
    HELD_BY_ANOTHER_UNIT = "HELD_BY_ANOTHER_UNIT"
    SAME_UNIT = "SAME_UNIT"
    NOT_THE_HANDLER = "NOT_THE_HANDLER"
    WORK_ALREADY_STARTED = "WORK_ALREADY_STARTED"
    NOT_PAUSED = "NOT_PAUSED"
    ALREADY_ANSWERED = "ALREADY_ANSWERED"
    """The first or the final answer was given, in other words."""
    ALREADY_RESOLVED = "ALREADY_RESOLVED"
    OUTCOME_UNSTATED = "OUTCOME_UNSTATED"
    NOT_RESOLVED = "NOT_RESOLVED"
    STILL_OPEN = "STILL_OPEN"
    """The case is neither resolved nor closed, so there is nothing to reopen."""
    ALREADY_CLOSED = "ALREADY_CLOSED"
