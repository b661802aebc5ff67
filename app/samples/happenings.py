"""What happened in the sample market, in its order: agreements, loads, receipts, use; each through its service."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from itertools import groupby
from uuid import UUID

from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.core.clock import business_date, last_day, month_of, now
from app.core.quantities import KILOGRAM, ZERO, half_up
from app.demands.models import DemandId
from app.exchange.agreements import accept, complete, propose
from app.exchange.models import AgreementId, ShipmentId
from app.exchange.schemas import AgreementPost, ReceiptPost, ShipmentPost, UtilisationPost
from app.exchange.shipments import dispatch, receive
from app.exchange.utilisations import record
from app.lots.models import LotId
from app.lots.schemas import LotPost
from app.lots.service import lock_own_lot, post_lot, withdraw_lot
from app.samples.market import Stream
from app.samples.trade import Deal, Load

#: Of what was taken in during two months, this share is used early in the next; the rest stays in the yard.
_USED_SHARE = Decimal("0.96")
_USE_DAY = 6
#: The day of January on which the agreements of the year before are completed: nothing is on the way any more.
_WIND_UP_DAY = 20
#: An agreement of this year has this much more to come.
_STILL_TO_COME = Decimal("1.3")
_PLATES: Mapping[str, str] = {"road": "渝A{:05d}", "rail": "货列{:05d}次", "barge": "渝航货{:04d}"}
_PLATE_NUMBERS = 9000


@dataclass
class Placed:
    """Where the streams and needs of the market stand in the database, by their identity in memory."""

    streams: dict[int, tuple[Actor, UUID]] = field(default_factory=dict)
    needs: dict[int, tuple[Actor, UUID, DemandId]] = field(default_factory=dict)


@dataclass(frozen=True)
class Happening:
    """Something that a member did at an instant; `steps` is what it counts for in the progress."""

    at: datetime
    act: Callable[[Session], None]
    steps: int = 0


def deal_happenings(deals: Sequence[Deal], placed: Placed, today: date) -> Iterator[list[Happening]]:
    """Yield all happenings of some deals, a month at a time, in order; each list is one transaction's worth."""
    found = [
        happening
        for number, deal in enumerate(deals, start=1)
        for happening in _Trading(number, deal, placed, today).all()
    ]
    found.sort(key=lambda happening: happening.at)
    for _, happenings in groupby(found, key=lambda happening: month_of(business_date(happening.at))):
        yield list(happenings)


def exchanged_by_month(deals: Sequence[Deal], stream: Stream) -> dict[str, Decimal]:
    """Return what left over the exchange by month of dispatch; what comes back refused is sent again later."""
    totals: dict[str, Decimal] = {}
    for deal in deals:
        for load in deal.loads if deal.stream is stream else ():
            month = month_of(business_date(load.dispatched_at))
            totals[month] = totals.get(month, ZERO) + load.net_t
    return totals


