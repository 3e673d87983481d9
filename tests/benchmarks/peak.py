"""Runs a command of Daybook and writes down the most memory that its process held: `peak FILE import LOG ...`.

The process says so itself. What the system tells a parent of its children counts the parent as well, of which each is a
copy at first.
"""

import sys
from pathlib import Path

from api.cli import main
from tests.benchmarks.filling import peak_bytes

if __name__ == "__main__":
    told = Path(sys.argv.pop(1))
    try:
        main()
    finally:
        told.write_text(str(peak_bytes()), "utf-8")
