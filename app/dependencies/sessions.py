"""Sessions of the database: to read what is the caller's, what is the market's, one snapshot, or to write.

On PostgreSQL those of the caller say who that is; the market's are nobody's and see no private table.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request, Response
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from app.core.contention import is_contention
from app.core.database import Database
from app.core.deadlines import was_stopped
from app.core.failures import refuse_commit
from app.core.row_security import NOBODY, NamesCaller
from app.events.record import name_delegate
from app.requests.idempotency import Answer, keep_answer

#: Further writers wait before they take a thread. All threads of the pool (40) could else wait for the rows of one who
#: holds them, and who needs a thread to describe what was written before it commits.
_WRITERS_AT_ONCE = 16
#: Fewer than there are connections to read with (40): callers are looked up with the rest. All threads could else wait
#: for connections whose holders wait for a thread.
_READERS_AT_ONCE = 32
#: Of an answer, what is given again besides its status and body.
_KEPT_HEADERS = ("content-type", "location", "etag")


def database_of(request: Request) -> Database:
    """Return the database of the running application."""
    database: Database = request.app.state.database
    return database


def naming_caller(request: Request) -> NamesCaller:
    """Return what names whoever was found to call, once that is known."""
    return lambda: getattr(request.state, "caller", NOBODY)


async def _wait_to_read() -> AsyncIterator[None]:
    """Wait without a thread until one may hold a connection; all who read stand in one line.

    Their sessions end, as those that write, before the answer is sent: no slow client holds a connection.
    """
    yield


_Turn = Annotated[None, Depends(_wait_to_read, scope="function", max_concurrency=_READERS_AT_ONCE)]


async def _read_session(request: Request, _: _Turn) -> AsyncIterator[Session]:
    """Async, so that opening costs no thread hop; it connects only when a query runs.

    Closing costs none where nothing is to be told to the server.
    """
    session = database_of(request).read(naming_caller(request))
    try:
        yield session
    finally:
        if session.holds_transaction:
            await to_thread.run_sync(session.close, limiter=CapacityLimiter(1))
        session.close()


async def _market_session(request: Request, _: _Turn) -> AsyncIterator[Session]:
    """As the session for reading, without a transaction."""
    with database_of(request).market() as session:
        yield session


async def _search_session(request: Request, _: _Turn) -> AsyncIterator[Session]:
    """As the market's session; a replica may answer, once it has all that was acknowledged before."""
    with database_of(request).search() as session:
        yield session


def _snapshot_session(request: Request, _: _Turn) -> Iterator[Session]:
    with database_of(request).snapshot(naming_caller(request)) as session:
        yield session


async def _write_session(request: Request) -> AsyncIterator[Session]:
    """One request, one transaction: it commits before the answer is made (scope "function"), or nothing is stored.

    Async, as the session for reading. Its end has a thread of its own: those of the pool may all be waiting for what
    this transaction has locked. The answer is made by then (`app/api/routing.py`), and kept for who asks again.
    """
    session = database_of(request).write(naming_caller(request))
    try:
        yield session
        # The caller may have been looked up after this session was opened; now it is known.
        name_delegate(session, getattr(request.state, "delegate_id", None))
        await to_thread.run_sync(_commit, session, _answer_of(request), limiter=CapacityLimiter(1))
    finally:
        if session.in_transaction():  # refused or failed: nothing of it stays
            await to_thread.run_sync(session.close, limiter=CapacityLimiter(1))


def _answer_of(request: Request) -> Answer | None:
    response: Response | None = getattr(request.state, "answer", None)
    if response is None:
        return None
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    return Answer(response.status_code, headers, bytes(response.body))


def _commit(session: Session, answer: Answer | None) -> None:
    keep_answer(session, answer)
    try:
        session.commit()
    except SQLAlchemyError as error:
        # Events and rows are written here too, and may have waited too long for another one's.
        if is_contention(error) or (isinstance(error, DBAPIError) and was_stopped(error)):
            raise
        raise refuse_commit(error) from error


#: Of what is the caller's, or what it may see of others.
ReadSession = Annotated[Session, Depends(_read_session, scope="function")]
#: Of a few rows of what everybody may see.
MarketSession = Annotated[Session, Depends(_market_session, scope="function")]
SearchSession = Annotated[Session, Depends(_search_session, scope="function")]
SnapshotSession = Annotated[Session, Depends(_snapshot_session, scope="function")]
WriteSession = Annotated[Session, Depends(_write_session, scope="function", max_concurrency=_WRITERS_AT_ONCE)]
