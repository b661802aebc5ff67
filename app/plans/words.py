"""What a plan comes to in a sentence, and why where nothing can be placed. Pure."""

from decimal import Decimal

from app.allocation.problem import Problem
from app.plans.figures import in_tonnes
from app.plans.keeping import Posed
from app.plans.schemas import Figures
from app.transport.solver import Solution


def explain(problem: Problem, posed: Posed, solution: Solution, figures: Figures) -> str:
    """Return the sentence that stands beside the figures."""
    if not posed.network.source_kg.any():
        return (
            "Nothing is to be placed: no open lot, stream or stock of these materials in this district and these "
            "months. 无可调配的固废。"
        )
    if not problem.market.needs.uses:
        return "Nothing can be placed: no demand is open in these months. 无有效需求。"
    if not posed.network.arcs:
        return "Nothing can be placed: no demand takes any of it; `unplaced` says why. 无可匹配的需求。"
    offered_kg = int(posed.network.source_kg.sum())
    placed = f"{_t(solution.allocated_kg)} of the {_t(offered_kg)} that are to be placed find a demand"
    if figures.reachable_rate_pct is None:
        return f"{placed}; nothing is generated, so there is no rate. 可调配量见上，无利用率。"
    return _with_rate(placed, figures.reachable_rate_pct, posed, solution)


def _with_rate(placed: str, rate: Decimal, posed: Posed, solution: Solution) -> str:
    bound = f"the rate could reach at most {rate} % (a computed bound, not a forecast; 计算上限，并非预测)"
    if posed.target_pct is None:
        return f"{placed}; {bound}."
    target = f"{float(posed.target_pct):g} %"
    if solution.is_reached:
        return f"{placed}: the cheapest way to reach {target}. 以最低成本达到目标。"
    return f"{target} cannot be reached: {placed}, and {bound}. 目标无法达到。"


def _t(kg: int) -> str:
    return f"{in_tonnes(kg):,.3f} t"
