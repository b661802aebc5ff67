"""Loads the sample market through the services that the API calls: members, lots and demands, then what happened."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from app.auth.actor import Actor, Role
from app.core.database import Database
from app.demands.schemas import Criterion, DemandPost
from app.demands.service import post_demand
from app.ledger.declarations import declare_first
from app.ledger.opening_stocks import record_opening_stock
from app.ledger.schemas import DeclarationPost, OpeningStockPost
from app.lots.schemas import AssayPost, LotPost, Origin, ResultPost
from app.lots.service import post_lot
from app.organisations.schemas import SitePost
from app.organisations.service import register_site
from app.samples.happenings import Placed, deal_happenings, exchanged_by_month
from app.samples.journeys import Cast
from app.samples.market import Consumer, Gate, Market, Need, Producer, Stream, make_market
from app.samples.members import Member, enrol_member
from app.samples.trade import Deal, declare_stream, make_deals, opening_t, past_months

Advance = Callable[[int], None]

_LABORATORY = "渝检建材实验室 Yujian Materials Laboratory"
_OFFER_DAYS, _NEED_DAYS, _ASSAY_DAYS = 240, 365, 20
#: Works whose keys the demo prints: a phosphate plant and a maker of cement retarder of one district.
_PRODUCER, _RECYCLER = "Phosphate", "Retarder"


@dataclass(frozen=True)
class Plan:
    """A market with its deals, and the months that it has behind it."""

    market: Market
    deals: tuple[Deal, ...]
    months: tuple[str, ...]
    today: date

    @property
    def steps(self) -> int:
        """How many steps the loading reports."""
        members = len(self.market.producers) + len(self.market.consumers)
        streams = sum(len(producer.streams) for producer in self.market.producers)
        return members + sum(len(deal.loads) for deal in self.deals) + streams


def plan_market(today: date, months: int) -> Plan:
    """Return the market of a day, with `months` of history."""
    market = make_market()
    past = past_months(today, months)
    return Plan(market, tuple(make_deals(market, past, today)), tuple(past), today)


def load_market(database: Database, plan: Plan, pepper: bytes, advance: Advance) -> Cast:
    """Store all of a plan in a few big transactions and return who plays the journeys."""
    cast, placed = Cast({}, {}), Placed()
    with database.write() as session:
        _enrol_authorities(session, pepper, cast)
        for producer in plan.market.producers:
            _settle_producer(session, producer, plan, pepper, placed, cast)
            advance(1)
        for consumer in plan.market.consumers:
            _settle_consumer(session, consumer, plan, pepper, placed, cast)
            advance(1)
        session.commit()
    for happenings in deal_happenings(plan.deals, placed, plan.today):
        with database.write() as session:
            for happening in happenings:
                happening.act(session)
                advance(happening.steps)
            session.commit()
    with database.write() as session:
        declare_first(session, _declarations(plan, placed))
        session.commit()
    advance(len(placed.streams))
    return cast


def _enrol_authorities(session: Session, pepper: bytes, cast: Cast) -> None:
    bureau = "重庆市生态环境局（演示） Chongqing Ecology and Environment Bureau (demo)"
    for role, name, jurisdiction in (
        (Role.GOVERNMENT, bureau, "50"),
        (Role.OPERATOR, "平台运营方（演示） Operator (demo)", None),
    ):
        _cast(cast, role, name, enrol_member(session, role, name, pepper, jurisdiction))


def _cast(cast: Cast, role: Role, name: str, member: Member) -> None:
    cast.keys[role], cast.names[role] = member.key_text, name


def _settle_producer(
    session: Session, producer: Producer, plan: Plan, pepper: bytes, placed: Placed, cast: Cast
) -> None:
    member = enrol_member(session, Role.PRODUCER, producer.name, pepper)
    site_id = _register(session, member.actor, producer.gate)
    for stream in producer.streams:
        placed.streams[id(stream)] = (member.actor, site_id)
        post_lot(session, member.actor, _offer(site_id, stream, plan.today))
        old_t = opening_t(stream)
        if old_t:
            year = int(plan.months[0][:4]) - 1
            opening = OpeningStockPost(site_id=site_id, material=stream.material, stock_year=year, stored_t=old_t)
            record_opening_stock(session, member.actor, opening)
    if cast.producer_site_id is None and producer.name_en.endswith(_PRODUCER):
        _cast(cast, Role.PRODUCER, f"{producer.name} {producer.name_en}", member)
        cast.producer_site_id = site_id


def _settle_consumer(
    session: Session, consumer: Consumer, plan: Plan, pepper: bytes, placed: Placed, cast: Cast
) -> None:
    member = enrol_member(session, Role.RECYCLER, consumer.name, pepper)
    site_id = _register(session, member.actor, consumer.gate)
    for need in consumer.needs:
        demand = post_demand(session, member.actor, _demand(site_id, need, plan.today))
        placed.needs[id(need)] = (member.actor, site_id, demand.id)
        if cast.demand_id is None and consumer.name_en.endswith(_RECYCLER):
            _cast(cast, Role.RECYCLER, f"{consumer.name} {consumer.name_en}", member)
            cast.demand_id = demand.id


def _register(session: Session, actor: Actor, gate: Gate) -> UUID:
    wish = SitePost(name=gate.name, latitude=gate.latitude, longitude=gate.longitude, district_code=gate.district)
    return register_site(session, actor, wish).id


def _offer(site_id: UUID, stream: Stream, today: date) -> LotPost:
    return LotPost(
        site_id=site_id,
        material=stream.material,
        quantity_t=stream.on_offer_t,
        min_order_t=stream.min_order_t,
        available_from=today,
        available_to=today + timedelta(days=_OFFER_DAYS),
        price_cny_per_t=stream.price_cny_per_t,
        origin=Origin(process=stream.origin),
        assay=AssayPost(
            sampled_on=today - timedelta(days=_ASSAY_DAYS),
            laboratory=_LABORATORY,
            results=[ResultPost(**vars(result)) for result in stream.assay],
        ),
    )


def _demand(site_id: UUID, need: Need, today: date) -> DemandPost:
    kind = need.kind
    most = kind.max_delivered_cny_per_t
    return DemandPost(
        site_id=site_id,
        use=kind.use,
        materials=list(kind.materials),
        criteria=[
            Criterion(
                parameter=parameter,
                min=None if low is None else Decimal(low),
                max=None if high is None else Decimal(high),
            )
            for parameter, low, high in kind.limits
        ],
        quantity_t=need.quantity_t,
        needed_from=today,
        needed_to=today + timedelta(days=_NEED_DAYS),
        max_distance_km=kind.max_distance_km,
        max_delivered_cny_per_t=None if most is None else Decimal(most),
    )


def _declarations(plan: Plan, placed: Placed) -> list[tuple[Actor, DeclarationPost]]:
    wishes = []
    for producer in plan.market.producers:
        for stream in producer.streams:
            actor, site_id = placed.streams[id(stream)]
            exchanged_t = exchanged_by_month(plan.deals, stream)
            wishes += [
                (actor, DeclarationPost(site_id=site_id, material=stream.material, **vars(declared)))
                for declared in declare_stream(stream, plan.months, exchanged_t)
            ]
    return wishes
