"""What the sample market has done: deals, their loads, and what the producers declared month by month; invented."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import numpy as np

from app.core.clock import first_day, month_of
from app.core.geo import distances_km
from app.core.quantities import KILOGRAM, ZERO, half_up
from app.exchange.weights import divide
from app.samples.fates import FATES
from app.samples.industries import LOADS_T, QUAYS, STATIONS
from app.samples.market import SEED, Consumer, Gate, Market, Need, Producer, Stream

_BULK_DEALS, _ROAD_DEALS = 31, 6
_LOADS_A_MONTH = {"barge": 1, "rail": 1, "road": 2}
#: Of what a stream yields for use in a month, at most this share goes over the exchange.
_MOST_EXCHANGED = 0.5
_HOURS: Mapping[str, tuple[int, int]] = {"road": (2, 7), "rail": (18, 40), "barge": (24, 66)}
_DISPUTED, _REFUSED, _PARTLY_REFUSED = 0.012, 0.006, 0.035
_SEASON = (1.02, 0.86, 0.99, 1.0, 1.01, 0.98, 1.05, 1.07, 1.0, 0.97, 1.0, 1.05)
_REASONS = ("含水率超出合同约定 moisture above what was agreed", "混有杂物 foreign matter", "结块 caked")
_STEP_T = Decimal("0.02")


@dataclass(frozen=True)
class Load:
    """One load with both its weighings; `refused_t` is part of what was received."""

    dispatched_at: datetime
    net_t: Decimal
    received_at: datetime
    received_t: Decimal
    refused_t: Decimal
    reason: str | None

    @property
    def taken_in_t(self) -> Decimal:
        """What the consumer can use of it."""
        return divide(self.net_t, self.received_t - self.refused_t, self.refused_t).taken_in_t


@dataclass(frozen=True)
class Deal:
    """A stream that goes to a need, load by load."""

    producer: Producer
    stream: Stream
    consumer: Consumer
    need: Need
    mode: str
    loads: tuple[Load, ...]


@dataclass(frozen=True)
class Declared:
    """A month of a stream: tonnes generated, used by oneself, used by others off the exchange, disposed of."""

    month: str
    generated_t: Decimal
    self_utilised_t: Decimal
    entrusted_utilised_t: Decimal
    entrusted_utilised_from_prior_t: Decimal
    disposed_t: Decimal


@dataclass(frozen=True)
class Route:
    """A stream that could go to a need."""

    distance_km: float
    producer: Producer
    stream: Stream
    consumer: Consumer
    need: Need

    @property
    def mode(self) -> str:
        """How it would go: by water between quays, by rail between stations, else by road."""
        ends = {self.producer.gate.district, self.consumer.gate.district}
        most_t = float(self.stream.yearly_t) / 12 * FATES[self.stream.material].used * _MOST_EXCHANGED
        for mode, stops in (("barge", QUAYS), ("rail", QUAYS | STATIONS)):
            if ends <= stops and most_t > LOADS_T[mode][1]:
                return mode
        return "road"


def past_months(today: date, count: int) -> list[str]:
    """Return the `count` months before the present one, oldest first."""
    start = today.year * 12 + today.month - 1 - count
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(start, start + count)]


def make_deals(market: Market, months: Sequence[str], today: date, seed: int = SEED) -> list[Deal]:
    """Return the deals of some months and of the days since, up to yesterday."""
    deals = []
    for number, route in enumerate(_choose_routes(market)):
        random = Random(f"{seed}/deal/{number}")  # noqa: S311 - a market, not a secret
        loads = tuple(load for month in [*months, month_of(today)] for load in _loads(route, month, today, random))
        deals.append(Deal(route.producer, route.stream, route.consumer, route.need, route.mode, loads))
    return deals


def declare_stream(stream: Stream, months: Sequence[str], exchanged_t: Mapping[str, Decimal]) -> Iterator[Declared]:
    """Yield what a producer declares: what is used and does not go over the exchange goes elsewhere."""
    fate = FATES[stream.material]
    random = Random(f"{stream.yearly_t}/{stream.material}")  # noqa: S311 - a market, not a secret
    for month in months:
        season = _SEASON[int(month[5:]) - 1] * random.uniform(0.96, 1.04)
        generated = _whole(float(stream.yearly_t) / 12 * season)
        elsewhere = max(ZERO, _whole(float(generated) * fate.used) - exchanged_t.get(month, ZERO))
        own = _whole(float(elsewhere) * fate.own)
        prior = _whole(float(generated) * fate.prior)
        yield Declared(month, generated, own, elsewhere - own + prior, prior, _whole(float(generated) * fate.disposed))


def opening_t(stream: Stream) -> Decimal:
    """Return what a producer had stored when it began to declare."""
    return _whole(float(stream.yearly_t) * FATES[stream.material].old_stock_years)


def _choose_routes(market: Market) -> list[Route]:
    """Take each material's shortest routes in turn, one for each need, as long as there are deals to make."""
    waiting: dict[str, list[Route]] = defaultdict(list)
    for route in sorted(_find_routes(market), key=lambda route: route.distance_km):
        waiting[route.stream.material].append(route)
    places = {"bulk": _BULK_DEALS, "road": _ROAD_DEALS}
    chosen: list[Route] = []
    served: set[int] = set()
    busy: set[int] = set()
    while any(waiting.values()) and any(places.values()):
        for routes in waiting.values():
            while routes:
                route = routes.pop(0)
                kind = "road" if route.mode == "road" else "bulk"
                if id(route.need) not in served and id(route.stream) not in busy and places[kind]:
                    places[kind] -= 1
                    served.add(id(route.need))
                    busy.add(id(route.stream))
                    chosen.append(route)
                    break
    return chosen


