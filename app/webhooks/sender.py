"""The sender: takes up what is due, posts it outside of any transaction, stores how that ended."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.core.clock import now
from app.core.database import Database
from app.core.failures import name_failure
from app.core.guarded_connections import GuardedClient, Unreached
from app.core.outgoing_urls import UrlRefused
from app.webhooks.claims import Claim, claim, find_due, find_waiting, void_leases
from app.webhooks.models import WebhookId
from app.webhooks.outcomes import Outcome, record_outcomes
from app.webhooks.room import share_room
from app.webhooks.signing import sign_headers

_POLL_SECONDS = 0.5
_AFTER_FAILURE_SECONDS = 2.0
log = structlog.get_logger()


@dataclass
class Sender:
    """One sender with what it has under way; `pepper` is what secrets are derived from."""

    database: Database
    client: GuardedClient
    pepper: bytes
    clock: Callable[[], datetime] = now
    flying: dict["asyncio.Task[int]", tuple[Claim, float]] = field(default_factory=dict)
    unstored: list[Outcome] = field(default_factory=list)

    def run(self, stop: threading.Event, *, is_alone: bool) -> None:
        """Work until `stop` is set and what was under way has ended.

        `is_alone` says that no other sender lives: what one that was killed had is sent again at once.
        """
        asyncio.run(self._run(stop, is_alone=is_alone))

    async def _run(self, stop: threading.Event, *, is_alone: bool) -> None:
        is_clean = not is_alone
        while not stop.is_set() or self.flying:
            pause = _POLL_SECONDS
            try:
                if not is_clean:
                    await asyncio.to_thread(void_leases, self.database, self.clock())
                    is_clean = True
                if await self.take_turn(may_claim=not stop.is_set()):
                    pause = 0.0  # what waited behind something that has ended is due now
            except (DBAPIError, PoolTimeout) as error:
                log.warning("sender_waits_for_database", error=name_failure(error))
                pause = _AFTER_FAILURE_SECONDS
            await self.wait(pause)
        await self._store_the_rest()

    async def take_turn(self, *, may_claim: bool = True) -> bool:
        """Store what has ended, take up what is due and start it; return whether there was anything."""
        flying = Counter(claimed.webhook_id for claimed, _ in self.flying.values())
        outcomes, self.unstored = self.unstored, []
        try:
            claims = await asyncio.to_thread(self._exchange, outcomes, flying, may_claim=may_claim)
        except (DBAPIError, PoolTimeout):
            self.unstored = outcomes + self.unstored
            raise
        for claimed in claims:
            self.flying[asyncio.create_task(self._post(claimed))] = claimed, time.monotonic()
        return bool(outcomes or claims)

    async def wait(self, seconds: float) -> None:
        """Wait for the first of what is under way to end, or for some seconds."""
        if not self.flying:
            await asyncio.sleep(seconds)
            return
        done, _ = await asyncio.wait(self.flying, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            self.unstored.append(_read_outcome(task, *self.flying.pop(task), self.clock()))

    def _exchange(
        self, outcomes: Sequence[Outcome], flying: Mapping[WebhookId, int], *, may_claim: bool
    ) -> list[Claim]:
        """Do in one transaction what a turn has to; none is begun where there is nothing to do."""
        at = self.clock()
        keys = []
        if may_claim:
            with self.database.read() as session:
                keys = find_due(session, share_room(find_waiting(session, at), flying), at)
        if not keys and not outcomes:
            return []
        with self.database.write() as session:
            record_outcomes(session, outcomes)
            claims = claim(session, keys, at, self.pepper)
            session.commit()
        return claims

    async def _post(self, claimed: Claim) -> int:
        headers = sign_headers(claimed.delivery_id, claimed.body, claimed.secrets, self.clock())
        headers |= {"Content-Type": "application/json", "User-Agent": "solid-waste-exchange"}
        return await self.client.post(claimed.url, headers, claimed.body)

    async def _store_the_rest(self) -> None:
        try:
            await self.take_turn(may_claim=False)
        except (DBAPIError, PoolTimeout) as error:  # sent again when the lease ends, under the same id
            log.warning("outcomes_lost", error=name_failure(error), deliveries=len(self.unstored))


def _read_outcome(task: "asyncio.Task[int]", claimed: Claim, started: float, at: datetime) -> Outcome:
    """Return how an attempt ended; whatever it raised, the sender goes on."""
    duration_ms = round((time.monotonic() - started) * 1000)
    error = task.exception()
    known = {"webhook_id": str(claimed.webhook_id), "delivery_id": str(claimed.delivery_id), "ms": duration_ms}
    if error is None:
        log.info("webhook_answered", status=task.result(), attempt=claimed.attempt, **known)
        return Outcome(claimed, at, duration_ms, response_status=task.result())
    if isinstance(error, (UrlRefused, Unreached)):
        log.info("webhook_unreached", error=error.code, attempt=claimed.attempt, **known)
        return Outcome(claimed, at, duration_ms, error=error.code)
    log.error("webhook_attempt_failed", exc_info=error, **known)
    return Outcome(claimed, at, duration_ms, error="internal_error")
