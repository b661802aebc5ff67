"""`swx` that dies right after the commit of a request, before its answer, as soon as a file is there."""

import os
import signal
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import Session

from app import cli


def _die(_session: Session) -> None:
    if Path(os.environ["DIES_AT"]).exists():
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Run the command line."""
    event.listen(Session, "after_commit", _die)
    cli.main()


if __name__ == "__main__":
    main()
