"""A city's ledger of any number of entries, the same for one seed: three years of loads from 600 to 400 sites.

Python draws the loads; the database makes transactions and entries of them, several times as fast as row by row.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

from app.catalogue.reference import reference
from app.catalogue.schemas import MaterialKind
from app.core.database import new_id
from app.ledger.accounts import Account, Kind
from app.ledger.models import ORIGIN_FIGURES, YEAR_FIGURES
from app.ledger.origin_months import KEY as MONTH_KEY
from app.ledger.origin_months import YEAR_KEY, sum_figures, sum_years
from benchmarks.bulk import Loader

PRODUCERS, RECYCLERS, CUSTOMERS = 600, 400, 10
FIRST_YEAR, YEARS = 2023, 3
#: Share of loads that leave from stock of before the first year, and of those that weigh differently when received.
_FROM_STOCK, _UNVERIFIED = 0.1, 0.05
_STOCK_KG = 10**12
_SEED = 20_252
_CREATED = "2025-01-01 00:00:00.000000"
_USE = "cement_retarder"
#: Ids of ours are numbers of 32 decimal digits, which are hexadecimal digits as well.
_FIRST_ID = 10**18
_Row = tuple[Any, ...]

_ORGANISATION = ("id", "name", "roles", "status", "created_at", "version")
_SITE = (
    *("id", "organisation_id", "name", "latitude", "longitude", "given_datum", "given_latitude", "given_longitude"),
    *("district_code", "created_at", "version"),
)
_TRANSACTION = ("id", "kind", "occurred_on", "month", "source_type", "source_id", "recorded_at")
_ENTRY = (
    *("id", "transaction_id", "account", "site_id", "material", "origin_site_id", "stock_year", "use", "verified"),
    "quantity_kg",
)
_FLOW = ("month", "origin_site_id", "site_id", "material", "account", "kind", "stock_year", "use", "verified")
#: The loads as drawn; ids are text.
_DRAWN = """
CREATE TEMPORARY TABLE drawn_loads (
  number BIGINT, day DATE, origin_site_id VARCHAR(32), site_id VARCHAR(32), material VARCHAR(80), source VARCHAR(24),
  stock_year INTEGER, verified BOOLEAN, quantity_kg BIGINT
)
"""
_LOAD = ("number", "day", "origin_site_id", "site_id", "material", "source", "stock_year", "verified", "quantity_kg")


@dataclass(frozen=True)
class _Producer:
    site_id: str
    material: str
    customers: Sequence[str]


class _Group(NamedTuple):
    """What the loads of a month have in common: derived tables need no more of a load than this and its kilograms."""

    month: str
    origin_site_id: str
    site_id: str
    material: str
    stock_year: int
    is_verified: bool

    @property
    def source(self) -> Account:
        """Where the tonnes come from: storage, if they are of an earlier year."""
        return Account.GENERATION if self.stock_year == int(self.month[:4]) else Account.STORAGE


class _Leg(NamedTuple):
    """One of the six entries of a load, which is dispatched, received and used in three transactions."""

    number: int
    transaction: int
    kind: Kind
    #: None: that which the tonnes come from.
    account: Account | None
    place: str
    sign: int


_PRODUCER, _CUSTOMER = "producer", "customer"
_LEGS = (
    _Leg(0, 0, Kind.DISPATCH, None, _PRODUCER, -1),
    _Leg(1, 0, Kind.DISPATCH, Account.IN_TRANSIT, _PRODUCER, 1),
    _Leg(2, 1, Kind.RECEIPT, Account.IN_TRANSIT, _PRODUCER, -1),
    _Leg(3, 1, Kind.RECEIPT, Account.RECEIVED, _CUSTOMER, 1),
    _Leg(4, 2, Kind.UTILISATION, Account.RECEIVED, _CUSTOMER, -1),
    _Leg(5, 2, Kind.UTILISATION, Account.UTILISED, _CUSTOMER, 1),
)
_STEPS = (Kind.DISPATCH, Kind.RECEIPT, Kind.UTILISATION)


def make_ledger(loader: Loader, entries: int) -> None:
    """Store sites and about as many entries in an empty database, with the flows and months derived from them."""
    random = Random(_SEED)  # noqa: S311 - a market, not a secret
    producers = _make_sites(loader, random)
    loads = entries // len(_LEGS)
    groups: Counter[_Group] = Counter()
    loader.run(_DRAWN)
    loader.load("drawn_loads", _LOAD, _draw(loads, producers, random, groups))
    loader.run(_transactions(loader))
    loader.run(_entries(loader))
    openings = [_opening(number, producer) for number, producer in enumerate(producers, start=len(_LEGS) * loads)]
    loader.load("ledger_transactions", _TRANSACTION, (transaction for transaction, _ in openings))
    loader.load("ledger_entries", _ENTRY, (entry for _, pair in openings for entry in pair))
    flows = _flows(groups, producers)
    loader.load("ledger_flows", (*_FLOW, "quantity_kg"), ((*key, flows[key]) for key in sorted(flows)))
    months = _months(flows)
    loader.load("ledger_origin_months", _columns(MONTH_KEY, ORIGIN_FIGURES), _rows(months, ORIGIN_FIGURES))
    loader.load("ledger_origin_years", _columns(YEAR_KEY, YEAR_FIGURES), _rows(sum_years(months), YEAR_FIGURES))


def _draw(loads: int, producers: Sequence[_Producer], random: Random, groups: Counter[_Group]) -> Iterator[_Row]:
    """Yield loads that are dispatched, received and used within one month, and count their kilograms by group."""
    for number in range(loads):
        producer = random.choice(producers)
        year = FIRST_YEAR + random.randrange(YEARS)
        month, day = f"{year}-{random.randint(1, 12):02d}", random.randint(1, 28)
        customer, kilograms = random.choice(producer.customers), random.randint(20_000, 35_000)
        stock_year = FIRST_YEAR - 1 if random.random() < _FROM_STOCK else year
        is_verified = random.random() >= _UNVERIFIED
        group = _Group(month, producer.site_id, customer, producer.material, stock_year, is_verified)
        groups[group] += kilograms
        yield number, f"{month}-{day:02d}", *group[1:4], group.source.value, stock_year, is_verified, kilograms


def _transactions(loader: Loader) -> str:
    """Return the statement that makes three transactions of each load."""
    steps = ", ".join(f"({number}, '{kind.value}')" for number, kind in enumerate(_STEPS))
    identifier = _id_in_sql(loader, f"{len(_STEPS)} * drawn.number + step.column1")
    return f"""
