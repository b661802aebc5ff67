"""Monthly flows written without the ledger's posting code: balanced moves of tonnes, summed per flow."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from app.core.clock import first_day
from app.core.database import Database
from app.core.quantities import ZERO
from app.ledger.accounts import Account, Kind, Leg, Posting, move
from app.ledger.models import ORIGIN_FIGURES, Declaration, MonthlyFlow, OriginMonth, OriginYear
from app.ledger.origin_months import KEY as MONTH_KEY
from app.ledger.origin_months import YEAR_KEY, sum_figures, sum_years
from tests.factories import FULING, Body, Member, World

KEY = ("month", "origin_site_id", "site_id", "material", "account", "kind", "stock_year", "use", "verified")
FlowKey = tuple[Any, ...]


class Books:
    """Collects moves between accounts and writes them as monthly flows."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.flows: dict[FlowKey, Decimal] = defaultdict(Decimal)

    def move(
        self,
        month: str,
        kind: Kind,
        accounts: tuple[Account, Account],
        tonnes: Decimal | int,
        *,
        origin: UUID,
        source: UUID | None = None,
        target: UUID | None = None,
        stock_year: int | None = None,
        material: str = "phosphogypsum",
        use: str = "",
        verified: bool = False,
    ) -> None:
        """Move tonnes from an account to another; sites default to the origin, the stock year to that of the month."""
        year = int(month[:4]) if stock_year is None else stock_year
        out = Leg(accounts[0], source or origin, material, origin, year, -Decimal(tonnes))
        into = move(out, accounts[1], site_id=target or origin, use=use, verified=verified)
        occurred_on: date = first_day(month)
        for leg in Posting(kind, occurred_on, "test", uuid4(), (out, into)).legs:
            values = {**vars(leg), "month": month, "account": leg.account.value, "kind": kind.value}
            self.flows[tuple(values[name] for name in KEY)] += leg.quantity_t

    @staticmethod
    def sites(world: World, producer: Member | None = None) -> tuple[UUID, UUID]:
        """Return a producer's site in Changshou and a recycler's in Fuling."""
        origin, place = world.site(producer or world.producer()), world.site(world.recycler(), **FULING)
        return UUID(origin["id"]), UUID(place["id"])

    def write(self) -> None:
        """Store the flows collected, and the months and years of the origins that they make."""
        with self.database.write() as session:
            for key, tonnes in self.flows.items():
                session.add(MonthlyFlow(**dict(zip(KEY, key, strict=True)), quantity_t=tonnes))
            months = sum_figures(
                dict(zip(KEY, key, strict=True)) | {"quantity_t": tonnes} for key, tonnes in self.flows.items()
            )
            for key, sums in months.items():
                figures = dict.fromkeys(ORIGIN_FIGURES, ZERO) | sums
                session.add(OriginMonth(**dict(zip(MONTH_KEY, key, strict=True)), **figures))
            for key, sums in sum_years(months).items():
                known = session.get(OriginYear, key)
                if known is None:
                    session.add(OriginYear(**dict(zip(YEAR_KEY, key, strict=True)), **sums))
                else:
                    for name, tonnes in sums.items():
                        setattr(known, name, getattr(known, name) + tonnes)
            session.commit()


def declare(
    database: Database, member: Member, site: UUID, month: str, material: str = "phosphogypsum", **values: UUID | str
) -> None:
    """Store a declaration of a month: the current one, posted in time, unless `values` say otherwise."""
    with database.write() as session:
        session.add(
            Declaration(
                organisation_id=UUID(member.id),
                site_id=site,
                material=material,
                month=month,
                generated_t=Decimal(1),
                **values,
            )
        )
        session.commit()


def worked_case(books: Books, origin: UUID, place: UUID, year: int = 2025) -> None:
    """Write the worked case of the public API: a producer's opening stock, loads, own use, and a recycler's use."""
    january, february = f"{year}-01", f"{year}-02"
    storage, transit, received = Account.STORAGE, Account.IN_TRANSIT, Account.RECEIVED
    there: dict[str, Any] = {"source": place, "target": place, "use": "cement_retarder", "verified": True}
    books.move(january, Kind.OPENING, (Account.OPENING, storage), 100, origin=origin, stock_year=year - 1)
    books.move(january, Kind.DECLARATION, (Account.GENERATION, storage), 50, origin=origin)
    books.move(january, Kind.DISPATCH, (storage, transit), 40, origin=origin)
    books.move(january, Kind.RECEIPT, (transit, received), 30, origin=origin, target=place)
    books.move(january, Kind.UTILISATION, (received, Account.UTILISED), 12, origin=origin, **there)
    books.move(february, Kind.DECLARATION, (Account.GENERATION, storage), 20, origin=origin)
    own_use = (storage, Account.SELF_UTILISED)
    books.move(february, Kind.DECLARATION, own_use, 15, origin=origin, stock_year=year - 1)
    books.move(february, Kind.DECLARATION, own_use, 10, origin=origin)
    books.move(february, Kind.RECEIPT, (transit, received), 10, origin=origin, target=place)
    books.move(february, Kind.UTILISATION, (received, Account.UTILISED), 28, origin=origin, **there)
    books.write()


def ask(member: Member, first: str, last: str, **params: Any) -> Any:  # noqa: ANN401 - JSON
    """Return the utilisation statistics as a member sees them."""
    return member.get("/statistics/utilisation", **{"from": first, "to": last}, **params)


def figures(row: Body, *names: str) -> list[Any]:
    """Return some figures of a row."""
    return [row[name] for name in names]
