"""The command line, `daybook`: one module a command, and how they all speak and fail."""

from __future__ import annotations

import gc
import signal
import sys
from types import FrameType

from api.cli.commands import app
from api.cli.exits import Exit

# Events are many small objects that refer to one another in no circle. At Python's own thresholds (700, 10, 10) half of
# the time of a bulk append, and more of a projection's, went into looking for circles (2026-11-21).
GC_THRESHOLDS = (100_000, 50, 100)


def _leave(number: int, frame: FrameType | None) -> None:
    """Ends as on an error, so that whatever is open is closed: a plain SIGTERM would leave the server running."""
    del number, frame
    raise SystemExit(Exit.TERMINATED)


def main() -> None:
    """Runs the command line and ends the process."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    gc.set_threshold(*GC_THRESHOLDS)
    signal.signal(signal.SIGTERM, _leave)
    try:
        app(prog_name="daybook")
    except KeyboardInterrupt:  # while closing
        raise SystemExit(Exit.INTERRUPTED) from None
