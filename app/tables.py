"""Every table of the exchange in one metadata: for migrations, for tests, and so that foreign keys resolve.

And which of them are private: row-level security of PostgreSQL keeps their rows from others (migration 0024). A table
that comes to be is named here, and its migration brings its policy if it is private.
"""

from collections.abc import Mapping

from app.anomalies import models as anomalies
from app.auth import models as auth
from app.core.database import Base
from app.delegations import models as delegations
from app.demands import models as demands
from app.events import models as events
from app.exchange import models as exchange
from app.imports import models as imports
from app.jobs import models as jobs
from app.ledger import models as ledger
from app.lots import models as lots
from app.matching import models as matching
from app.organisations import models as organisations
from app.plans import models as plans
from app.requests import models as requests
from app.statistics import models as statistics
from app.targets import models as targets
from app.webhooks import models as webhooks

metadata = Base.metadata
#: Their rows are seen by whom they concern, and some by authorities; by nobody whom a transaction does not name.
PRIVATE: frozenset[str] = frozenset(
    {
        "agreement_months",
        "agreements",
        "api_keys",
        "corrections",
        "declarations",
        "delegations",
        "job_inputs",
        "job_refusals",
        "jobs",
        "ledger_balances",
        "ledger_entries",
        "ledger_flows",
        "ledger_origin_months",
        "ledger_origin_years",
        "opening_stocks",
        "plan_flows",
        "plans",
        "plate_sightings",
        "received_loads",
        "saved_search_matches",
        "saved_search_reach",
        "saved_searches",
        "shipments",
        "site_capacities",
        "site_streams",
        "utilisation_draws",
        "utilisations",
        "webhook_deliveries",
        "webhooks",
    }
)
#: All others, each with why it has no such lock.
PUBLIC: Mapping[str, str] = {
    "assays": "every active caller may read what a lot is made of",
    "demands": "the market: every active caller may read them",
    "event_cursors": "how far consumers have read; of nobody",
    "event_head": "one row, locked by whoever appends",
    "event_viewers": "whoever verifies the chain reads who saw what; feeds filter by viewer, imports write by COPY",
    "events": "one chain of all; feeds filter by viewer, imports write by COPY, which policies do not allow",
    "idempotency_keys": "found by a digest of caller and key alone; claimed before anything else is known",
    "imported_rows": "fingerprints alone, written by COPY, which policies do not allow",
    "ledger_head": "one row, locked by whoever posts",
    "ledger_periods": "every active caller may read which months are closed",
    "ledger_transactions": "when and why something was posted; whose it is and how much stands in the entries",
    "lot_months": "the market: what of a lot is free in a month",
    "lots": "the market: every active caller may read them; imports write by COPY, which policies do not allow",
    "organisations": "every active caller may read who trades here",
    "parameter_ranges": "the market: what is measured of a material, of all lots together",
    "rate_buckets": "how fast keys and addresses ask; counted before anybody is known",
    "sites": "the market: where lots and demands are",
    "snapshots": "what an authority has published",
    "target_values": "every active caller may read how plans stand",
    "targets": "every active caller may read what authorities want reached",
}

__all__ = [
    "PRIVATE",
    "PUBLIC",
    "anomalies",
    "auth",
    "delegations",
    "demands",
    "events",
    "exchange",
    "imports",
    "jobs",
    "ledger",
    "lots",
    "matching",
    "metadata",
    "organisations",
    "plans",
    "requests",
    "statistics",
    "targets",
    "webhooks",
]
