"""What a person sees of the journeys: a lot, matches, rates; Chinese names beside English ones."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from app.catalogue.reference import reference
from app.samples.journeys import Json

TARGET_PCT = 70
_BAR_CELLS = 20
_STYLES = {"pass": "green", "unknown": "yellow", "fail": "red"}
_WORDS = {
    "not_measured": "not measured",
    "limits_not_on_file": "limits of the grade are not on file",
    "origin_not_stated": "origin not stated",
    "origin_excluded": "origin excluded",
}


def show_lot(lot: Json, takers: Sequence[Json]) -> RenderableType:
    """Return a lot with its assay, as reported and as compared."""
    assay = Table(box=None, padding=(0, 2, 0, 0))
    assay.add_column("Parameter")
    assay.add_column("Reported", justify="right")
    assay.add_column("Compared as", justify="right")
    for result in lot["assay"]["results"]:
        given = result["given"]
        reported = "derived"
        if given is not None:
            reported = " ".join(filter(None, [given["value"], given["unit"] or result["unit"], _basis(given["basis"])]))
        compared = f"{result['value']:g} {result['unit']} {_basis(result['basis'])}".replace(" 1 ", " ").strip()
        assay.add_row(_parameter(result["parameter"]), reported, compared)
    site = lot["site"]
    facts = Text.assemble(
        (f"{_material(lot['material'])}\n", "bold"),
        f"{lot['available_t']:,.0f} t of {lot['quantity_t']:,.0f} t available, ",
        f"{lot['available_from']} to {lot['available_to']}, at {lot['price_cny_per_t']:g} CNY/t",
        " (the producer pays)\n" if lot["price_cny_per_t"] < 0 else "\n",
        f"{lot['organisation']['name']}, {site['name']}, {_district(site['district_code'])}\n",
        f"Lot {lot['id']}, {lot['status']}\n",
    )
    return Panel(Group(facts, assay, Text(f"\n{_takers(takers)}")), expand=False, border_style="dim")


def _takers(takers: Sequence[Json]) -> str:
    if not takers:
        return "No demand on the exchange can take it yet."
    nearest = takers[0]
    return (
        f"{len(takers)} demands can take it; the nearest is {nearest['demand']['organisation']['name']}, "
        f"{nearest['distance_km']:.1f} km away, as {_use(nearest['demand']['use'])}."
    )


def show_matches(demand: Json, matches: Sequence[Json]) -> RenderableType:
    """Return the lots for a demand with distance, delivered price, verdict, and what stands against each."""
    limits = ", ".join(
        " ".join(filter(None, [_parameter(row["parameter"]), _range(row["min"], row["max"], row["equals"])]))
        for row in demand["criteria"]
    )
    site = demand["site"]
    title = Text.assemble(
        (f"{_use(demand['use'])}, {demand['quantity_t']:,.0f} t\n", "bold"),
        f"{demand['organisation']['name']}, {site['name']}, {_district(site['district_code'])}\n",
        f"within {demand['max_distance_km']:g} km, at most {demand['max_delivered_cny_per_t']:g} CNY/t delivered\n",
        f"{limits}\n",
    )
    table = Table(header_style="bold")
    table.add_column("Lot", overflow="fold", ratio=1)
    for heading in ("km", "Delivered\nCNY/t"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Verdict", no_wrap=True)
    table.add_column("What stands against it", overflow="fold", ratio=1)
    for match in matches:
        lot, verdict = match["lot"], match["verdict"]
        table.add_row(
            f"{_material(lot['material'])}\n"
            f"{lot['available_t']:,.0f} t at {lot['price_cny_per_t']:g} CNY/t\n"
            f"{lot['organisation']['name']}\n"
            f"{lot['site']['name'].partition(',')[0]}",
            f"{match['distance_km']:.1f}",
            f"{match['delivered_cny_per_t']:.2f}",
            Text(verdict, style=_STYLES[verdict]),
            "\n".join(_objections(match)),
        )
    return Group(title, table)


def _objections(match: Json) -> Iterator[str]:
    """Yield in words what fails or is not known."""
    if match["closed_by"] is not None:
        yield f"closed by law: {match['closed_by']['text']}"
    for row in match["criteria"]:
        if row["verdict"] == "pass":
            continue
        name = _parameter(row["parameter"]) if row["parameter"] else row["source"]
        if row["reason"] is not None:
            yield f"{name}: {_WORDS[row['reason']]}"
        else:
            draft = " (a draft limit)" if row["limit_status"] == "draft" else ""
            yield f"{name} {_miss(row)}{draft}"


def _miss(row: Json) -> str:
    """Say by which side a value misses its limits."""
    if row["equals"] is not None:
        return f"is {row['value']}, not {row['equals']}"
    unit = "" if row["unit"] in {"1", "pH"} else f" {row['unit']}"
    is_below = row["min"] is not None and row["value"] < row["min"]
    side, limit = ("below", row["min"]) if is_below else ("above", row["max"])
    return f"{row['value']:g}{unit} is {side} {limit:g}{unit}"


def show_rates(answer: Json) -> RenderableType:
    """Return the rate of each stream and of all, against the target."""
    title = "Utilisation of bulk industrial waste in Chongqing 重庆市大宗工业固废综合利用率"
    period = f"{answer['from']} to {answer['to']}, rate = {answer['formula']}; ┃ marks {TARGET_PCT} %"
    table = Table(title=f"{title}\n{period}", title_style="bold")
    table.add_column("Stream", overflow="fold", min_width=20)
    for heading in ("Generated\n1 000 t", "Used\n1 000 t", "Rate\n%"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column(f"0 %{'100 %':>{_BAR_CELLS - 2}}", no_wrap=True)
    rows = sorted(answer["items"], key=lambda row: row["rate_pct"] or 0, reverse=True)
    for row in rows:
        table.add_row(_material(row["material"]), *_rate_cells(row))
    table.add_section()
    table.add_row("All bulk streams 全部大宗固废", *_rate_cells(answer["total"]), style="bold")
    return table


def _rate_cells(row: Json) -> list[RenderableType]:
    rate = row["rate_pct"]
    style = "green" if rate >= TARGET_PCT else "red"
    thousands = [f"{row[name] / 1000:,.1f}" for name in ("generated_t", "utilised_t")]
    return [*thousands, Text(f"{rate:.2f}", style=style), _bar(rate, style)]


def _bar(rate: float, style: str) -> Text:
    """Return a bar of the rate with a mark at the target."""
    mark = round(TARGET_PCT / 100 * _BAR_CELLS)
    filled = min(_BAR_CELLS, round(rate / 100 * _BAR_CELLS))
    cells = ["█" if cell < filled else "·" for cell in range(_BAR_CELLS)]
    bar = Text("".join(cells[:mark]), style=style)
    bar.append("┃", style="bold")
    bar.append("".join(cells[mark:]), style=style)
    return bar


def _range(low: float | None, high: float | None, wanted: object = None) -> str:
    if wanted is not None:
        return str(wanted)
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    if low is not None:
        return f"≥ {low:g}"
    return "" if high is None else f"≤ {high:g}"


def _basis(basis: str | None) -> str:
    return {"dry": "dry", "as_received": "as received"}.get(basis or "", "")


def _material(key: str) -> str:
    entry = reference().materials[key]
    # What stands in brackets explains; a table has no room for it.
    english = entry.name_en.partition(" (")[0]
    chinese = entry.name_zh.partition("（")[0]
    return f"{english} {chinese}"


def _parameter(key: str) -> str:
    entry = reference().parameters[key]
    return f"{entry.name_zh} {key}"


def _use(key: str) -> str:
    entry = reference().uses[key]
    return f"{entry.name_en} {entry.name_zh}"


def _district(key: str | None) -> str:
    entry = reference().districts.get(key or "")
    return "" if entry is None else f"{entry.name_en} {entry.name_zh}"
