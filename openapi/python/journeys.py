"""Three journeys through the generated client: a producer sells, a recycler uses, an authority reads the rate.

Needs the address of a server and two keys, as `swx keys issue` prints them:
SWX_ADDRESS, SWX_OPERATOR_KEY, SWX_AUTHORITY_KEY. Tests play it; docs/clients.md tells how to.
"""

import os
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from exchange_client import AuthenticatedClient, Client
from exchange_client.api.agreements import accept_agreement, post_agreement
from exchange_client.api.demands import post_demand
from exchange_client.api.lots import get_lot, post_lot
from exchange_client.api.matching import get_demand_matches, get_lot_matches
from exchange_client.api.organisations import approve_organisation, post_organisation
from exchange_client.api.shipments import post_receipt, post_shipment
from exchange_client.api.sites import post_site
from exchange_client.api.statistics import get_utilisation_statistics
from exchange_client.api.utilisations import post_utilisation
from exchange_client.models import (
    AgreementPost,
    AssayPost,
    DemandPost,
    DemandRead,
    LotPost,
    LotRead,
    OrganisationPost,
    OrganisationPostRolesItem,
    Origin,
    Problem,
    ReceiptPost,
    ResultPost,
    ShipmentPost,
    SitePost,
    UtilisationPost,
)

T = TypeVar("T")
NOW = datetime.now(UTC)
TODAY = NOW.astimezone(ZoneInfo("Asia/Shanghai")).date()
HALF_A_KILOGRAM = 0.0005
YESTERDAY, NEXT_YEAR = TODAY - timedelta(days=1), TODAY + timedelta(days=365)


class Refused(Exception):
    """The exchange said no, and why."""


def told(answer: T | Problem | None) -> T:
    """Return what was asked for; a problem is raised with its code and its faults."""
    if isinstance(answer, Problem):
        raise Refused(f"{answer.status} {answer.code}: {answer.detail}")
    if answer is None:
        raise Refused("an answer that the document does not name")
    return answer


def join(address: str, operator: AuthenticatedClient, name: str, credit_code: str, role: str) -> AuthenticatedClient:
    """Sign an organisation up, have the operator approve it, and return its client."""
    wish = OrganisationPost(
        name=name,
        credit_code=credit_code,
        roles=[OrganisationPostRolesItem(role)],
        contact_email="office@example.com",
    )
    made = told(post_organisation.sync(client=Client(base_url=address), body=wish))
    told(approve_organisation.sync(made.id, client=operator))
    return AuthenticatedClient(base_url=address, token=made.api_key)


def open_site(client: AuthenticatedClient, name: str, latitude: float, longitude: float, district: str) -> UUID:
    """Register a site and return its id."""
    site = SitePost(name=name, latitude=latitude, longitude=longitude, district_code=district)
    return told(post_site.sync(client=client, body=site)).id


def offer(producer: AuthenticatedClient) -> LotRead:
    """First journey: the producer posts a lot with its assay and reads it back."""
    assay = AssayPost(
        sampled_on=YESTERDAY,
        laboratory="渝检建材实验室",
        results=[
            ResultPost(parameter="caso4_2h2o", value=90.4, unit="%", basis="dry"),
            ResultPost(parameter="moisture", value="12.5"),
            ResultPost(parameter="soluble_p2o5", value=1500, unit="mg/kg"),
        ],
    )
    lot = LotPost(
        site_id=open_site(producer, "长寿一号门", 29.83615, 107.07041, "500115"),
        material="phosphogypsum",
        quantity_t=12000,
        min_order_t=None,  # a field that may be left out may be null as well
        available_from=YESTERDAY,
        available_to=NEXT_YEAR,
        price_cny_per_t="-15.50",  # exact, as text
        origin=Origin(process="dihydrate"),
        assay=assay,
    )
    posted = told(post_lot.sync(client=producer, body=lot))
    return told(get_lot.sync(posted.id, client=producer))


def need(recycler: AuthenticatedClient) -> DemandRead:
    """Say what the recycler needs."""
    demand = DemandPost(
        site_id=open_site(recycler, "涪陵水泥厂", 29.70613, 107.39028, "500102"),
        use="cement_retarder",
        materials=["phosphogypsum"],
        quantity_t=5000,
        needed_from=YESTERDAY,
        needed_to=NEXT_YEAR,
    )
    return told(post_demand.sync(client=recycler, body=demand))


