"""A national market of lots and demands for plans, the same for one seed: five lots a site, one demand a site."""

import json
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import numpy as np

from app.catalogue.parameters import UsualLimit
from app.catalogue.reference import reference
from app.catalogue.schemas import Material
from app.core.clock import today
from app.core.database import new_id
from benchmarks.bulk import Loader
from benchmarks.market import CREATED, MATERIALS, ORGANISATION, SITE, Market, make_market

SEED = 20_252
LOTS_A_SITE = 5
#: Limits of distance, so that 20 000 lots and 4 000 demands have about half a million hauls.
_REACH_KM = (300, 820)
_DEMAND = (
    *("id", "organisation_id", "site_id", "use", "materials", "grade", "criteria", "quantity_kg", "is_recurring"),
    *("needed_from", "needed_to", "max_distance_km", "max_delivered_fen_per_t", "accept_unknown", "status"),
    *("created_at", "version"),
)
_Row = tuple[Any, ...]


def make_plans_market(loader: Loader, lots: int, demands: int) -> Market:
    """Store a market of open lots and demands in an empty database."""
    market = make_market(loader, lots, LOTS_A_SITE)
    gates = [(new_id().hex, new_id().hex, place) for place in market.centres(demands, SEED)]
    works = ((owner, f"recycler {n}", None, '["recycler"]', None, "active") for n, (owner, _, _) in enumerate(gates))
    loader.load("organisations", ORGANISATION, ((*row, None, CREATED, 1) for row in works))
    loader.load(
        "sites",
        SITE,
        ((site, owner, "gate", *place, "wgs84", *place, None, CREATED, 1) for owner, site, place in gates),
    )
    random = Random(SEED)  # noqa: S311 - a market, not a secret
    loader.load("demands", _DEMAND, (_demand(owner, site, random) for owner, site, _ in gates))
    return market


def _demand(owner: str, site: str, random: Random) -> _Row:
    material = reference().materials[random.choice(list(reference().materials)[:MATERIALS])]
    uses = [use.key for use in reference().uses.values() if material.key in use.materials]
    use = random.choice(uses)
    grades = [grade.key for grade in reference().grades_for(material.key, use, today()) if not grade.is_product]
    grade = random.choice(grades) if grades and random.random() < 0.3 else None  # noqa: PLR2004 - as many pin one
    begins, ends = str(today()), str(today() + timedelta(days=random.randint(30, 300)))
    terms = (random.randint(1, 300) * 1_000_000, False, begins, ends, random.randint(*_REACH_KM))
    wish = (use, json.dumps([material.key]), grade, json.dumps(list(_criteria(material, random))))
    return new_id().hex, owner, site, *wish, *terms, None, random.random() < 0.8, "open", CREATED, 1  # noqa: PLR2004


def _criteria(material: Material, random: Random) -> Iterator[dict[str, Any]]:
    """Yield up to three limits that most lots meet, as demands store them."""
    typical = [row for row in material.typical_composition if row.high > row.low]
    for row in random.sample(typical, min(len(typical), random.randint(0, 3))):
        low, high = float(row.low), float(row.high)
        is_min = reference().parameters[row.parameter].usual_limit is UsualLimit.MIN
        share = random.uniform(0.05, 0.4) if is_min else random.uniform(0.6, 0.95)
        limit = float(np.round(low + share * (high - low), 3))
        bounds = {"min": limit, "max": None} if is_min else {"min": None, "max": limit}
        yield {"parameter": row.parameter, **bounds, "equals": None}
