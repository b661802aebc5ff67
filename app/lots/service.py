"""Writes of lots: offering, changing, withdrawing, new assays, and the lock under which agreements move tonnes."""

from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.core.clock import today
from app.core.database import new_id
from app.core.errors import Fault, Invalid, NotFound
from app.events.record import record_event
from app.lots import lifecycle
from app.lots.assays import measure_results
from app.lots.events import assay_added, is_open, lot_changed, lot_opened, lot_withdrawn
from app.lots.lifecycle import (
    Stock,
    change_months,
    change_quantity,
    check_action,
    reserve_months,
    reserve_tonnes,
    ship_tonnes,
)
from app.lots.measured import describe_results
from app.lots.models import Assay, AssayId, Lot, LotId, LotStatus
from app.lots.months import written_months
from app.lots.ranges import ranges_of, widen_ranges
from app.lots.schemas import AssayPost, LotPatch, LotPost, find_order_fault, find_period_fault, offered_t
from app.organisations.service import check_own_site

#: Callers lock a lot and move its tonnes through this one file.
__all__ = [
    "add_assay",
    "change_lot",
    "lock_lot",
    "lock_own_lot",
    "post_lot",
    "release_tonnes",
    "reserve_months",
    "reserve_tonnes",
    "return_tonnes",
    "ship_tonnes",
    "withdraw_lot",
]


def lock_lot(session: Session, lot_id: LotId) -> Lot:
    """Return a lot as it is now, locked until the transaction ends, or raise NotFound."""
    query = select(Lot).where(Lot.id == lot_id).with_for_update().execution_options(populate_existing=True)
    lot = session.scalars(query).one_or_none()
    if lot is None:
        raise NotFound("lot")
    return lot


def release_tonnes(session: Session, lot: Lot, tonnes: Decimal, stock: Stock | None = None) -> None:
    """Set reserved tonnes of a locked lot free again; the market hears of a lot that has something to offer again.

    `stock` is the month of a recurring lot that they are of.
    """
    was_open = is_open(lot)
    lifecycle.release_tonnes(stock or lot, tonnes)
    _tell_if_reopened(session, lot, was_open=was_open)


def return_tonnes(
    session: Session, lot: Lot, back_to_reserved_t: Decimal, back_free_t: Decimal, stock: Stock | None = None
) -> None:
    """Take shipped tonnes of a locked lot back, refused or voided; the rest as with `release_tonnes`."""
    was_open = is_open(lot)
    lifecycle.return_tonnes(stock or lot, back_to_reserved_t, back_free_t)
    _tell_if_reopened(session, lot, was_open=was_open)


def _tell_if_reopened(session: Session, lot: Lot, *, was_open: bool) -> None:
    if is_open(lot) and not was_open:
        record_event(session, lot_opened(None, lot))


def lock_own_lot(session: Session, actor: Actor, lot_id: LotId) -> Lot:
    """Return a lot of the caller as it is now, locked, or raise NotFound."""
    lot = lock_lot(session, lot_id)
    if lot.organisation_id != actor.organisation_id:
        raise NotFound("lot")
    return lot


def post_lot(session: Session, actor: Actor, wish: LotPost) -> Lot:
    """Offer waste at a site of the caller, with its first assay if there is one."""
    site = check_own_site(session, actor, wish.site_id)
    lot = Lot(
        id=LotId(new_id()),
        organisation_id=actor.organisation_id,
        site_id=site.id,
        origin_process=None if wish.origin is None else wish.origin.process,
        quantity_t=offered_t(wish),
        is_recurring=wish.recurring is not None,
        **wish.model_dump(exclude={"site_id", "origin", "assay", "quantity_t", "recurring"}),
    )
    assay = None if wish.assay is None else _record_assay(session, lot, wish.assay)
    session.add(lot)
    session.flush()
    if assay is not None:
        session.add(assay)
        session.flush()
    record_event(session, lot_opened(actor, lot))
    return lot


