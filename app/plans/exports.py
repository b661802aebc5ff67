"""Flows of a plan as files: CSV that spreadsheet programs open as it is meant, and GeoJSON lines from gate to gate."""

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalogue.reference import reference
from app.core.cells import as_plain_text
from app.core.geo import Datum, to_wgs84
from app.organisations.briefs import SiteBrief
from app.plans.flows import describe_flow, load_places_of
from app.plans.models import Plan, PlanFlow
from app.plans.schemas import BOUND

_ADDED = "added plant 假设新增"
#: By column: its head in Chinese.
_HEADS = {
    "number": "序号",
    "month": "月份",
    "material": "固废种类代码",
    "material_zh": "固废种类",
    "lot_id": "批次标识",
    "demand_id": "需求标识",
    "producer": "产废单位",
    "origin_site": "产废场地",
    "recycler": "利用单位",
    "destination_site": "利用场地",
    "quantity_t": "数量（吨）",
    "distance_km": "运距（公里）",
    "delivered_cny_per_t": "到厂价（元/吨）",
}


def write_csv(session: Session, plan: Plan) -> bytes:
    """Return all flows as CSV: UTF-8 with byte order mark, a line of heads, what is not known empty."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([f"{name} {name_zh}" for name, name_zh in _HEADS.items()])
    for row in _rows(session, plan):
        writer.writerow(["" if row[name] is None else _cell(row[name]) for name in _HEADS])
    return text.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> str:  # noqa: ANN401 - a field of a row
    """Return a number as it is, and a text so that no program takes it for a formula."""
    return as_plain_text(value) if isinstance(value, str) else str(value)


def write_geojson(session: Session, plan: Plan) -> bytes:
    """Return all flows as a FeatureCollection of lines in WGS-84, longitude first."""
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "LineString", "coordinates": row["line"]},
            "properties": {name: _number(row[name]) for name in _HEADS},
        }
        for row in _rows(session, plan)
    ]
    facts = {"plan_id": str(plan.id), "bound": BOUND, "formula": "100 U / (G + Up)"}
    return msgspec.json.encode({"type": "FeatureCollection", **facts, "features": features})


def _number(value: Any) -> Any:  # noqa: ANN401 - a field of a row
    return float(value) if isinstance(value, Decimal) else value


def _rows(session: Session, plan: Plan) -> Iterator[dict[str, Any]]:
    """Yield the flows of a plan with names beside keys, and the line from gate to gate."""
    flows = session.scalars(select(PlanFlow).where(PlanFlow.plan_id == plan.id).order_by(PlanFlow.number)).all()
    places = load_places_of(session, flows)
    for flow in flows:
        origin, destination = places[flow.origin_site_id], places.get(flow.destination_site_id)  # type: ignore[arg-type]
        end = _added_plant(plan, flow) if destination is None else _position(destination.site)
        yield describe_flow(flow, places) | {
            "lot_id": None if flow.lot_id is None else str(flow.lot_id),
            "demand_id": None if flow.demand_id is None else str(flow.demand_id),
            "material_zh": reference().materials[flow.material].name_zh,
            "producer": origin.organisation.name,
            "origin_site": origin.site.name,
            "recycler": _ADDED if destination is None else destination.organisation.name,
            "destination_site": None if destination is None else destination.site.name,
            "line": [_position(origin.site), end],
        }


def _position(site: SiteBrief) -> list[float]:
    return [site.longitude, site.latitude]


def _added_plant(plan: Plan, flow: PlanFlow) -> list[float]:
    """Return where the plant would stand that a change of the question adds."""
    assert flow.added_plant is not None  # noqa: S101 - what goes to no demand goes there
    change = plan.question["changes"][flow.added_plant]
    latitude, longitude = to_wgs84(change["latitude"], change["longitude"], Datum(change["datum"]))
    return [longitude, latitude]