INSERT INTO ledger_transactions ({", ".join(_TRANSACTION)})
SELECT {identifier}, step.column2, drawn.day, substr(CAST(drawn.day AS VARCHAR(10)), 1, 7), 'benchmark', {identifier},
  '{_CREATED}'
FROM drawn_loads AS drawn CROSS JOIN (VALUES {steps}) AS step
"""  # noqa: S608 - constants of ours


def _entries(loader: Loader) -> str:
    """Return the statement that makes six entries of each load."""
    legs = ", ".join(
        f"({leg.number}, {leg.transaction}, '{leg.account or ''}', '{leg.place}', {leg.sign})" for leg in _LEGS
    )
    is_use = f"leg.column3 = '{Account.UTILISED}'"
    return f"""
INSERT INTO ledger_entries ({", ".join(_ENTRY)})
SELECT {_id_in_sql(loader, f"{len(_LEGS)} * drawn.number + leg.column1")},
  {_id_in_sql(loader, f"{len(_STEPS)} * drawn.number + leg.column2")},
  CASE leg.column3 WHEN '' THEN drawn.source ELSE leg.column3 END,
  {loader.as_uuid(f"CASE leg.column4 WHEN '{_CUSTOMER}' THEN drawn.site_id ELSE drawn.origin_site_id END")},
  drawn.material, {loader.as_uuid("drawn.origin_site_id")}, drawn.stock_year,
  CASE WHEN {is_use} THEN '{_USE}' ELSE '' END, {is_use} AND drawn.verified, leg.column5 * drawn.quantity_kg
