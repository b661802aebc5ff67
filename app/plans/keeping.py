"""What of a plan is kept so that anybody can prove it again: what was solved, and how. Pure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.allocation.problem import Problem
from app.plans.packing import Arrays, unpack
from app.transport.network import Network
from app.transport.rates import Base, goal_of
from app.transport.solver import Objective, Solution

_ID_BYTES = 16
_NO_ID = bytes(_ID_BYTES)


@dataclass(frozen=True)
class Posed:
    """What was solved: a network, what is sought of it, and the fixed terms of the rate."""

    network: Network
    objective: Objective
    base: Base
    target_pct: Fraction | None


def posed_by(problem: Problem, objective: Objective, target_pct: Fraction | None) -> Posed:
    """Return what a problem asks the solver."""
    return Posed(problem.network, objective, problem.base, target_pct)


def arrays_of_input(problem: Problem, posed: Posed) -> Arrays:
    """Return what was solved, and which lots, sites and demands its numbers stand for."""
    market, network = problem.market, problem.network
    offers, needs = market.offers, market.needs
    facts = {
        "objective": posed.objective.value,
        "target_pct": None if posed.target_pct is None else str(posed.target_pct),
        "base": [posed.base.fixed_use_kg, posed.base.fixed_prior_kg, posed.base.generated_kg],
        "months": list(market.months),
        "materials": list(market.materials),
    }
    return {
        **{field.name: getattr(network, field.name) for field in fields(network)},
        "facts": _as_bytes(facts),
        "site_ids": _ids(market.sites.ids),
        "lot_ids": _ids(offers.lot_ids),
        "lot_sites": offers.sites,
        "lot_materials": offers.materials,
        "source_lots": market.sources.offers,
        "source_months": market.sources.months,
        "need_ids": _ids(needs.demand_ids),
        "need_sites": needs.sites,
        "demand_needs": market.rooms.needs,
        "demand_months": market.rooms.months,
    }


def arrays_of_solution(solution: Solution) -> Arrays:
    """Return a solution; its arrays are in the order of the network."""
    facts = {
        "fresh_kg": solution.fresh_kg,
        "prior_kg": solution.prior_kg,
        "most_fresh_kg": solution.most_fresh_kg,
        "most_kg": solution.most_kg,
        "is_reached": solution.is_reached,
        "price_of_rate": None if solution.price_of_rate is None else str(solution.price_of_rate),
    }
    return {"flow_kg": solution.flow_kg, "carried_kg": solution.carried_kg, "facts": _as_bytes(facts)}


def read_input(content: bytes) -> Posed:
    """Return what was solved."""
    arrays = unpack(content)
    facts = _read_facts(arrays)
    target = facts["target_pct"]
    return Posed(
        Network(**{field.name: arrays[field.name] for field in fields(Network)}),
        Objective(facts["objective"]),
        Base(*facts["base"]),
        None if target is None else Fraction(target),
    )


def read_solution(content: bytes, posed: Posed) -> Solution:
    """Return the solution of what was posed."""
    arrays = unpack(content)
    facts = _read_facts(arrays)
    price = facts.pop("price_of_rate")
    return Solution(
        flow_kg=arrays["flow_kg"],
        carried_kg=arrays["carried_kg"],
        price_of_rate=None if price is None else Fraction(price),
        goal=None if posed.target_pct is None else goal_of(posed.base, posed.target_pct),
        **facts,
    )


def _ids(ids: Iterable[UUID | None]) -> NDArray[np.uint8]:
    """Return ids byte by byte, zeros where there is none."""
    joined = b"".join(_NO_ID if each is None else each.bytes for each in ids)
    return np.frombuffer(joined, np.uint8).reshape(-1, _ID_BYTES)


def _as_bytes(facts: dict[str, Any]) -> NDArray[np.uint8]:
    return np.frombuffer(json.dumps(facts, sort_keys=True).encode(), np.uint8)


def _read_facts(arrays: Arrays) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(arrays["facts"].tobytes())
    return facts
