"""What the rows of the seven tables are. Pure: from what is on record to cells; what is not on record has no cell."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from app.catalogue.reference import reference
from app.core.quantities import ZERO
from app.ledger.models import Declaration
from app.organisations.models import SiteStream
from app.statutory.balances import GateBalance
from app.statutory.records import Load, Records

#: A text, tonnes, or an instant.
Cell = str | Decimal | datetime | None
#: Cells by column key, beside them the `material`; a column that is missing is empty.
Row = Mapping[str, Cell]

_HEADINGS = ("form_no", "dept_head")
#: By table: columns and headings of which the exchange keeps nothing.
EMPTY_COLUMNS: Mapping[int, tuple[str, ...]] = {
    1: (),
    2: ("entrusted_disposal_method",),
    3: (),
    4: (*_HEADINGS, "move_time", "move_to", "gen_handler", "move_handler"),
    5: (
        *_HEADINGS,
        *("in_source", "in_prev_form", "in_move_handler", "in_store_handler"),
        *("out_to", "out_store_handler", "out_move_handler"),
    ),
    6: (*_HEADINGS, "recv_time", "source", "prev_form", "move_handler", "use_handler"),
    7: (*_HEADINGS, "recv_time", "source", "prev_form", "move_handler", "disposal_handler"),
}
_DIGITS_OF_PROVINCE = 2


def name_material(material: str) -> str:
    """Return the Chinese name of a material; one that has left the catalogue keeps its key."""
    entry = reference().materials.get(material)
    return material if entry is None else entry.name_zh


def _fact(record: SiteStream | Declaration | None, name: str) -> str | None:
    fact: str | None = None if record is None else getattr(record, name)
    return fact


def _waste(records: Records, material: str) -> dict[str, Cell]:
    stream = records.streams.get(material)
    return {
        "material": material,
        "waste_code": _fact(stream, "waste_code"),
        "waste_name": name_material(material),
    }


def _classed_waste(records: Records, material: str) -> dict[str, Cell]:
    stream = records.streams.get(material)
    return _waste(records, material) | {"waste_class": _fact(stream, "waste_class")}


def fill_list_of_waste(records: Records) -> Iterator[Row]:
    """Table 1: each stream on file, and each that was generated; its amount once anything of the year is recorded."""
    declared = records.declared_materials()
    generated = {material for material, balance in records.balances.items() if balance.generated_t}
    for material in sorted({*records.streams, *declared, *generated}):
        stream = records.streams.get(material)
        is_known = material in declared or material in generated
        yield _classed_waste(records, material) | {
            "generation_step": _fact(stream, "generation_step"),
            "physical_state": _fact(stream, "physical_state"),
            "main_components": _fact(stream, "main_components"),
            "pollution_characteristics": _fact(stream, "pollution_characteristics"),
            "annual_generation": records.balance(material).generated_t if is_known else None,
        }


def fill_flow_summary(records: Records) -> Iterator[Row]:
    """Table 2: each stream that lay there, moved or was declared; a zero stands where it is declared, else nothing."""
    for material in _streams_of_month(records, lambda balance: not balance.is_empty):
        balance, declaration = records.balance(material), records.declaration(material)

        def told(tonnes: Decimal, *, is_declared: bool = declaration is not None) -> Decimal | None:
            return tonnes if tonnes or is_declared else None

        yield _classed_waste(records, material) | {
            "generated": told(balance.generated_t),
            "stored": balance.stored_t,
            "stored_cumulative": balance.closing_t,
            "own_use_method": _fact(declaration, "self_use_method"),
            "own_use_amount": told(balance.self_utilised_t),
            "entrusted_use_method": _name_uses(records.uses.get(material, ())),
            "entrusted_use_amount": told(balance.entrusted_use_t),
            "own_disposal_method": _fact(declaration, "disposal_method"),
            "own_disposal_amount": told(balance.disposed_t),
            "entrusted_disposal_amount": told(balance.entrusted_disposed_t),
        }


def _streams_of_month(records: Records, counts: Callable[[GateBalance], bool]) -> list[str]:
    there = {material for material, balance in records.balances.items() if counts(balance)}
    return sorted(there | records.declared_materials())


def _name_uses(keys: Sequence[str]) -> str | None:
    known = reference().uses
    return "；".join(known[key].name_zh if key in known else key for key in keys) or None


def fill_loads(records: Records, loads: Iterable[Load]) -> Iterator[Row]:
    """Table 3: each load that left, as it is read; loads over the exchange leave for use."""
    origin = records.gate.district_code
    waste: dict[str, dict[str, Cell]] = {}
    for load in loads:
        if load.material not in waste:
            waste[load.material] = _waste(records, load.material)
        yield waste[load.material] | {
            "out_time": load.dispatched_at,
            "out_amount": load.net_t,
            "handler": load.handler,
            "carrier": load.carrier,
            "transport_info": _describe_lorry(load, with_driver=records.gate.with_drivers),
            "transport_mode": load.transport_mode,
            "receiver": load.receiver,
            "flow_type": _describe_flow(origin, load.receiving_district),
        }


def _describe_lorry(load: Load, *, with_driver: bool) -> str:
    driver = [part for part in (load.driver_name, load.driver_phone) if part] if with_driver else []
    return " ".join([load.vehicle_plate, *driver])


def _describe_flow(origin: str | None, destination: str | None) -> str:
    """Return the flow type; where a district is not on file, the province is not named."""
    if origin is None or destination is None:
        return "利用"
    same = origin[:_DIGITS_OF_PROVINCE] == destination[:_DIGITS_OF_PROVINCE]
    return "省内转移（利用）" if same else "跨省转移（利用）"


def fill_generation(records: Records) -> Iterator[Row]:
    """Table 4: the month's amount of each stream that was generated or declared."""
    for material in _streams_of_month(records, lambda balance: balance.generated_t != ZERO):
        yield _waste(records, material) | {
            "gen_time": records.period,
            "gen_amount": records.balance(material).generated_t,
        }


def fill_storage(records: Records) -> Iterator[Row]:
    """Table 5: what was booked into storage and out of it; waste that went straight to the lorry is in neither."""
    for material, balance in sorted(records.balances.items()):
        into, out = balance.into_storage_t or None, balance.out_of_storage_t or None
        if into or out:
            yield _waste(records, material) | {
                "in_time": records.period if into else None,
                "in_amount": into,
                "out_time": records.period if out else None,
                "out_amount": out,
            }


def fill_own_use(records: Records) -> Iterator[Row]:
    """Table 6: the month's own use."""
    for material, balance in sorted(records.balances.items()):
        if balance.self_utilised_t:
            declaration = records.declaration(material)
            yield _waste(records, material) | {
                "use_amount": balance.self_utilised_t,
                "use_method": _fact(declaration, "self_use_method"),
                "use_done_time": records.period,
            }


def fill_own_disposal(records: Records) -> Iterator[Row]:
    """Table 7: the month's own disposal."""
    for material, balance in sorted(records.balances.items()):
        if balance.disposed_t:
            declaration = records.declaration(material)
            yield _waste(records, material) | {
                "disposal_amount": balance.disposed_t,
                "disposal_method": _fact(declaration, "disposal_method"),
                "disposal_done_time": records.period,
            }
