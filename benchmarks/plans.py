"""How long a large plan takes to solve, to verify and to price, against the same problem as a linear programme."""

import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from ortools.math_opt.python import mathopt

from app.transport.network import NONE, Network, Whole, total_cost
from app.transport.potentials import prices
from app.transport.solver import Objective, Solution, solve
from app.transport.verification import verify
from benchmarks.figures import Answer, Row, at_least, at_most, calmest
from benchmarks.linear import TOLERANCE, least_cost_of
from benchmarks.servers import load_average

_SOURCES, _DEMANDS, _ARCS_EACH = 20_000, 4_000, 26
_SIDE_M, _FEN_PER_KM = 300_000, 45
_MOST = Objective.MAX_UTILISATION_THEN_MIN_COST
_MB_PER_KB = 1 / 1000


@dataclass(frozen=True)
class _Own:
    """What the exchange's own solver took for a network, in seconds, and the memory of its process."""

    solution: Solution
    solving: float
    verifying: float
    pricing: float
    peak_mb: float


def make_network(sources: int = _SOURCES, demands: int = _DEMANDS, arcs_each: int = _ARCS_EACH) -> Network:
    """Return a market on a square: each source reaches its nearest demands; a tenth is stock of earlier years."""
    random = np.random.default_rng(6)
    at, to = random.random((sources, 2)) * _SIDE_M, random.random((demands, 2)) * _SIDE_M
    reached = [_nearest(to - place, arcs_each) for place in at]
    head = np.concatenate([demand for demand, _ in reached])
    metres = np.concatenate([away for _, away in reached])
    tail = np.repeat(np.arange(sources), arcs_each)
    price = random.integers(-5_000, 3_000, sources)
    return Network(
        source_kg=random.integers(100_000, 5_000_000, sources),
        is_prior=random.random(sources) < 0.1,  # noqa: PLR2004 - the tenth
        carried_to=np.full(sources, NONE),
        demand_kg=random.integers(200_000, 20_000_000, demands),
        demand_group=np.where(random.random(demands) < 0.5, np.arange(demands) // 4, NONE),  # noqa: PLR2004 - half
        group_kg=random.integers(2_000_000, 40_000_000, demands // 4 + 1),
        tail=tail,
        head=head,
        cost_fen_per_t=price[tail] + metres * _FEN_PER_KM // 1000,
        metres=metres,
    )


def _nearest(offsets: NDArray[np.float64], count: int) -> tuple[Whole, Whole]:
    away = np.hypot(*offsets.T)
    places = np.argpartition(away, count - 1)[:count]
    return places, away[places].astype(np.int64)


def measure() -> Iterator[Row]:
    """Yield the rows of the solver; the linear programme takes about a minute."""
    network = make_network()
    own, load = calmest(_measure_own)
    size = f"{network.sources:,} lots × {network.demands:,} demands, {network.arcs:,} arcs"
    placed = f"{own.solution.allocated_kg / 1e9:.1f} of {network.source_kg.sum() / 1e9:.1f} million t placed"
    yield Row("plan: most tonnes, then least cost", size, own.solving, "s", load, at_most(own.solving, 4), placed)
    yield Row("… verified without the solver", size, own.verifying, "s", load, None, "cuts and reduced costs")
    yield Row("… prices at the margin", size, own.pricing, "s", load, None, "of every lot and demand")
    yield Row("… memory at its peak", size, own.peak_mb, "MB", load, at_most(own.peak_mb, 2_000), "the whole process")
    yield _against_linear_programme(network, own, size)


def _against_linear_programme(network: Network, own: _Own, size: str) -> Row:
    tonnes = (own.solution.fresh_kg / 1000, own.solution.prior_kg / 1000)
    rival = least_cost_of(network, network.cost_fen_per_t.tolist(), *tonnes, mathopt.SolverType.HIGHS)
    cost = total_cost(own.solution.flow_kg, network.cost_fen_per_t) / 1000
    if abs(cost - rival.value) > TOLERANCE * abs(cost):
        raise RuntimeError(f"The optima differ: {cost} and {rival.value}")
    ratio = rival.seconds / own.solving
    remark = f"{rival.seconds:.1f} s of solving alone, tonnes given; same optimum: {cost / 1e8:,.1f} M CNY"
    return Row("HiGHS on the linear programme, over ours", size, ratio, "×", load_average(), at_least(ratio, 8), remark)


def _measure_own() -> _Own:
    """Measure in a process of its own, whose memory is that of the plan alone."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_in_its_process).result()


def _in_its_process() -> _Own:
    network = make_network()
    # OR-Tools loads with the first plan, of whatever size.
    solve(make_network(10, 10, 2), _MOST)
    solution, solving = _timed(lambda: solve(network, _MOST))
    faults, verifying = _timed(lambda: verify(network, _MOST, solution))
    if faults:
        raise RuntimeError(f"The plan is not in order: {faults}")
    _, pricing = _timed(lambda: prices(network, _MOST, solution))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MB_PER_KB
    return _Own(solution, solving, verifying, pricing, peak_mb)


def _timed(call: Callable[[], Answer]) -> tuple[Answer, float]:
    begun = time.perf_counter()
    return call(), time.perf_counter() - begun