def change_lot(session: Session, actor: Actor, lot: Lot, change: LotPatch) -> Lot:
    """Change a lot that the caller owns and holds locked; another last day reopens an expired one."""
    check_action(lot, "change", today())
    was_open = is_open(lot)
    given = change.model_dump(include=change.model_fields_set, exclude={"origin", "quantity_t", "recurring"})
    _check_terms(lot, change)
    if change.quantity_t is not None:
        change_quantity(lot, change.quantity_t)
    if change.recurring is not None:
        change_months(lot, written_months(session, lot), change.recurring.quantity_t)
    for field, value in given.items():
        setattr(lot, field, value)
    if "origin" in change.model_fields_set:
        lot.origin_process = None if change.origin is None else change.origin.process
    session.flush()
    record_event(session, lot_changed(actor, lot, change.model_fields_set, was_open=was_open))
    return lot


def withdraw_lot(session: Session, actor: Actor, lot: Lot) -> Lot:
    """Take what is free of a locked lot off the market; agreements on it go on."""
    check_action(lot, "withdraw", today())
    was_open = is_open(lot)
    lot.status = LotStatus.WITHDRAWN
    session.flush()
    record_event(session, lot_withdrawn(actor, lot, was_open=was_open))
    return lot


def add_assay(session: Session, actor: Actor, lot: Lot, report: AssayPost) -> Assay:
    """Record an assay of a locked lot; the newest by day of sampling (then by recording) is the current one."""
    check_action(lot, "add_assay", today())
    assay = _record_assay(session, lot, report)
    session.add(assay)
    session.flush()
    record_event(session, assay_added(actor, lot, assay))
    return assay


def _check_terms(lot: Lot, change: LotPatch) -> None:
    """Refuse terms that contradict each other once the change meets what is stored."""
    given = change.model_fields_set
    min_order_t = change.min_order_t if "min_order_t" in given else lot.min_order_t
    faults = _find_kind_faults(lot, change)
    asked_t = change.quantity_t if change.recurring is None else change.recurring.quantity_t
    if detail := find_order_fault(asked_t or lot.quantity_t, min_order_t):
        pointers = {"min_order_t": "/min_order_t", "recurring": "/recurring/quantity_t", "quantity_t": "/quantity_t"}
        pointer = next(pointer for field, pointer in pointers.items() if field in given)
        faults.append(Fault(pointer, "min_order_above_quantity", detail))
    first, last = change.available_from or lot.available_from, change.available_to or lot.available_to
    if detail := find_period_fault(first, last):
        pointer = "/available_to" if "available_to" in given else "/available_from"
        faults.append(Fault(pointer, "before_available_from", detail))
    if faults:
        raise Invalid(faults, code=faults[0].code if len(faults) == 1 else "invalid_request")


def _find_kind_faults(lot: Lot, change: LotPatch) -> list[Fault]:
    """Return what is wrong where a lot that is there once would recur, or the reverse: agreements rest on its kind."""
    if lot.is_recurring and change.quantity_t is not None:
        detail = "the lot recurs every month: change recurring.quantity_t, or offer another lot"
        return [Fault("/quantity_t", "lot_is_recurring", detail)]
    if not lot.is_recurring and change.recurring is not None:
        detail = "the lot is there once: change quantity_t, or offer another lot that recurs"
        return [Fault("/recurring", "lot_is_not_recurring", detail)]
    return []


def _record_assay(session: Session, lot: Lot, report: AssayPost) -> Assay:
    """Return the assay's rows, and make it the lot's current one if it is the newest."""
    measured, faults = measure_results(report.results)
    if faults:
        raise Invalid(faults)
    described = describe_results(measured)
    widen_ranges(session, {lot.material: ranges_of([described.current])})
    assay = Assay(
        id=AssayId(new_id()),
        lot_id=lot.id,
        **report.model_dump(exclude={"results"}),
        results=described.results,
    )
    if lot.current_assay_on is None or assay.sampled_on >= lot.current_assay_on:
        lot.current_assay = described.current
        lot.current_assay_id = assay.id
        lot.current_assay_on = assay.sampled_on
    return assay
