"""One example of every operation: shown in the API documents, and replayed by the tests against a small market."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.api.example_bodies import (
    ASSAY,
    DECLARATIONS_CSV,
    DEMAND,
    LOT,
    LOTS_CSV,
    MONTH,
    PLACE,
    PLAN,
    RECEIPT,
    SHIPMENTS_CSV,
    TERMS,
    TICKET,
    USE,
)
from app.api.example_ids import (
    AGREEMENT,
    CORRECTION,
    DECLARATION,
    DELEGATION,
    DONE_PLAN,
    INCOMING_LOAD,
    JOB,
    KEY,
    OPENING_STOCK,
    ORGANISATION,
    OUTGOING_LOAD,
    OWN_ASSAY,
    OWN_DEMAND,
    OWN_LOT,
    OWN_PROPOSAL,
    OWN_SITE,
    PROPOSAL,
    PUBLISHED_PLAN,
    SAVED_SEARCH,
    SECRET,
    TARGET,
    TARGET_VALUE,
    UTILISATION,
    WAITING_PLAN,
    WEBHOOK,
    WEBHOOK_DELIVERY,
)

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Example:
    """A request that succeeds: path parameters, query, body; `text` in place of a JSON body, of `media_type`."""

    path: Json = field(default_factory=dict)
    query: Json = field(default_factory=dict)
    body: Json | None = None
    text: str | None = None
    media_type: str = "text/csv"


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
    "rotate_key": Example({"key_id": KEY}, body={"overlap_hours": 72}),
    "delete_key": Example({"key_id": KEY}),
    "post_delegation": Example(body={"delegate_id": ORGANISATION, "scopes": ["shipments:write"]}),
    "get_delegations": Example(query={"side": "principal"}),
    "get_delegation": Example({"delegation_id": DELEGATION}),
    "revoke_delegation": Example({"delegation_id": DELEGATION}),
    "post_token": Example(
        text=f"grant_type=client_credentials&client_id={KEY}&client_secret={SECRET}&scope=market%3Aread",
        media_type="application/x-www-form-urlencoded",
    ),
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
    "import_lots": Example(text=LOTS_CSV),
    "get_lots_template": Example(query={"format": "csv", "material": "phosphogypsum"}),
    "import_shipments": Example(text=SHIPMENTS_CSV),
    "get_shipments_template": Example(query={"format": "csv"}),
    "import_declarations": Example(query={"dry_run": True}, text=DECLARATIONS_CSV),
    "get_declarations_template": Example(query={"format": "xlsx"}),
    "get_jobs": Example(),
    "get_job": Example({"job_id": JOB}),
    "get_job_refusals": Example({"job_id": JOB}),
    "cancel_job": Example({"job_id": JOB}),
    "post_lot": Example(body=LOT),
    "get_lots": Example(query={"material": ["phosphogypsum"], **PLACE, "spec": ["caso4_2h2o>=85"], "sort": "distance"}),
    "get_queryables": Example(query={"material": ["phosphogypsum"]}),
    "get_facets": Example(query={"material": ["phosphogypsum"], **PLACE, "spec": ["caso4_2h2o>=85"]}),
    "get_lot": Example({"lot_id": OWN_LOT}),
    "get_lot_verdict": Example({"lot_id": OWN_LOT}, query={"use": "cement_retarder", "spec": ["caso4_2h2o>=85"]}),
    "patch_lot": Example({"lot_id": OWN_LOT}, body={"price_cny_per_t": -18.5}),
    "withdraw_lot": Example({"lot_id": OWN_LOT}),
    "post_assay": Example({"lot_id": OWN_LOT}, body=ASSAY),
    "get_assays": Example({"lot_id": OWN_LOT}),
    "get_assay": Example({"lot_id": OWN_LOT, "assay_id": OWN_ASSAY}),
    "get_lot_matches": Example({"lot_id": OWN_LOT}),
    "post_demand": Example(body=DEMAND),
    "get_demands": Example(),
    "get_demand": Example({"demand_id": OWN_DEMAND}),
    "patch_demand": Example({"demand_id": OWN_DEMAND}, body={"quantity_t": 25000}),
    "withdraw_demand": Example({"demand_id": OWN_DEMAND}),
    "get_demand_matches": Example({"demand_id": OWN_DEMAND}, query={"sort": "delivered_price"}),
    "post_blend": Example({"demand_id": OWN_DEMAND}, body={"quantity_t": 5000, "max_lots": 3}),
    "post_saved_search": Example(
        body={
            "name": "磷石膏 300 km",
            "filters": {"material": ["phosphogypsum"], **PLACE, "spec": ["caso4_2h2o>=85"], "verdict": "pass"},
        }
    ),
    "get_saved_searches": Example(),
    "get_saved_search": Example({"search_id": SAVED_SEARCH}),
    "delete_saved_search": Example({"search_id": SAVED_SEARCH}),
    "get_saved_search_matches": Example({"search_id": SAVED_SEARCH}),
    "post_agreement": Example(body=TERMS),
    "get_agreements": Example(query={"status": "accepted"}),
    "get_agreement": Example({"agreement_id": AGREEMENT}),
    "accept_agreement": Example({"agreement_id": PROPOSAL}),
    "decline_agreement": Example({"agreement_id": PROPOSAL}),
    "withdraw_agreement": Example({"agreement_id": OWN_PROPOSAL}),
    "cancel_agreement": Example({"agreement_id": AGREEMENT}),
    "complete_agreement": Example({"agreement_id": AGREEMENT}),
    "post_shipment": Example({"agreement_id": AGREEMENT}, body=TICKET),
    "get_shipments": Example(query={"status": "dispatched"}),
    "get_shipment": Example({"shipment_id": OUTGOING_LOAD}),
    "post_receipt": Example({"shipment_id": INCOMING_LOAD}, body=RECEIPT),
    "void_shipment": Example({"shipment_id": OUTGOING_LOAD}),
    "post_correction": Example(
        {"shipment_id": OUTGOING_LOAD},
        body={"net_t": 40.5, "vehicle_plate": "渝B67890", "comment": "地磅读数与车牌录入有误"},
    ),
    "get_corrections": Example(query={"status": "pending"}),
    "get_correction": Example({"correction_id": CORRECTION}),
    "approve_correction": Example({"correction_id": CORRECTION}),
    "reject_correction": Example({"correction_id": CORRECTION}),
    "post_utilisation": Example(body=USE),
    "get_utilisations": Example(),
    "get_utilisation": Example({"utilisation_id": UTILISATION}),
    "reverse_utilisation": Example({"utilisation_id": UTILISATION}),
    "post_opening_stock": Example(
        body={"site_id": OWN_SITE, "material": "phosphogypsum", "stock_year": 2024, "stored_t": 100000}
    ),
    "get_opening_stocks": Example(),
    "get_opening_stock": Example({"opening_stock_id": OPENING_STOCK}),
    "post_declaration": Example(body=MONTH),
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
    "post_plan": Example(body=PLAN),
    "get_plans": Example(),
    "get_plan": Example({"plan_id": DONE_PLAN}),
    "cancel_plan": Example({"plan_id": WAITING_PLAN}),
    "get_plan_flows": Example({"plan_id": DONE_PLAN}),
    "get_plan_levers": Example({"plan_id": DONE_PLAN}),
    "publish_plan": Example({"plan_id": DONE_PLAN}),
    "get_suggestions": Example(),
    "propose_plan_flow": Example({"plan_id": PUBLISHED_PLAN, "number": 1}),
    "get_events": Example(query={"limit": 50}),
    "post_webhook": Example(
        body={"url": "https://receiver.example.com/exchange", "types": ["lot.opened", "agreement"]}
    ),
    "get_webhooks": Example(),
    "get_webhook": Example({"webhook_id": WEBHOOK}),
    "patch_webhook": Example({"webhook_id": WEBHOOK}, body={"types": ["shipment"]}),
    "delete_webhook": Example({"webhook_id": WEBHOOK}),
    "rotate_webhook": Example({"webhook_id": WEBHOOK}, body={"overlap_hours": 48}),
    "ping_webhook": Example({"webhook_id": WEBHOOK}),
    "get_deliveries": Example({"webhook_id": WEBHOOK}, query={"status": "failed"}),
    "get_delivery": Example({"webhook_id": WEBHOOK, "delivery_id": WEBHOOK_DELIVERY}),
    "replay_delivery": Example({"webhook_id": WEBHOOK, "delivery_id": WEBHOOK_DELIVERY}),
    "read_health": Example(),
    "read_ready": Example(),
    "read_metrics": Example(),
}