class _Trading:
    """One deal as it goes: what its happenings need to know of each other."""

    def __init__(self, number: int, deal: Deal, placed: Placed, today: date) -> None:
        self.number, self.deal, self.today = number, deal, today
        self.producer, self.origin_id = placed.streams[id(deal.stream)]
        self.recycler, self.destination_id, self.demand_id = placed.needs[id(deal.need)]
        self.agreements: dict[int, AgreementId] = {}
        self.lots: dict[int, LotId] = {}
        self.shipments: dict[int, ShipmentId] = {}

    def all(self) -> Iterator[Happening]:
        """Yield what happens, in no order."""
        for year, group in groupby(self.deal.loads, lambda load: business_date(load.dispatched_at).year):
            loads = tuple(group)
            start = _small_hours(business_date(loads[0].dispatched_at).replace(day=1))
            yield Happening(start, partial(self.agree, year=year, loads=loads))
            if (end := _small_hours(date(year + 1, 1, _WIND_UP_DAY))) < now():
                yield Happening(end, partial(self.wind_up, year=year))
        for number, load in enumerate(self.deal.loads):
            yield Happening(load.dispatched_at, partial(self.send, number=number, load=load), 1)
            if load.received_at < now():
                yield Happening(load.received_at, partial(self.take, number=number, load=load))
        for day, group in groupby(self.deal.loads, _day_of_use):
            if day < self.today:
                yield Happening(_small_hours(day), partial(self.use, day=day, loads=tuple(group)))

    def agree(self, session: Session, year: int, loads: Sequence[Load]) -> None:
        """Offer a year's tonnes, propose them and have them accepted."""
        total = sum((load.net_t for load in loads), ZERO)
        quantity = half_up(total * (_STILL_TO_COME if year == self.today.year else 1), KILOGRAM)
        starts_on = business_date(loads[0].dispatched_at).replace(day=1)
        price = self.deal.stream.price_cny_per_t
        offer = LotPost(
            site_id=self.origin_id,
            material=self.deal.stream.material,
            quantity_t=quantity,
            available_from=starts_on,
            available_to=max(self.today, date(year, 12, 31)),
            price_cny_per_t=price,
        )
        lot = post_lot(session, self.producer, offer)
        wish = AgreementPost(
            lot_id=lot.id,
            demand_id=self.demand_id,
            quantity_t=quantity,
            price_cny_per_t=price,
            starts_on=starts_on,
            ends_on=date(year, 12, 31),
        )
        agreement = propose(session, self.producer, wish)
        accept(session, self.recycler, agreement.id)
        self.lots[year], self.agreements[year] = lot.id, agreement.id

    def wind_up(self, session: Session, year: int) -> None:
        """Complete the agreement of a year that is over; what was refused is no longer on offer."""
        complete(session, self.producer, self.agreements[year])
        withdraw_lot(session, self.producer, lock_own_lot(session, self.producer, self.lots[year]))

    def send(self, session: Session, number: int, load: Load) -> None:
        """Weigh a load and let it go."""
        day = business_date(load.dispatched_at)
        plate = _PLATES[self.deal.mode].format(1000 + (self.number * 37 + number * 11) % _PLATE_NUMBERS)
        ticket = ShipmentPost(
            ticket_no=f"{day:%Y%m%d}-{self.number:03d}-{number:03d}",
            vehicle_plate=plate,
            dispatched_at=load.dispatched_at,
            net_t=load.net_t,
            transport_mode=self.deal.mode,
        )
        self.shipments[number] = dispatch(session, self.producer, self.agreements[day.year], ticket).id

    def take(self, session: Session, number: int, load: Load) -> None:
        """Weigh a load again and take in what is not refused."""
        receipt = ReceiptPost(
            received_at=load.received_at, net_t=load.received_t, refused_t=load.refused_t, reason=load.reason
        )
        receive(session, self.recycler, self.shipments[number], receipt)

    def use(self, session: Session, day: date, loads: Sequence[Load]) -> None:
        """Record the use of two months' loads."""
        quantity = half_up(sum((load.taken_in_t for load in loads), ZERO) * _USED_SHARE, KILOGRAM)
        if not quantity:
            return
        wish = UtilisationPost(
            site_id=self.destination_id,
            material=self.deal.stream.material,
            utilised_on=day,
            quantity_t=quantity,
            use=self.deal.need.kind.use,
            batch_no=f"{day:%Y%m%d}-{self.number:03d}",
        )
        record(session, self.recycler, wish)


def _day_of_use(load: Load) -> date:
    """Return the day on which the tonnes of a load are used: early in the odd month that follows."""
    day = business_date(load.dispatched_at)
    return last_day(month_of(day.replace(month=day.month + day.month % 2))) + timedelta(days=_USE_DAY)


def _small_hours(day: date) -> datetime:
    """Return an instant before a business day's work begins."""
    return datetime.combine(day, time(), tzinfo=UTC) - timedelta(hours=6)