FROM drawn_loads AS drawn CROSS JOIN (VALUES {legs}) AS leg
"""  # noqa: S608 - constants of ours


def _id(number: int) -> str:
    return f"{_FIRST_ID + number:032d}"


def _id_in_sql(loader: Loader, number: str) -> str:
    """Return the expression of what `_id` makes of a number."""
    digits = f"CAST({_FIRST_ID} + {number} AS VARCHAR(19))"
    return loader.as_uuid(f"'{'0' * (32 - len(str(_FIRST_ID)))}' || {digits}")


def _opening(number: int, producer: _Producer) -> tuple[_Row, list[_Row]]:
    """Return the transaction that opens a producer's stock, and its entries."""
    first, identifier = f"{FIRST_YEAR}-01-01", _id(number)
    transaction = (identifier, Kind.OPENING.value, first, first[:7], "benchmark", identifier, _CREATED)
    entries = [
        (_id(2 * number + place), identifier, *_opening_leg(producer, account), kilograms)
        for place, (account, kilograms) in enumerate(_OPENING.items())
    ]
    return transaction, entries


_OPENING = {Account.OPENING: -_STOCK_KG, Account.STORAGE: _STOCK_KG}


def _opening_leg(producer: _Producer, account: Account) -> _Row:
    """Return account, place, material, origin, stock year, use and whether verified."""
    return account.value, producer.site_id, producer.material, producer.site_id, FIRST_YEAR - 1, "", False


def _flows(groups: Counter[_Group], producers: Sequence[_Producer]) -> Counter[_Row]:
    """Return kilograms by the key of the monthly flows."""
    flows: Counter[_Row] = Counter()
    for group, kilograms in groups.items():
        month, origin, customer, material, stock_year, is_verified = group
        for leg in _LEGS:
            account = (leg.account or group.source).value
            of_use = (_USE, is_verified) if account == Account.UTILISED else ("", False)
            site = customer if leg.place == _CUSTOMER else origin
            flows[month, origin, site, material, account, leg.kind.value, stock_year, *of_use] += leg.sign * kilograms
    for producer in producers:
        for account, kilograms in _OPENING.items():
            _, site, material, origin, *rest = _opening_leg(producer, account)
            flows[f"{FIRST_YEAR}-01", origin, site, material, account.value, Kind.OPENING.value, *rest] += kilograms
    return flows


def _months(flows: Counter[_Row]) -> dict[_Row, dict[str, Any]]:
    """Return figure → kilograms of each origin's month."""
    return sum_figures(
        dict(zip(_FLOW, key, strict=True)) | {"quantity_t": kilograms} for key, kilograms in flows.items()
    )


def _columns(key: Sequence[str], figures: Sequence[str]) -> Sequence[str]:
    return [*key, *(f"{name.removesuffix('_t')}_kg" for name in figures)]


def _rows(totals: dict[_Row, dict[str, Any]], figures: Sequence[str]) -> Iterator[_Row]:
    for key, sums in sorted(totals.items()):
        yield *key, *(int(sums.get(name, 0)) for name in figures)


def _make_sites(loader: Loader, random: Random) -> list[_Producer]:
    """Store an organisation and a site each; every producer has one material and some customers."""
    ids = [(new_id().hex, new_id().hex) for _ in range(PRODUCERS + RECYCLERS)]
    loader.load("organisations", _ORGANISATION, _organisations([owner for owner, _ in ids]))
    districts = [key for key in reference().districts if key.isdigit()]
    loader.load("sites", _SITE, _sites(ids, districts))
    materials = [key for key, entry in reference().materials.items() if entry.kind is MaterialKind.BULK_INDUSTRIAL]
    sites = [site_id for _, site_id in ids]
    return [
        _Producer(site_id, materials[number % len(materials)], random.sample(sites[PRODUCERS:], CUSTOMERS))
        for number, site_id in enumerate(sites[:PRODUCERS])
    ]


def _organisations(ids: Sequence[str]) -> Iterator[_Row]:
    for number, identifier in enumerate(ids):
        role = "producer" if number < PRODUCERS else "recycler"
        yield identifier, f"works {number}", f'["{role}"]', "active", _CREATED, 1


def _sites(ids: Sequence[tuple[str, str]], districts: Sequence[str]) -> Iterator[_Row]:
    for number, (owner, identifier) in enumerate(ids):
        place, code = (29.5, 106.5), districts[number % len(districts)]
        yield identifier, owner, f"gate {number}", *place, "wgs84", *place, code, _CREATED, 1
