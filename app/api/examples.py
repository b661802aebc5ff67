"""One example of every operation: shown in the API documents, and replayed by the tests against a small market."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


def _id(number: int) -> str:
    return f"01990000-0000-7000-8000-{number:012d}"


ORGANISATION, KEY = _id(1), _id(2)
OWN_SITE, OWN_LOT, OWN_ASSAY, OWN_DEMAND = _id(11), _id(12), _id(13), _id(14)
OTHER_LOT, OTHER_DEMAND, OTHER_SITE = _id(22), _id(24), _id(21)
PROPOSAL, OWN_PROPOSAL, AGREEMENT = _id(31), _id(32), _id(33)
OUTGOING_LOAD, INCOMING_LOAD = _id(41), _id(42)
CORRECTION = _id(43)
UTILISATION, DECLARATION, OPENING_STOCK = _id(51), _id(52), _id(53)
SAVED_SEARCH = _id(61)
JOB = _id(62)
TARGET, TARGET_VALUE = _id(71), _id(72)

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Example:
    """A request that succeeds: path parameters, query, body; `text` in place of a JSON body, of `media_type`."""

    path: Json = field(default_factory=dict)
    query: Json = field(default_factory=dict)
    body: Json | None = None
    text: str | None = None
    media_type: str = "text/csv"


_ASSAY = {
    "sampled_on": "2026-07-20",
    "laboratory": "重庆市建材检测中心",
    "report_no": "JC-2026-0719",
    "results": [
        {"parameter": "caso4_2h2o", "value": 91.2, "unit": "%", "basis": "dry"},
        {"parameter": "soluble_p2o5", "value": 2400, "unit": "mg/kg"},
        {"parameter": "moisture", "value": 14.5, "unit": "%"},
    ],
}
_LOT = {
    "site_id": OWN_SITE,
    "material": "phosphogypsum",
    "quantity_t": 12000,
    "min_order_t": 500,
    "available_from": "2026-08-01",
    "available_to": "2035-12-31",
    "price_cny_per_t": -15,
    "origin": {"process": "dihydrate"},
    "assay": _ASSAY,
}
_DEMAND = {
    "site_id": OWN_SITE,
    "use": "cement_retarder",
    "materials": ["phosphogypsum", "fgd_gypsum"],
    "criteria": [{"parameter": "caso4_2h2o", "min": 85}, {"parameter": "soluble_p2o5", "max": 0.3}],
    "quantity_t": 20000,
    "needed_from": "2026-09-01",
    "needed_to": "2035-12-31",
    "max_distance_km": 200,
    "max_delivered_cny_per_t": 60,
    "freight_cny_per_t_km": 0.45,
}
_AGREEMENT = {
    "lot_id": OWN_LOT,
    "demand_id": OTHER_DEMAND,
    "quantity_t": 3000,
    "price_cny_per_t": -15,
    "starts_on": "2026-01-01",
    "ends_on": "2035-12-31",
}
_TICKET = {
    "ticket_no": "CS-20260105-017",
    "vehicle_plate": "渝A12345",
    "dispatched_at": "2026-01-05T01:30:00Z",
    "gross_t": 48.32,
    "tare_t": 15.1,
    "moisture_pct": 12.5,
    "carrier": "重庆长江运输公司",
    "transport_mode": "road",
}
_RECEIPT = {
    "received_at": "2026-01-05T05:10:00Z",
    "net_t": 33.2,
    "accepted_t": 30.2,
    "refused_t": 3,
    "reason": "wet layer at the tail",
}
_USE = {
    "site_id": OWN_SITE,
    "material": "phosphogypsum",
    "utilised_on": "2026-01-07",
    "quantity_t": 12,
    "use": "cement_retarder",
    "batch_no": "B-2026-01-07",
    "product": "水泥缓凝剂",
    "product_t": 10.5,
}
_DECLARATION = {
    "site_id": OWN_SITE,
    "material": "phosphogypsum",
    "month": "2026-01",
    "generated_t": 5000,
    "self_utilised_t": 350.5,
    "self_use_method": "井下充填",
}
_LOTS_CSV = f"""site_id,material,quantity_t,available_from,available_to,price_cny_per_t,sampled_on,cl [mg/kg]
{OWN_SITE},phosphogypsum,12000,2026-08-01,2035-12-31,-15,2026-07-20,145
{OWN_SITE},phosphogypsum,8000,2026-09-01,2035-12-31,-12.5,2026-07-22,160
"""
_SHIPMENTS_CSV = f"""agreement_id,ticket_no,vehicle_plate,dispatched_at,gross_t,tare_t
{AGREEMENT},CS-20260106-001,渝A12345,2026-01-06T09:30:00+08:00,48.32,15.1
"""
_DECLARATIONS_CSV = f"""site_id,material,month,generated_t,self_utilised_t
{OWN_SITE},phosphogypsum,2026-01,5000,350.5
"""
_PLACE = {"near": "29.70,107.39", "within_km": 300}

#: By operation id.
EXAMPLES: Mapping[str, Example] = {
    "get_materials": Example(),
    "get_material": Example({"key": "phosphogypsum"}),
    "get_parameters": Example(),
    "get_parameter": Example({"key": "soluble_p2o5"}),
    "get_grades": Example(query={"material": "phosphogypsum", "use": "cement_retarder", "on": "2026-08-01"}),
    "get_grade": Example({"key": "gbt23456_2018_i"}),
    "get_uses": Example(),
    "get_treatments": Example(),
    "get_districts": Example(),
    "post_organisation": Example(
        body={
            "name": "重庆长寿化工有限公司",
            "credit_code": "91110000600037341L",
            "roles": ["producer"],
            "contact_email": "office@example.com",
        }
    ),
    "get_organisations": Example(query={"status": "pending"}),
    "get_organisation": Example({"organisation_id": ORGANISATION}),
    "approve_organisation": Example({"organisation_id": ORGANISATION}),
    "suspend_organisation": Example({"organisation_id": ORGANISATION}),
    "get_me": Example(),
    "post_key": Example(body={"name": "weighbridge gate 2", "scopes": ["market:read", "shipments:write"]}),
    "get_keys": Example(),
    "get_key": Example({"key_id": KEY}),
    "delete_key": Example({"key_id": KEY}),
    "post_site": Example(
        body={
            "name": "长寿厂区一号门",
            "latitude": 29.833671,
            "longitude": 107.074854,
            "datum": "gcj02",
            "district_code": "500115",
        }
    ),
    "get_sites": Example(),
    "get_site": Example({"site_id": OWN_SITE}),
    "patch_site": Example({"site_id": OWN_SITE}, body={"name": "长寿厂区二号门"}),
    "put_stream": Example(
        {"site_id": OWN_SITE, "material": "phosphogypsum"},
        body={"waste_class": "II", "generation_step": "湿法磷酸过滤", "physical_state": "固态"},
    ),
    "get_streams": Example({"site_id": OWN_SITE}),
    "get_stream": Example({"site_id": OWN_SITE, "material": "phosphogypsum"}),
    "put_capacity": Example(
        {"site_id": OWN_SITE, "use": "cement_retarder"},
        body={"capacity_t_per_year": 120000, "valid_from": "2026-01-01"},
    ),
    "get_capacities": Example({"site_id": OWN_SITE}),
    "get_capacity": Example({"site_id": OWN_SITE, "use": "cement_retarder"}),
    "import_lots": Example(text=_LOTS_CSV),
    "get_lots_template": Example(query={"format": "csv", "material": "phosphogypsum"}),
    "import_shipments": Example(text=_SHIPMENTS_CSV),
    "get_shipments_template": Example(query={"format": "csv"}),
    "import_declarations": Example(query={"dry_run": True}, text=_DECLARATIONS_CSV),
    "get_declarations_template": Example(query={"format": "xlsx"}),
    "get_jobs": Example(),
    "get_job": Example({"job_id": JOB}),
    "get_job_refusals": Example({"job_id": JOB}),
    "cancel_job": Example({"job_id": JOB}),
    "post_lot": Example(body=_LOT),
    "get_lots": Example(
        query={"material": ["phosphogypsum"], **_PLACE, "spec": ["caso4_2h2o>=85"], "sort": "distance"}
    ),
    "get_queryables": Example(query={"material": ["phosphogypsum"]}),
    "get_facets": Example(query={"material": ["phosphogypsum"], **_PLACE, "spec": ["caso4_2h2o>=85"]}),
    "get_lot": Example({"lot_id": OWN_LOT}),
    "get_lot_verdict": Example({"lot_id": OWN_LOT}, query={"use": "cement_retarder", "spec": ["caso4_2h2o>=85"]}),
    "patch_lot": Example({"lot_id": OWN_LOT}, body={"price_cny_per_t": -18.5}),
    "withdraw_lot": Example({"lot_id": OWN_LOT}),
    "post_assay": Example({"lot_id": OWN_LOT}, body=_ASSAY),
    "get_assays": Example({"lot_id": OWN_LOT}),
    "get_assay": Example({"lot_id": OWN_LOT, "assay_id": OWN_ASSAY}),
    "get_lot_matches": Example({"lot_id": OWN_LOT}),
    "post_demand": Example(body=_DEMAND),
    "get_demands": Example(),
    "get_demand": Example({"demand_id": OWN_DEMAND}),
    "patch_demand": Example({"demand_id": OWN_DEMAND}, body={"quantity_t": 25000}),
    "withdraw_demand": Example({"demand_id": OWN_DEMAND}),
    "get_demand_matches": Example({"demand_id": OWN_DEMAND}, query={"sort": "delivered_price"}),
    "post_blend": Example({"demand_id": OWN_DEMAND}, body={"quantity_t": 5000, "max_lots": 3}),
    "post_saved_search": Example(
        body={
            "name": "磷石膏 300 km",
            "filters": {"material": ["phosphogypsum"], **_PLACE, "spec": ["caso4_2h2o>=85"], "verdict": "pass"},
        }
    ),
    "get_saved_searches": Example(),
    "get_saved_search": Example({"search_id": SAVED_SEARCH}),
    "delete_saved_search": Example({"search_id": SAVED_SEARCH}),
    "get_saved_search_matches": Example({"search_id": SAVED_SEARCH}),
    "post_agreement": Example(body=_AGREEMENT),
    "get_agreements": Example(query={"status": "accepted"}),
    "get_agreement": Example({"agreement_id": AGREEMENT}),
    "accept_agreement": Example({"agreement_id": PROPOSAL}),
    "decline_agreement": Example({"agreement_id": PROPOSAL}),
    "withdraw_agreement": Example({"agreement_id": OWN_PROPOSAL}),
    "cancel_agreement": Example({"agreement_id": AGREEMENT}),
    "complete_agreement": Example({"agreement_id": AGREEMENT}),
    "post_shipment": Example({"agreement_id": AGREEMENT}, body=_TICKET),
    "get_shipments": Example(query={"status": "dispatched"}),
    "get_shipment": Example({"shipment_id": OUTGOING_LOAD}),
    "post_receipt": Example({"shipment_id": INCOMING_LOAD}, body=_RECEIPT),
    "void_shipment": Example({"shipment_id": OUTGOING_LOAD}),
    "post_correction": Example(
        {"shipment_id": OUTGOING_LOAD},
        body={"net_t": 40.5, "vehicle_plate": "渝B67890", "comment": "地磅读数与车牌录入有误"},
    ),
    "get_corrections": Example(query={"status": "pending"}),
    "get_correction": Example({"correction_id": CORRECTION}),
    "approve_correction": Example({"correction_id": CORRECTION}),
    "reject_correction": Example({"correction_id": CORRECTION}),
    "post_utilisation": Example(body=_USE),
    "get_utilisations": Example(),
    "get_utilisation": Example({"utilisation_id": UTILISATION}),
    "reverse_utilisation": Example({"utilisation_id": UTILISATION}),
    "post_opening_stock": Example(
        body={"site_id": OWN_SITE, "material": "phosphogypsum", "stock_year": 2024, "stored_t": 100000}
    ),
    "get_opening_stocks": Example(),
    "get_opening_stock": Example({"opening_stock_id": OPENING_STOCK}),
    "post_declaration": Example(body=_DECLARATION),
    "get_declarations": Example(query={"month": "2025-12"}),
    "get_declaration": Example({"declaration_id": DECLARATION}),
    "get_balances": Example(),
    "get_entries": Example(),
    "close_period": Example({"month": "2020-01"}),
    "get_periods": Example(),
    "get_ledger_table": Example({"number": 2}, query={"site_id": OWN_SITE, "month": "2026-01", "format": "json"}),
    "get_utilisation_statistics": Example(
        query={"from": "2026-01", "to": "2026-12", "district": "50", "group_by": "month,material"}
    ),
    "post_snapshot": Example(
        body={
            "title": "重庆市2026年上半年大宗固废综合利用率",
            "question": {"from": "2026-01", "to": "2026-06", "district": "50", "group_by": "material"},
        }
    ),
    "get_snapshots": Example(),
    "get_snapshot": Example({"number": 1}),
    "get_snapshot_diff": Example({"number": 1}),
    "get_anomalies": Example(query={"kind": "plate_at_two_places", "from": "2026-01"}),
    "post_target": Example(
        body={
            "name": "涪陵区磷石膏综合利用率 2035",
            "district": "500102",
            "materials": ["phosphogypsum"],
            "rate_pct": 75,
            "target_year": 2035,
        }
    ),
    "get_targets": Example(),
    "get_target": Example({"target": TARGET}),
    "post_target_value": Example(
        {"target": "cq_green_factories"},
        body={"value": 286, "holds_on": "2025-06-30", "source": "重庆市经济和信息化委员会通报"},
    ),
    "get_target_values": Example({"target": "cq_green_factories"}),
    "get_target_value": Example({"target": "cq_green_factories", "value_id": TARGET_VALUE}),
    "get_progress": Example(query={"target": "cq_manufacturing_green_plan_rate"}),
    "get_events": Example(query={"limit": 50}),
    "read_health": Example(),
    "read_ready": Example(),
}
