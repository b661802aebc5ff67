"""A ledger table of a site, filled: checks the question, reads what is on record, lets the rows be made."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.catalogue.reference import reference
from app.catalogue.statutory import LedgerTable
from app.core.clock import month_of, today
from app.core.errors import Fault, Invalid
from app.statutory import filling
from app.statutory.balances import GateBalance, balance_streams
from app.statutory.filling import Row
from app.statutory.notes import add_up, make_notes
from app.statutory.queries import (
    find_gate,
    read_declarations,
    read_demanded_uses,
    read_flows,
    read_generating_months,
    read_loads,
    read_streams,
)
from app.statutory.records import Gate, Period, Records
from app.statutory.schemas import LedgerTableQuery

_LIST_OF_WASTE, _FLOWS, _LOADS = 1, 2, 3
_FILLED_BY: Mapping[int, Callable[[Records], Iterator[Row]]] = {
    1: filling.fill_list_of_waste,
    2: filling.fill_flow_summary,
    4: filling.fill_generation,
    5: filling.fill_storage,
    6: filling.fill_own_use,
    7: filling.fill_own_disposal,
}


@dataclass(frozen=True)
class FilledTable:
    """A form of the guide with its rows; `rows` can be read once, while the session is open."""

    form: LedgerTable
    standard: str
    gate: Gate
    #: `2026` or `2026-01`.
    period: str
    is_provisional: bool
    #: Headings above the table by key.
    headings: Mapping[str, str | None]
    rows: Iterator[Row]
    notes: tuple[str, ...]
    #: Of table 2: all streams together.
    balance: GateBalance | None


def fill_table(session: Session, actor: Actor, number: int, query: LedgerTableQuery) -> FilledTable:
    """Return a table as the caller may see it; `session` must be a snapshot (several statements).

    Raises Invalid for a time that the table is not of, NotFound, and Forbidden `outside_jurisdiction`.
    """
    period = _check_period(number, query)
    gate = find_gate(session, actor, query.site_id)
    text = period.first[:4] if number == _LIST_OF_WASTE else period.first
    records = Records(
        gate=gate,
        period=text,
        streams=read_streams(session, gate),
        balances=balance_streams(read_flows(session, gate, period)),
        declarations=read_declarations(session, gate, period),
        uses=read_demanded_uses(session, gate, period) if number == _FLOWS else {},
    )
    declared = {(row.material, row.month) for row in records.declarations}
    undeclared = {material for material, _ in read_generating_months(session, gate, period) - declared}
    is_over = period.last < month_of(today())
    form = reference().ledger_tables[number]
    is_list = number == _LOADS
    return FilledTable(
        form=form,
        standard=reference().ledger_guide.standard.id,
        gate=gate,
        period=text,
        is_provisional=not is_over or (not is_list and bool(undeclared)),
        headings=_headings(form, records),
        rows=filling.fill_loads(records, read_loads(session, gate, period)) if is_list else _FILLED_BY[number](records),
        notes=tuple(make_notes(form, records, set() if is_list else undeclared, is_over=is_over)),
        balance=add_up(records) if number == _FLOWS else None,
    )


def _check_period(number: int, query: LedgerTableQuery) -> Period:
    """Return the months of a table: table 1 is of a year, the others of a month, and neither may lie ahead."""
    present = month_of(today())
    wanted, other = ("year", "month") if number == _LIST_OF_WASTE else ("month", "year")
    faults = []
    if getattr(query, other) is not None:
        faults.append(Fault(other, "not_of_this_table", f"table {number} is of one {wanted}: give {wanted} alone"))
    if getattr(query, wanted) is None:
        faults.append(Fault(wanted, "missing", f"table {number} is of one {wanted}: give {wanted}"))
    first, last = (f"{query.year}-01", f"{query.year}-12") if wanted == "year" else (query.month, query.month)
    if getattr(query, wanted) is not None and str(first) > present:
        faults.append(Fault(wanted, f"{wanted}_in_future", f"is of a {wanted} that has not begun"))
    if faults:
        raise Invalid(faults, code=faults[0].code if len(faults) == 1 else "invalid_request")
    return Period(str(first), str(last))


def _headings(form: LedgerTable, records: Records) -> dict[str, str | None]:
    """Return the headings above a table: of them, the exchange knows the facilities of the streams alone."""
    known = [
        f"{filling.name_material(material)}：{stream.facilities}"
        for material, stream in sorted(records.streams.items())
        if stream.facilities
    ]
    texts = {"facility": "；".join(known) or None}
    return {heading.key: texts.get(heading.key) for heading in form.header}
