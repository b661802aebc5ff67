"""Bodies and files of the examples that are longer than a line."""

from app.api.example_ids import AGREEMENT, OTHER_DEMAND, OWN_LOT, OWN_SITE

ASSAY = {
    "sampled_on": "2026-07-20",
    "laboratory": "重庆市建材检测中心",
    "report_no": "JC-2026-0719",
    "results": [
        {"parameter": "caso4_2h2o", "value": 91.2, "unit": "%", "basis": "dry"},
        {"parameter": "soluble_p2o5", "value": 2400, "unit": "mg/kg"},
        {"parameter": "moisture", "value": 14.5, "unit": "%"},
    ],
}
LOT = {
    "site_id": OWN_SITE,
    "material": "phosphogypsum",
    "quantity_t": 12000,
    "min_order_t": 500,
    "available_from": "2026-08-01",
    "available_to": "2035-12-31",
    "price_cny_per_t": -15,
    "origin": {"process": "dihydrate"},
    "assay": ASSAY,
}
DEMAND = {
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
TERMS = {
    "lot_id": OWN_LOT,
    "demand_id": OTHER_DEMAND,
    "quantity_t": 3000,
    "price_cny_per_t": -15,
    "starts_on": "2026-01-01",
    "ends_on": "2035-12-31",
}
TICKET = {
    "ticket_no": "CS-20260105-017",
    "vehicle_plate": "渝A12345",
    "dispatched_at": "2026-01-05T01:30:00Z",
    "gross_t": 48.32,
    "tare_t": 15.1,
    "moisture_pct": 12.5,
    "carrier": "重庆长江运输公司",
    "transport_mode": "road",
}
RECEIPT = {
    "received_at": "2026-01-05T05:10:00Z",
    "net_t": 33.2,
    "accepted_t": 30.2,
    "refused_t": 3,
    "reason": "wet layer at the tail",
}
USE = {
    "site_id": OWN_SITE,
    "material": "phosphogypsum",
    "utilised_on": "2026-01-07",
    "quantity_t": 12,
    "use": "cement_retarder",
    "batch_no": "B-2026-01-07",
    "product": "水泥缓凝剂",
    "product_t": 10.5,
}
MONTH = {
    "site_id": OWN_SITE,
    "material": "phosphogypsum",
    "month": "2026-01",
    "generated_t": 5000,
    "self_utilised_t": 350.5,
    "self_use_method": "井下充填",
}
LOTS_CSV = f"""site_id,material,quantity_t,available_from,available_to,price_cny_per_t,sampled_on,cl [mg/kg]
{OWN_SITE},phosphogypsum,12000,2026-08-01,2035-12-31,-15,2026-07-20,145
{OWN_SITE},phosphogypsum,8000,2026-09-01,2035-12-31,-12.5,2026-07-22,160
"""
SHIPMENTS_CSV = f"""agreement_id,ticket_no,vehicle_plate,dispatched_at,gross_t,tare_t
{AGREEMENT},CS-20260106-001,渝A12345,2026-01-06T09:30:00+08:00,48.32,15.1
"""
DECLARATIONS_CSV = f"""site_id,material,month,generated_t,self_utilised_t
{OWN_SITE},phosphogypsum,2026-01,5000,350.5
"""
PLAN = {
    "district": "50",
    "materials": ["phosphogypsum"],
    "max_distance_km": 200,
    "months": 12,
    "changes": [
        {
            "kind": "add_plant",
            "use": "cement_retarder",
            "capacity_t_per_year": 300000,
            "latitude": 29.7,
            "longitude": 107.39,
        }
    ],
}
PLACE = {"near": "29.70,107.39", "within_km": 300}
