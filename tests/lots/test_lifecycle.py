"""Arithmetic of a lot's tonnes, and its status."""

from datetime import date
from decimal import Decimal

import pytest

from app.core.errors import Conflict
from app.lots.lifecycle import (
    change_quantity,
    check_action,
    effective_status,
    release_tonnes,
    reserve_tonnes,
    return_tonnes,
    ship_tonnes,
)
from app.lots.models import Lot, LotStatus

LAST_DAY = date(2026, 12, 31)


def _lot(quantity: str = "100", reserved: str = "0", shipped: str = "0", status: LotStatus = LotStatus.OPEN) -> Lot:
    return Lot(
        quantity_t=Decimal(quantity),
        reserved_t=Decimal(reserved),
        shipped_t=Decimal(shipped),
        status=status,
        available_to=LAST_DAY,
    )


def _state(lot: Lot) -> tuple[object, object, object, object]:
    return lot.reserved_t, lot.shipped_t, lot.available_t, lot.status


def test_reserving_all_exhausts_and_releasing_reopens() -> None:
    lot = _lot()
    reserve_tonnes(lot, Decimal("99.999"))
    assert _state(lot) == (Decimal("99.999"), 0, Decimal("0.001"), LotStatus.OPEN)
    reserve_tonnes(lot, Decimal("0.001"))
    assert _state(lot) == (100, 0, 0, LotStatus.EXHAUSTED)
    release_tonnes(lot, Decimal(40))
    assert _state(lot) == (60, 0, 40, LotStatus.OPEN)


def test_no_gram_is_promised_twice() -> None:
    lot = _lot(reserved="60", shipped="30")
    with pytest.raises(Conflict) as refusal:
        reserve_tonnes(lot, Decimal("10.001"))
    assert refusal.value.code == "insufficient_quantity"
    assert refusal.value.facts["available_t"] == 10
    assert _state(lot) == (60, 30, 10, LotStatus.OPEN)


def test_a_load_moves_reserved_tonnes_and_takes_its_extra_from_the_free_ones() -> None:
    lot = _lot(reserved="60")
    ship_tonnes(lot, Decimal(60), Decimal(3))
    assert _state(lot) == (0, 63, 37, LotStatus.OPEN)
    with pytest.raises(Conflict) as refusal:
        ship_tonnes(lot, Decimal(0), Decimal("37.001"))
    assert refusal.value.facts["available_t"] == 37
    ship_tonnes(lot, Decimal(0), Decimal(37))
    assert _state(lot) == (0, 100, 0, LotStatus.EXHAUSTED)


def test_refused_tonnes_come_back_reserved_or_free() -> None:
    lot = _lot(shipped="100", status=LotStatus.EXHAUSTED)
    return_tonnes(lot, Decimal(20))
    assert _state(lot) == (20, 80, 0, LotStatus.EXHAUSTED)
    return_tonnes(lot, Decimal(0), Decimal(30))
    assert _state(lot) == (20, 50, 30, LotStatus.OPEN)


def test_what_is_withdrawn_stays_withdrawn() -> None:
    lot = _lot(reserved="60", status=LotStatus.WITHDRAWN)
    with pytest.raises(Conflict) as refusal:
        reserve_tonnes(lot, Decimal(1))
    assert refusal.value.code == "lot_withdrawn"
    ship_tonnes(lot, Decimal(20), Decimal(1))
    release_tonnes(lot, Decimal(40))
    return_tonnes(lot, Decimal(0), Decimal(21))
    assert _state(lot) == (0, 0, 100, LotStatus.WITHDRAWN)


@pytest.mark.parametrize("move", [release_tonnes, ship_tonnes, return_tonnes])
def test_moving_more_than_there_is_is_an_error_of_ours(move: object) -> None:
    lot = _lot(reserved="10", shipped="10")
    with pytest.raises(AssertionError, match="would have"):
        move(lot, Decimal(11))  # type: ignore[operator]  # the three share this signature
    assert _state(lot) == (10, 10, 80, LotStatus.OPEN)


def test_the_quantity_never_falls_below_what_is_committed() -> None:
    lot = _lot(reserved="60", shipped="30")
    with pytest.raises(Conflict) as refusal:
        change_quantity(lot, Decimal("89.999"))
    assert refusal.value.code == "quantity_committed"
    assert refusal.value.facts == {"least_quantity_t": 90, "reserved_t": 60, "shipped_t": 30}
    change_quantity(lot, Decimal(90))
    assert _state(lot) == (60, 30, 0, LotStatus.EXHAUSTED)
    change_quantity(lot, Decimal(91))
    assert lot.status == LotStatus.OPEN


@pytest.mark.parametrize(
    ("stored", "day", "effective"),
    [
        (LotStatus.OPEN, LAST_DAY, LotStatus.OPEN),
        (LotStatus.OPEN, date(2027, 1, 1), LotStatus.EXPIRED),
        (LotStatus.EXHAUSTED, LAST_DAY, LotStatus.EXHAUSTED),
        (LotStatus.EXHAUSTED, date(2027, 1, 1), LotStatus.EXPIRED),
        (LotStatus.WITHDRAWN, date(2027, 1, 1), LotStatus.WITHDRAWN),
    ],
)
def test_a_lot_expires_by_its_last_day(stored: LotStatus, day: date, effective: LotStatus) -> None:
    assert effective_status(_lot(status=stored), day) == effective


def test_an_expired_lot_can_be_changed_but_not_withdrawn() -> None:
    lot = _lot()
    check_action(lot, "change", date(2027, 1, 1))
    with pytest.raises(Conflict) as refusal:
        check_action(lot, "withdraw", date(2027, 1, 1))
    assert refusal.value.facts == {"state": "expired", "allowed": ["change", "add_assay"]}
