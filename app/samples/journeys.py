"""The three journeys of the demo, over HTTP alone: post a lot, find what serves a need, read the utilisation rate."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx2

from app.auth.actor import Role

Json = dict[str, Any]

_SECONDS = 30
_MOST_MATCHES = 10
_LAST_MONTHS = 12
_TOLERANCE_T = Decimal("0.001")
#: The official statement of mass: G = (U - Up) + S + (D - Dp) + W.
_PARTS = (
    ("utilised_t", 1),
    ("utilised_from_prior_t", -1),
    ("stored_t", 1),
    ("disposed_t", 1),
    ("disposed_from_prior_t", -1),
    ("discarded_t", 1),
)


class JourneyFailed(Exception):
    """A journey did not go as it must; the message says what was answered."""


@dataclass
class Cast:
    """Who plays the journeys: keys and names by role, and what they act on."""

    keys: dict[Role, str]
    names: dict[Role, str]
    producer_site_id: UUID | None = None
    demand_id: UUID | None = None


@dataclass(frozen=True)
class Service:
    """A running exchange and those who call it."""

    address: str
    cast: Cast

    def call(self, role: Role, method: str, path: str, status: int, **options: Any) -> Json:  # noqa: ANN401 - JSON
        """Return the JSON of an answer; raises JourneyFailed for another status than `status`."""
        headers = {"Authorization": f"Bearer {self.cast.keys[role]}"}
        # What is asked of this machine goes through no proxy.
        with httpx2.Client(base_url=self.address, timeout=_SECONDS, trust_env=False) as client:
            answer = client.request(method, path, headers=headers, **options)
        if answer.status_code != status:
            raise JourneyFailed(f"{method} {path} answered {answer.status_code}, not {status}: {answer.text[:500]}")
        found: Json = answer.json()
        return found


def post_a_lot(service: Service, today: date) -> Json:
    """Post a lot of phosphogypsum as the producer and return it as it reads back."""
    body = {
        "site_id": str(service.cast.producer_site_id),
        "material": "phosphogypsum",
        "quantity_t": 12000,
        "min_order_t": 500,
        "available_from": today.isoformat(),
        "available_to": (today + timedelta(days=180)).isoformat(),
        "price_cny_per_t": -15,
        "origin": {"process": "dihydrate"},
        "assay": {
            "sampled_on": (today - timedelta(days=3)).isoformat(),
            "laboratory": "渝检建材实验室 Yujian Materials Laboratory",
            "report_no": f"YJ-{today:%Y%m%d}-01",
            "results": [
                {"parameter": "caso4_2h2o", "value": 90.4, "unit": "%", "basis": "dry"},
                {"parameter": "moisture", "value": 12.5, "unit": "%"},
                {"parameter": "soluble_p2o5", "value": 1500, "unit": "mg/kg", "basis": "as_received"},
                {"parameter": "soluble_f", "value": 0.7, "unit": "g/kg"},
                {"parameter": "ph", "value": 6.2},
                {"parameter": "ira", "value": 0.31},
                {"parameter": "igamma", "value": 0.44},
            ],
        },
    }
    lot = service.call(Role.PRODUCER, "POST", "/v1/lots", 201, json=body)
    return service.call(Role.PRODUCER, "GET", f"/v1/lots/{lot['id']}", 200)


def find_takers(service: Service, lot: Json) -> list[Json]:
    """Return the demands that a lot can serve, nearest first."""
    path = f"/v1/lots/{lot['id']}/matches"
    takers: list[Json] = service.call(Role.PRODUCER, "GET", path, 200)["items"]
    return takers


def find_matches(service: Service, lot: Json) -> tuple[Json, list[Json]]:
    """Return the recycler's demand and the lots around it, near misses too; the lot just posted is among them."""
    path = f"/v1/demands/{service.cast.demand_id}"
    demand = service.call(Role.RECYCLER, "GET", path, 200)
    wanted = {"verdict": "pass,unknown,fail", "limit": _MOST_MATCHES}
    matches: list[Json] = service.call(Role.RECYCLER, "GET", f"{path}/matches", 200, params=wanted)["items"]
    if lot["id"] not in {match["lot"]["id"] for match in matches}:
        raise JourneyFailed(f"The lot {lot['id']} that was just posted is not among the matches of the demand.")
    return demand, matches


def read_rates(service: Service, months: Sequence[str]) -> Json:
    """Return the authority's statistics by stream over the last months; their mass must balance."""
    asked = _rates_of(months)
    answer = service.call(Role.GOVERNMENT, "GET", "/v1/statistics/utilisation", 200, params=asked)
    for row in [*answer["items"], answer["total"]]:
        parts = sum((sign * Decimal(str(row[name])) for name, sign in _PARTS), Decimal(0))
        if abs(parts - Decimal(str(row["generated_t"]))) > _TOLERANCE_T:
            raise JourneyFailed(f"The mass of {row.get('material', 'all streams')} does not balance: {row}")
    if answer["total"]["rate_pct"] is None:
        raise JourneyFailed("The statistics have no rate: nothing was generated in the period.")
    return answer


def _rates_of(months: Sequence[str]) -> dict[str, str]:
    period = months[-_LAST_MONTHS:]
    return {"from": period[0], "to": period[-1], "district": "50", "group_by": "material"}


def curl_lines(service: Service, lot: Json, months: Sequence[str]) -> list[tuple[str, str]]:
    """Return what to try, each with a line for the shell that works as it stands."""
    search = {
        "material": "fly_ash",
        "near": "29.56,106.55",
        "within_km": "150",
        "spec": "loi<=8",
        "sort": "delivered_price",
        "limit": "5",
    }
    return [
        (
            "The recycler searches fly ash around the city centre, cheapest delivered first",
            _curl(service, Role.RECYCLER, f"/v1/lots?{urlencode(search)}"),
        ),
        (
            "The producer asks who can take the lot of the first journey",
            _curl(service, Role.PRODUCER, f"/v1/lots/{lot['id']}/matches"),
        ),
        (
            "The authority reads the utilisation rate by stream",
            _curl(service, Role.GOVERNMENT, f"/v1/statistics/utilisation?{urlencode(_rates_of(months))}"),
        ),
        (
            "It asks how high the rate could go in the next twelve months (a computed bound), then reads the answer",
            _curl(service, Role.GOVERNMENT, "/v1/plans", {"district": "50", "months": 12}),
        ),
        ("", _curl(service, Role.GOVERNMENT, "/v1/plans?limit=1")),
    ]


def _curl(service: Service, role: Role, path: str, body: Json | None = None) -> str:
    key = shlex.quote(f"Authorization: Bearer {service.cast.keys[role]}")
    sent = "" if body is None else f"-H 'Content-Type: application/json' -d {shlex.quote(json.dumps(body))} "
    return f"curl -sS -H {key} {sent}'{service.address}{path}'"
