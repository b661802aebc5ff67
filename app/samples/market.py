"""The sample market of Chongqing: who is where, offers what and needs what; invented, the same for one seed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from app.catalogue.reference import reference
from app.catalogue.schemas import District, DistrictKind
from app.samples.assays import Result, draw_assay
from app.samples.fates import FATES
from app.samples.industries import (
    CONSUMER_KINDS,
    PRODUCER_KINDS,
    TRADE_NAMES,
    ConsumerKind,
    NeedKind,
    ProducerKind,
)

SEED = 20_250
_KM_A_DEGREE = 111.2
_NEAREST_KM, _FARTHEST_KM = 1.5, 9.0
_POSITION_DIGITS = 5
_ORDER_T = Decimal(200)
_COGENERATION = "热电"
#: Boilers that burn in a fluidised bed make an ash that the standard of fly ash leaves out.
_BED_ORIGIN = "circulating_fluidised_bed_boiler"


@dataclass(frozen=True)
class Gate:
    """A works gate near the seat of its district, WGS-84."""

    name: str
    district: str
    latitude: float
    longitude: float


@dataclass(frozen=True)
class Stream:
    """What a producer generates of one material, and the lot of it that is on offer."""

    material: str
    yearly_t: Decimal
    on_offer_t: Decimal
    min_order_t: Decimal
    price_cny_per_t: Decimal
    origin: str
    assay: tuple[Result, ...]


@dataclass(frozen=True)
class Producer:
    """An organisation that generates waste at one gate."""

    name: str
    name_en: str
    gate: Gate
    streams: tuple[Stream, ...]


@dataclass(frozen=True)
class Need:
    """A standing need of a consumer."""

    kind: NeedKind
    quantity_t: Decimal


@dataclass(frozen=True)
class Consumer:
    """An organisation that uses waste at one gate."""

    name: str
    name_en: str
    gate: Gate
    needs: tuple[Need, ...]


@dataclass(frozen=True)
class Market:
    """Who is in the market."""

    producers: tuple[Producer, ...]
    consumers: tuple[Consumer, ...]


def make_market(seed: int = SEED) -> Market:
    """Return the market; each kind of works draws its own numbers, so that changing one leaves the others."""
    producers = [producer for kind in PRODUCER_KINDS for producer in _producers(kind, seed)]
    consumers = [consumer for kind in CONSUMER_KINDS for consumer in _consumers(kind, seed)]
    return Market(tuple(producers), tuple(consumers))


def _producers(kind: ProducerKind, seed: int) -> Iterator[Producer]:
    random = _random(seed, "producer", kind.name_en)
    for name, name_en, gate in _works(kind, random):
        streams = tuple(
            _stream(material, kt, is_bed=kind.name_zh == _COGENERATION, random=random)
            for material, kt in kind.yields_kt.items()
        )
        yield Producer(name, name_en, gate, streams)


def _consumers(kind: ConsumerKind, seed: int) -> Iterator[Consumer]:
    random = _random(seed, "consumer", kind.name_en)
    for name, name_en, gate in _works(kind, random):
        needs = tuple(Need(need, _tonnes(random.uniform(*need.quantity_kt))) for need in kind.needs)
        yield Consumer(name, name_en, gate, needs)


def _random(seed: int, *names: str) -> Random:
    return Random("/".join([str(seed), *names]))  # noqa: S311 - a market, not a secret


def _works(kind: ProducerKind | ConsumerKind, random: Random) -> Iterator[tuple[str, str, Gate]]:
    """Yield name, English name and gate of each works of a kind; no two of a kind share a trade name."""
    for key, (trade, trade_en) in zip(kind.districts, random.sample(TRADE_NAMES, len(kind.districts)), strict=True):
        district = reference().districts[key]
        short, short_en = _short_names(district)
        name_en = f"{short_en} {trade_en} {kind.name_en}"
        yield f"重庆{short}{trade}{kind.name_zh}有限公司", name_en, _gate(f"{name_en}, gate 1", district, random)


def _short_names(district: District) -> tuple[str, str]:
    """Return a district's name without what kind of unit it is."""
    english = district.name_en.split(" ", maxsplit=1)[0]
    if district.kind in {DistrictKind.AUTONOMOUS_COUNTY, DistrictKind.DEVELOPMENT_ZONE}:
        return district.name_zh[:2], english
    short = district.name_zh.removesuffix("区").removesuffix("县")
    # A name of two characters keeps its kind: 忠县.
    return (short if len(short) > 1 else district.name_zh), english


def _gate(name: str, district: District, random: Random) -> Gate:
    km, angle = random.uniform(_NEAREST_KM, _FARTHEST_KM), random.uniform(0, 2 * math.pi)
    latitude = district.latitude + km * math.sin(angle) / _KM_A_DEGREE
    longitude = district.longitude + km * math.cos(angle) / (_KM_A_DEGREE * math.cos(math.radians(latitude)))
    return Gate(name, district.key, round(latitude, _POSITION_DIGITS), round(longitude, _POSITION_DIGITS))


def _stream(material: str, kt: tuple[float, float], *, is_bed: bool, random: Random) -> Stream:
    fate = FATES[material]
    yearly_t = _tonnes(random.uniform(*kt))
    months_on_offer = Decimal(random.randint(2, 8)) / 2
    low, high = fate.price_cny_per_t
    origin = random.choice(fate.origins)
    return Stream(
        material=material,
        yearly_t=yearly_t,
        on_offer_t=(yearly_t / 12 * months_on_offer) // 100 * 100,
        min_order_t=min(_ORDER_T, yearly_t // 1000 * 10),
        price_cny_per_t=Decimal(random.randint(low * 2, high * 2)) / 2,
        origin=_BED_ORIGIN if is_bed and material == "fly_ash" else origin,
        assay=draw_assay(material, random),
    )


def _tonnes(kt: float) -> Decimal:
    return Decimal(round(kt * 10)) * 100
