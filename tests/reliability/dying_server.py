"""`swx` that dies right after the commit of a request, before its answer, as soon as a file is there."""

import os
import signal
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import Session

from app.cli import main


def _die(_session: Session) -> None:
    if Path(os.environ["DIES_AT"]).exists():
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    event.listen(Session, "after_commit", _die)
    main()
