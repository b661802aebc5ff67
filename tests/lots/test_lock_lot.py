"""Reservations under the lot's lock: whoever comes at once, no tonne is promised twice."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.database import Database
from app.core.errors import Conflict, NotFound
from app.lots.models import Lot, LotId, LotStatus
from app.lots.service import lock_lot, reserve_tonnes
from tests.factories import World


def _reserve(database: Database, lot_id: LotId) -> bool:
    with database.write() as session:
        try:
            reserve_tonnes(lock_lot(session, lot_id), Decimal("3.333"))
        except Conflict:
            return False
        session.commit()
        return True


def test_a_lot_is_never_oversold(world: World) -> None:
    lot_id = LotId(UUID(world.lot(world.producer(), quantity_t=9.999)["id"]))
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: _reserve(world.database, lot_id), range(16)))
    assert sum(outcomes) == 3
    with world.database.read() as session:
        lot = session.scalars(select(Lot)).one()
    assert (lot.reserved_t, lot.available_t, lot.status) == (Decimal("9.999"), Decimal(0), LotStatus.EXHAUSTED)
    assert lot.version == 4


def test_a_lock_reads_the_row_afresh(world: World) -> None:
    lot_id = LotId(UUID(world.lot(world.producer(), quantity_t=10)["id"]))
    with world.database.market() as reader:  # a transaction that reads could lock nothing
        seen = reader.get_one(Lot, lot_id)
        assert _reserve(world.database, lot_id)
        assert lock_lot(reader, lot_id) is seen
        assert seen.reserved_t == Decimal("3.333")


def test_an_absent_lot_is_not_found(database: Database) -> None:
    with database.write() as session, pytest.raises(NotFound):
        lock_lot(session, LotId(UUID(int=0)))
