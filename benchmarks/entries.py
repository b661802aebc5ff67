"""A city's ledger of any number of entries, the same for one seed: three years of loads from 600 to 400 sites."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from app.catalogue.reference import reference
from app.catalogue.schemas import MaterialKind
from app.core.database import new_id
from app.ledger.accounts import Account, Kind
from app.ledger.models import ORIGIN_FIGURES
from app.ledger.origin_months import figures_of, sign_of
from benchmarks.bulk import Loader

PRODUCERS, RECYCLERS, CUSTOMERS = 600, 400, 10
FIRST_YEAR, YEARS = 2023, 3
ENTRIES_A_LOAD = 6
#: Share of loads that leave from stock of before the first year, and of those that weigh differently when received.
_FROM_STOCK, _UNVERIFIED = 0.1, 0.05
_STOCK_KG = 10**12
_CHUNK_LOADS = 20_000
_SEED = 20_252
_CREATED = "2025-01-01 00:00:00.000000"
_Row = tuple[Any, ...]

_ORGANISATION = ("id", "name", "roles", "status", "created_at", "version")
_SITE = (
    *("id", "organisation_id", "name", "latitude", "longitude", "given_datum", "given_latitude", "given_longitude"),
    *("district_code", "created_at", "version"),
)
_TRANSACTION = ("id", "kind", "occurred_on", "month", "source_type", "source_id", "reversal_of", "recorded_at")
_ENTRY = (
    *("id", "transaction_id", "account", "site_id", "material", "origin_site_id", "stock_year", "use", "verified"),
    "quantity_kg",
)
_FLOW = (
    *("month", "origin_site_id", "site_id", "material", "account", "kind", "stock_year", "use", "verified"),
    "quantity_kg",
)
_MONTH = ("month", "material", "origin_site_id", *(f"{name.removesuffix('_t')}_kg" for name in ORIGIN_FIGURES))


@dataclass(frozen=True)
class _Producer:
    site_id: str
    material: str
    customers: Sequence[str]


@dataclass(frozen=True)
class _Leg:
    account: str
    site_id: str
    kilograms: int
    use: str = ""
    is_verified: bool = False


@dataclass
class _Ledger:
    """What is loaded a chunk at a time, and what the ledger derives of all of it."""

    transactions: list[_Row] = field(default_factory=list)
    entries: list[_Row] = field(default_factory=list)
    flows: dict[_Row, int] = field(default_factory=lambda: defaultdict(int))
    months: dict[_Row, dict[str, int]] = field(default_factory=dict)

    def post(self, kind: Kind, day: str, producer: _Producer, stock_year: int, legs: Sequence[_Leg]) -> None:
        """Add a transaction."""
        transaction_id, month = new_id().hex, day[:7]
        origin, material = producer.site_id, producer.material
        source = ("benchmark", new_id().hex)
        self.transactions.append((transaction_id, kind.value, day, month, *source, None, _CREATED))
        sums = self.months.setdefault((month, material, origin), dict.fromkeys(ORIGIN_FIGURES, 0))
        is_prior = stock_year < int(month[:4])
        for leg in legs:
            of_leg = (leg.use, leg.is_verified)
            entry = (new_id().hex, transaction_id, leg.account, leg.site_id, material, origin, stock_year, *of_leg)
            self.entries.append((*entry, leg.kilograms))
            flow = (month, origin, leg.site_id, material, leg.account, kind.value, stock_year, *of_leg)
            self.flows[flow] += leg.kilograms
            for name in figures_of(leg.account, kind.value, is_prior=is_prior, is_verified=leg.is_verified):
                sums[name] += sign_of(leg.account) * leg.kilograms


def make_ledger(loader: Loader, entries: int) -> None:
    """Store sites and about as many entries in an empty database, with the flows and months derived from them."""
    random = Random(_SEED)  # noqa: S311 - a market, not a secret
    producers = _make_sites(loader, random)
    ledger = _Ledger()
    for producer in producers:
        legs = [_Leg(Account.OPENING, producer.site_id, -_STOCK_KG), _Leg(Account.STORAGE, producer.site_id, _STOCK_KG)]
        ledger.post(Kind.OPENING, f"{FIRST_YEAR}-01-01", producer, FIRST_YEAR - 1, legs)
    loads = entries // ENTRIES_A_LOAD
    for first in range(0, loads, _CHUNK_LOADS):
        for _ in range(min(_CHUNK_LOADS, loads - first)):
            _post_load(ledger, random.choice(producers), random)
        loader.load("ledger_transactions", _TRANSACTION, ledger.transactions)
        loader.load("ledger_entries", _ENTRY, ledger.entries)
        ledger.transactions.clear()
        ledger.entries.clear()
    loader.load("ledger_flows", _FLOW, ((*key, kilograms) for key, kilograms in sorted(ledger.flows.items())))
    loader.load("ledger_origin_months", _MONTH, ((*key, *sums.values()) for key, sums in sorted(ledger.months.items())))


def _post_load(ledger: _Ledger, producer: _Producer, random: Random) -> None:
    """Post a load that is dispatched, received and used within one month."""
    year = FIRST_YEAR + random.randrange(YEARS)
    day = f"{year}-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}"
    here, there = producer.site_id, random.choice(producer.customers)
    kilograms = random.randint(20_000, 35_000)
    is_stock, is_verified = random.random() < _FROM_STOCK, random.random() >= _UNVERIFIED
    stock_year = FIRST_YEAR - 1 if is_stock else year
    source = Account.STORAGE if is_stock else Account.GENERATION
    steps = (
        (Kind.DISPATCH, _Leg(source, here, -kilograms), _Leg(Account.IN_TRANSIT, here, kilograms)),
        (Kind.RECEIPT, _Leg(Account.IN_TRANSIT, here, -kilograms), _Leg(Account.RECEIVED, there, kilograms)),
        (
            Kind.UTILISATION,
            _Leg(Account.RECEIVED, there, -kilograms),
            _Leg(Account.UTILISED, there, kilograms, "cement_retarder", is_verified),
        ),
    )
    for kind, *legs in steps:
        ledger.post(kind, day, producer, stock_year, legs)


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
