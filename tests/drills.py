"""How long a drill is: short in `make test`, long in `make drills`."""

import os
import sys

#: Set by `make drills`.
IS_LONG = os.environ.get("SWX_DRILLS") == "1"


def examples(usual: int, long: int) -> int:
    """Return how many random cases a drill tries."""
    return long if IS_LONG else usual


def tell(figures: str) -> None:
    """Print what a drill has measured, for docs/reliability.md; `pytest -s` shows it."""
    sys.stdout.write(f"\n{figures}\n")
