"""How long PostgreSQL may let one of our connections wait, run or idle, and what it calls us."""

from enum import StrEnum
from typing import Any

from sqlalchemy import make_url

#: Of waiting for another one's rows.
_LOCK_SECONDS = 8
#: Of a transaction whose owner does nothing: it is stuck, and others wait for its rows.
_IDLE_SECONDS = 60
#: A host that vanished without a word is given up within this time, not within the kernel's quarter of an hour.
_SILENCE_SECONDS = 15


class Purpose(StrEnum):
    """What a process is for, as pg_stat_activity shows it."""

    SERVER = "swx serve"
    WORKER = "swx worker"
    COMMAND = "swx"


def connection_options(url: str, purpose: Purpose, statement_seconds: float) -> dict[str, Any]:
    """Return what psycopg connects with; what the URL says itself is left as it is.

    Only requests have a time for each statement: verifying a ledger or landing a file takes as long as it takes (0).
    """
    seconds = {
        "statement_timeout": statement_seconds,
        "lock_timeout": _LOCK_SECONDS,
        "idle_in_transaction_session_timeout": _IDLE_SECONDS,
    }
    given = make_url(url).query
    options = " ".join(f"-c {name}={round(value * 1000)}" for name, value in seconds.items())
    ours = {
        "application_name": purpose.value,
        "connect_timeout": 5,
        "keepalives_idle": 5,
        "keepalives_interval": 5,
        "keepalives_count": 2,
        "tcp_user_timeout": _SILENCE_SECONDS * 1000,
    }
    own_options = given.get("options", "")
    return {name: value for name, value in ours.items() if name not in given} | {"options": f"{options} {own_options}"}
