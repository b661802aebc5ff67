"""What saved searches cost who posts a lot, and how soon they are told by the server's own worker; over HTTP."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from app.auth.actor import Role
from app.core.clock import today
from app.core.database import Database
from app.core.settings import Settings
from app.organisations.models import OrganisationStatus
from app.organisations.service import enrol
from benchmarks.client import Client, connect
from benchmarks.figures import Clock, Row, at_most, calmest
from benchmarks.servers import describe_engine, fresh_database, load_average, serve

SEARCHES = 20
_LOTS, _WARM_UP, _WAITS = 200, 20, 10
#: Two gates of one producer: nobody searches around the first.
_PLACES = {"none": (43.8, 87.6), "searched": (29.8, 107.1)}
_POLL_SECONDS, _PATIENCE_SECONDS = 0.02, 30
_RESULTS = {"caso4_2h2o": 91.2, "soluble_p2o5": 0.12, "moisture": 12.5, "ph": 6.5}


def measure(engine: str) -> Iterator[Row]:
    """Yield the rows of one engine."""
    with fresh_database(engine) as url:
        name = describe_engine(url)
        producer, searcher = (_enrol(url, role) for role in (Role.PRODUCER, Role.RECYCLER))
        with serve(url) as served:
            # Two pairs of connections: the server closes idle ones, and nothing is posted twice.
            with connect(served.address, producer) as post, connect(served.address, searcher) as look:
                sites = {place: _make_site(post, position) for place, position in _PLACES.items()}
                for number in range(SEARCHES):
                    look.post("/v1/saved-searches", {"name": f"search {number}", "filters": _filters(number)})
                yield _ratio(post, sites, name)
            with connect(served.address, producer) as post, connect(served.address, searcher) as look:
                yield _delay(post, look, sites["searched"], name)


def _ratio(post: Client, sites: dict[str, str], name: str) -> Row:
    clock, load = calmest(partial(_post_lots, post, sites))
    none, searched = clock.series("none"), clock.series("searched")
    ratio = searched.median / none.median
    remark = f"median {searched.median:.1f} ms against {none.median:.1f} ms without; p95 {searched.p95:.1f} ms"
    measured = f"posting a lot with {SEARCHES} saved searches in reach, over posting with none"
    return Row(measured, name, ratio, "×", load, at_most(ratio, 1.2), remark)


def _delay(post: Client, look: Client, site: str, name: str) -> Row:
    slowest = max(_wait_for_match(post, look, site) for _ in range(_WAITS))
    measured = f"… until all {SEARCHES} are told, slowest of {_WAITS}"
    return Row(measured, name, slowest, "s", load_average(), at_most(slowest, 5))


def _enrol(url: str, role: Role) -> str:
    database = Database(url)
    pepper = Settings(_env_file=None).secret.get_secret_value().encode()
    with database.write() as session:
        _, key = enrol(session, [role], pepper, name=f"a {role}", status=OrganisationStatus.ACTIVE)
        session.commit()
    database.dispose()
    return key


def _make_site(http: Client, position: tuple[float, float]) -> str:
    latitude, longitude = position
    site: str = http.post("/v1/sites", {"name": "gate", "latitude": latitude, "longitude": longitude})["id"]
    return site


def _filters(number: int) -> dict[str, Any]:
    """Return a search around the second gate; each has a place and limits of its own, and all are met."""
    latitude, longitude = _PLACES["searched"]
    return {
        "material": ["phosphogypsum"],
        "near": f"{latitude + number / 50},{longitude}",
        "within_km": 300,
        "spec": [f"caso4_2h2o>={70 + number}", "soluble_p2o5<=0.2", "moisture<=20"],
        "max_delivered_cny_per_t": 200,
    }


def _lot(site: str) -> dict[str, Any]:
    day = today()
    results = [{"parameter": parameter, "value": value} for parameter, value in _RESULTS.items()]
    return {
        "site_id": site,
        "material": "phosphogypsum",
        "quantity_t": 1000,
        "available_from": str(day),
        "available_to": str(day + timedelta(days=90)),
        "price_cny_per_t": -15,
        "assay": {"sampled_on": str(day), "results": results},
    }


def _post_lots(post: Client, sites: dict[str, str]) -> Clock:
    """Post to both gates in turn, while the worker tells of what was posted before."""
    clock = Clock()
    for number in range(-_WARM_UP, _LOTS):
        for place, site in sites.items():
            clock.time(place if number >= 0 else "warm-up", partial(post.post, "/v1/lots", _lot(site)))
    return clock


def _wait_for_match(post: Client, look: Client, site: str) -> float:
    """Return the seconds from the answer to a posted lot until every search was told of it."""
    after, told = _end_of_feed(look), 0
    lot = post.post("/v1/lots", _lot(site))
    begun = time.perf_counter()
    while told < SEARCHES:
        if time.perf_counter() - begun > _PATIENCE_SECONDS:
            raise RuntimeError(f"{told} of {SEARCHES} searches were told within {_PATIENCE_SECONDS} s")
        items, after = _read_feed(look, after)
        told += sum(item["type"] == "match.found" and item["data"]["lot_id"] == lot["id"] for item in items)
        if not items:
            time.sleep(_POLL_SECONDS)
    return time.perf_counter() - begun


def _end_of_feed(look: Client) -> str:
    items, after = _read_feed(look, None)
    while items:
        items, after = _read_feed(look, after)
    return after


def _read_feed(look: Client, after: str | None) -> tuple[list[Any], str]:
    page = json.loads(look.get("/v1/events", {"limit": 100} | ({} if after is None else {"after": after})))
    return page["items"], page["next_cursor"]