def find(recycler: AuthenticatedClient, producer: AuthenticatedClient, demand: DemandRead, lot: LotRead) -> None:
    """Second journey, first half: recycler and producer each find the other."""
    matches = told(get_demand_matches.sync(demand.id, client=recycler)).items
    (match,) = [match for match in matches if match.lot.id == lot.id]
    takers = told(get_lot_matches.sync(lot.id, client=producer)).items
    if demand.id not in {taker.demand.id for taker in takers}:
        raise Refused("the producer does not see the demand that sees its lot")
    print(f"found: {match.verdict}, {match.distance_km} km, {match.delivered_cny_per_t} CNY/t delivered")


def trade(recycler: AuthenticatedClient, producer: AuthenticatedClient, demand: DemandRead, lot: LotRead) -> None:
    """Second journey, second half: agree, ship, receive, use."""
    terms = AgreementPost(
        lot_id=lot.id,
        demand_id=demand.id,
        quantity_t=500,
        price_cny_per_t=-15.5,
        starts_on=YESTERDAY,
        ends_on=NEXT_YEAR,
    )
    proposal = told(post_agreement.sync(client=recycler, body=terms))
    agreement = told(accept_agreement.sync(proposal.id, client=producer, if_match=f'"{proposal.version}"'))
    left, arrived = NOW - timedelta(minutes=50), NOW - timedelta(minutes=5)
    ticket = ShipmentPost(ticket_no="CS-0001", vehicle_plate="渝A12345", dispatched_at=left, gross_t=48.32, tare_t=15.1)
    load = told(post_shipment.sync(agreement.id, client=producer, body=ticket))
    receipt = ReceiptPost(received_at=arrived, net_t=33.2)
    received = told(post_receipt.sync(load.id, client=recycler, body=receipt))
    print(f"received: {received.status}, {received.accepted_t} t of {received.net_t} t")
    use = UtilisationPost(
        site_id=demand.site.id,
        material="phosphogypsum",
        utilised_on=arrived.astimezone(ZoneInfo("Asia/Shanghai")).date(),
        quantity_t=30,
        use="cement_retarder",
        batch_no="B-0001",
        shipment_ids=[load.id],
    )
    print(f"used: {told(post_utilisation.sync(client=recycler, body=use)).quantity_t} t")


def read_rate(authority: AuthenticatedClient) -> None:
    """Third journey: the authority reads the rate; the mass of every row balances."""
    asked = get_utilisation_statistics.sync(
        client=authority, from_=f"{YESTERDAY:%Y-%m}", to=f"{TODAY:%Y-%m}", district="50", group_by="material"
    )
    answer = told(asked)
    for row in [*answer.items, answer.total]:
        used = (row.utilised_t or 0) - (row.utilised_from_prior_t or 0)
        disposed = (row.disposed_t or 0) - (row.disposed_from_prior_t or 0)
        left = used + (row.stored_t or 0) + disposed + (row.discarded_t or 0)
        if abs(left - (row.generated_t or 0)) > HALF_A_KILOGRAM:
            raise Refused(f"the mass of {row.material} does not balance")
    print(f"rate: {answer.total.rate_pct} % of {answer.total.generated_t} t")


def main() -> None:
    """Play the three journeys; what goes wrong is raised."""
    address = os.environ["SWX_ADDRESS"]
    operator = AuthenticatedClient(base_url=address, token=os.environ["SWX_OPERATOR_KEY"])
    authority = AuthenticatedClient(base_url=address, token=os.environ["SWX_AUTHORITY_KEY"])
    producer = join(address, operator, "长寿化工", "91110000600037341L", "producer")
    recycler = join(address, operator, "涪陵建材", "91310000607378850M", "recycler")
    lot = offer(producer)
    print(f"offered: {lot.available_t} t of {lot.material} at {lot.price_cny_per_t} CNY/t, {lot.status}")
    demand = need(recycler)
    find(recycler, producer, demand, lot)
    trade(recycler, producer, demand, lot)
    read_rate(authority)
    try:
        told(get_lot.sync(UUID(int=0), client=producer))
    except Refused as refused:
        print(f"refused: {refused}")


if __name__ == "__main__":
    main()
