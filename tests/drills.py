"""How long a drill is: short in `make test`, long in `make drills`."""

import os

#: Set by `make drills`.
IS_LONG = os.environ.get("SWX_DRILLS") == "1"


def examples(usual: int, long: int) -> int:
    """Return how many random cases a drill tries."""
    return long if IS_LONG else usual
