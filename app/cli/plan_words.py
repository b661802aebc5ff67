"""What a person in a plant office or an authority sees of a plan; Chinese names beside English ones."""

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from app.catalogue.reference import reference
from app.plans.keeping import Posed
from app.transport.solver import Solution

_MOST_PRICES = 12
_CAUSES = {
    "law": "closed by law 法规禁止",
    "no_demand_in_range": "no demand in range 范围内无需求",
    "specification": "specification 指标不符",
    "capacity": "capacity 消纳能力不足",
}
_SIDES = {"supply": "waste 固废", "demand": "room 消纳"}


def show_answer(identifier: str, answer: dict[str, Any]) -> RenderableType:
    """Return a plan: the bound first, then what stands in the way, and where one more tonne brings most."""
    rate = answer["reachable_rate_pct"]
    said = "no rate" if rate is None else f"{float(rate):.2f} %"
    head = Text.assemble(
        ("Reachable rate 可达综合利用率上限  ", "bold"),
        (f"{said}\n", "bold green"),
        (f"{answer['bound']}\n", "dim"),
        f"{answer['explanation']}\n",
        f"{answer['from_month']} to {answer['to_month']}, plan 方案 {identifier}\n",
    )
    return Group(head, _figures(answer), Text(), _unplaced(answer), Text(), _prices(answer))


def _figures(answer: dict[str, Any]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right")
    for name, value in (
        ("Already used 已利用 t", answer["already_used_t"]),
        ("Generated 产生 t", answer["generated_t"]),
        ("To be placed 待消纳 t", answer["offered_t"]),
        ("Room of demands 需求能力 t", answer["room_t"]),
        ("Placed by the plan 方案消纳 t", answer["allocated_t"]),
        ("Hauls 运输线路", answer["flows"]),
        ("Cost 费用 CNY", answer["cost_cny"]),
        ("Haulage 运输量 t·km", answer["t_km"]),
    ):
        table.add_row(name, f"{float(value):,.0f}")
    return table


def _unplaced(answer: dict[str, Any]) -> Table:
    table = Table(title="What stands in the way 未消纳原因", title_justify="left", title_style="bold")
    table.add_column("Cause 原因")
    table.add_column("Parameter 指标")
    table.add_column("t", justify="right")
    for row in answer["unplaced"]:
        parameter = reference().parameters.get(row["parameter"] or "")
        name = "" if parameter is None else f"{parameter.name_en} {parameter.name_zh}"
        table.add_row(_CAUSES[row["cause"]], name, f"{float(row['quantity_t']):,.0f}")
    return table


def _prices(answer: dict[str, Any]) -> Table:
    table = Table(title="One more tonne at the margin 边际一吨", title_justify="left", title_style="bold")
    for heading in ("Site 场地", "Of 对象", "Month 月份"):
        table.add_column(heading, overflow="fold")
    table.add_column("t", justify="right")
    table.add_column("CNY", justify="right")
    for row in answer["prices"][:_MOST_PRICES]:
        entry = (reference().materials if row["side"] == "supply" else reference().uses)[row["key"]]
        cost = "" if row["cost_cny"] is None else f"{float(row['cost_cny']):+,.2f}"
        of = f"{_SIDES[row['side']]}: {entry.name_en} {entry.name_zh}"
        table.add_row(row["name"], of, row["month"], f"{float(row['allocated_t']):+g}", cost)
    return table


def show_proof(sha256: str, posed: Posed, solution: Solution) -> str:
    """Return what a verification has proved."""
    network = posed.network
    most = (
        "none places more: no path of open changes leads from what is left to room that is left "
        f"({solution.allocated_kg / 1000:,.3f} t placed, {solution.fresh_kg / 1000:,.3f} t of them fresh)"
    )
    reaches = f"{float(posed.target_pct or 0):g} % is reached, and nowhere for less than at the price of the rate"
    proofs = (
        f"possible: {network.arcs:,} hauls keep to {network.sources:,} sources and {network.demands:,} rooms",
        reaches if posed.target_pct is not None and solution.is_reached else most,
        f"none of these is better by {posed.objective.value}: no reduced cost is negative",
        f"of the market with SHA-256 {sha256}",
    )
    return "\n- ".join(("The plan is proved 方案已验证, without the solver:", *proofs))