def _find_routes(market: Market) -> Iterator[Route]:
    gates = [producer.gate for producer in market.producers]
    latitudes = np.array([gate.latitude for gate in gates])
    longitudes = np.array([gate.longitude for gate in gates])
    for consumer in market.consumers:
        gate: Gate = consumer.gate
        km = distances_km(gate.latitude, gate.longitude, latitudes, longitudes)
        for producer, distance_km in zip(market.producers, km.tolist(), strict=True):
            for need in consumer.needs:
                for stream in producer.streams:
                    if stream.material in need.kind.materials and distance_km <= need.kind.max_distance_km:
                        yield Route(distance_km, producer, stream, consumer, need)


def _loads(route: Route, month: str, today: date, random: Random) -> Iterator[Load]:
    mode = route.mode
    for _ in range(_LOADS_A_MONTH[mode]):
        day = first_day(month) + timedelta(days=random.randint(0, 26))
        load = _load(mode, day, random)
        if day < today:
            yield load


def _load(mode: str, day: date, random: Random) -> Load:
    """Return a load that leaves on a business day in the morning."""
    low, high = LOADS_T[mode]
    net = half_up(Decimal(random.uniform(low, high)), _STEP_T)
    dispatched_at = datetime(day.year, day.month, day.day, random.randint(0, 6), random.randint(0, 59), tzinfo=UTC)
    received_at = dispatched_at + timedelta(hours=random.randint(*_HOURS[mode]), minutes=random.randint(0, 59))
    chance, loss, part = random.random(), random.uniform(0.0, 0.0035), random.uniform(0.1, 0.4)
    reason = random.choice(_REASONS)
    if chance < _DISPUTED:
        loss = 0.008 + 4 * loss
    received = half_up(net * Decimal(1 - loss), _STEP_T)
    refused = ZERO
    if _DISPUTED <= chance < _DISPUTED + _REFUSED:
        refused = received
    elif _DISPUTED <= chance < _DISPUTED + _REFUSED + _PARTLY_REFUSED:
        refused = half_up(received * Decimal(part), _STEP_T)
    return Load(dispatched_at, net, received_at, received, refused, reason if refused else None)


def _whole(tonnes: float) -> Decimal:
    return half_up(Decimal(tonnes), Decimal(1)).quantize(KILOGRAM)
