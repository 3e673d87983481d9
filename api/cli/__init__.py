"""The command line, `daybook`: one module a command, and how they all speak and fail."""

from __future__ import annotations

import gc
import os
import signal
import sys
from types import FrameType
from typing import TextIO

from api.cli.commands import app
from api.cli.exits import Exit

# Events are many small objects that refer to one another in no circle. At Python's own thresholds (700, 10, 10) half of
# the time of a bulk append, and more of a projection's, went into looking for circles (2026-11-21).
GC_THRESHOLDS = (100_000, 50, 100)


def _leave(number: int, frame: FrameType | None) -> None:
    """Ends as on an error, so that whatever is open is closed: a plain SIGTERM would leave the server running."""
    del number, frame
    raise SystemExit(Exit.TERMINATED)


def _nowhere(descriptor: int) -> TextIO:
    """A stream that keeps nothing, under the number of the one that is closed."""
    opened = os.open(os.devnull, os.O_WRONLY)
    os.dup2(opened, descriptor)
    if opened != descriptor:
        os.close(opened)
    return open(descriptor, "w", encoding="utf-8", closefd=False)


def _let_go(stream: TextIO, descriptor: int) -> None:
    """Drops what a full disk or a closed pipe did not take and has been told of: Python would try it once more at the
    end, and end with 120 instead of the command's own code."""
    try:
        stream.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)


def main() -> None:
    """Runs the command line and ends the process."""
    # Where the shell has closed one of them, Python has none, and whatever opens a file next would be written into.
    sys.stdout, sys.stderr = sys.stdout or _nowhere(1), sys.stderr or _nowhere(2)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    gc.set_threshold(*GC_THRESHOLDS)
    signal.signal(signal.SIGTERM, _leave)
    try:
        app(prog_name="daybook")
    except KeyboardInterrupt:  # while closing
        raise SystemExit(Exit.INTERRUPTED) from None
    finally:
        for stream, descriptor in ((sys.stdout, 1), (sys.stderr, 2)):
            _let_go(stream, descriptor)
