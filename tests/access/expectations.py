"""Who may call each operation, and how it answers others: one row an operation, written by hand from the contract.

A new operation needs a row. `who` and `scope` are what the route names; `stranger` is how it answers one who may call
it and owns nothing of what its example names: a producer and recycler, and where not said otherwise all others too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from app.auth.actor import Role, Scope


class Public(Enum):
    """Who may call without being of some role."""

    ANYBODY = auto()
    #: Also of a pending or suspended organisation.
    ANY_KEY = auto()


class Answer(Enum):
    """How an operation answers one who owns nothing of what its example names."""

    #: 404, word for word as for an id that nothing has.
    HIDDEN = auto()
    #: Success with the caller's own, of which there is nothing; the owner's answer holds what must not leak.
    OWN = auto()
    #: Success with what is on the market or of no organisation; nothing private in it.
    OPEN = auto()
    #: Success with private data, by right: an authority within its jurisdiction, the operator.
    SEES = auto()
    #: 422: the body names what is not the caller's.
    FAULT = auto()
    #: 403 `outside_jurisdiction`.
    OUTSIDE = auto()
    #: 403 `scope_exceeded`: the example grants what no key of these organisations has.
    EXCESS = auto()


@dataclass(frozen=True)
class Row:
    """One operation; `inspector` is another authority of the same jurisdiction, `far` one of another province."""

    who: frozenset[Role] | Public
    scope: Scope | None = None
    stranger: Answer | None = None
    inspector: Answer | None = None
    far: Answer | None = None
    operator: Answer | None = None

    def answer_to(self, kind: str) -> Answer | None:
        """Return how a kind of stranger is answered; None: there is no stranger, whoever may call it is an equal."""
        own: Answer | None = getattr(self, kind)
        return own or self.stranger


_ANYBODY, _ANY_KEY = Public.ANYBODY, Public.ANY_KEY
_HIDDEN, _OWN, _OPEN, _SEES, _FAULT, _OUTSIDE, _EXCESS = Answer
_P, _R, _G, _O = (frozenset({role}) for role in Role)
_TRADERS = _P | _R
_ALL = _TRADERS | _G | _O
_MARKET, _STATISTICS, _KEYS = Scope.MARKET_READ, Scope.STATISTICS_READ, Scope.KEYS_WRITE
_LOTS, _DEMANDS, _LEDGER = Scope.LOTS_WRITE, Scope.DEMANDS_WRITE, Scope.LEDGER_WRITE
_AGREEMENTS, _SHIPMENTS, _WEBHOOKS = Scope.AGREEMENTS_WRITE, Scope.SHIPMENTS_WRITE, Scope.WEBHOOKS_WRITE

#: By operation id.
ROWS: Mapping[str, Row] = {
    # Reference data
    **dict.fromkeys(
        (
            "get_materials",
            "get_material",
            "get_parameters",
            "get_parameter",
            "get_grades",
            "get_grade",
            "get_uses",
            "get_treatments",
            "get_districts",
        ),
        Row(_ANYBODY),
    ),
    "read_health": Row(_ANYBODY),
    "read_ready": Row(_ANYBODY),
    "read_metrics": Row(_ANYBODY),
    # Organisations and keys
    "post_organisation": Row(_ANYBODY),
    "get_organisations": Row(_O, _MARKET),
    "get_organisation": Row(_O, _MARKET),
    "approve_organisation": Row(_O, _KEYS),
    "suspend_organisation": Row(_O, _KEYS),
    "get_me": Row(_ANY_KEY, stranger=_OWN),
    "post_token": Row(_ANYBODY),
    "post_key": Row(_ALL, _KEYS, _OPEN, inspector=_EXCESS, far=_EXCESS, operator=_EXCESS),
    "get_keys": Row(_ALL, _KEYS, _OWN),
    "get_key": Row(_ALL, _KEYS, _HIDDEN),
    "rotate_key": Row(_ALL, _KEYS, _HIDDEN),
    "delete_key": Row(_ALL, _KEYS, _HIDDEN),
    # Delegations: of either side
    "post_delegation": Row(_TRADERS, _KEYS, _OPEN),
    "get_delegations": Row(_TRADERS, stranger=_OWN),
    "get_delegation": Row(_TRADERS, stranger=_HIDDEN),
    "revoke_delegation": Row(_TRADERS, _KEYS, _HIDDEN),
    # Sites: any key of the organisation reads them, for what it writes names them
    "post_site": Row(_ALL, _LEDGER, _OPEN),
    "get_sites": Row(_ALL, stranger=_OWN),
    "get_site": Row(_ALL, stranger=_HIDDEN),
    "patch_site": Row(_ALL, _LEDGER, _HIDDEN),
    "put_stream": Row(_ALL, _LEDGER, _HIDDEN),
    "get_streams": Row(_ALL, stranger=_HIDDEN),
    "get_stream": Row(_ALL, stranger=_HIDDEN),
    "put_capacity": Row(_R, _LEDGER, _HIDDEN),
    "get_capacities": Row(_ALL, stranger=_HIDDEN),
    "get_capacity": Row(_ALL, stranger=_HIDDEN),
    # Imports and their jobs; what a file may land is judged row by row when the job runs
    "import_lots": Row(_P, _LOTS, _OPEN),
    "import_shipments": Row(_P, _SHIPMENTS, _OPEN),
    "import_declarations": Row(_P, _LEDGER, _OPEN),
    "get_lots_template": Row(_P, stranger=_OPEN),
    "get_shipments_template": Row(_P, stranger=_OPEN),
    "get_declarations_template": Row(_P, stranger=_OPEN),
    "get_jobs": Row(_ALL, stranger=_OWN),
    "get_job": Row(_ALL, stranger=_HIDDEN),
    "get_job_refusals": Row(_ALL, stranger=_HIDDEN),
    "cancel_job": Row(_ALL, stranger=_HIDDEN),  # the scope is that of what was handed in
    # The market: open lots are for every member
    "get_queryables": Row(_ALL, _MARKET, _OPEN),
    "get_facets": Row(_ALL, _MARKET, _OPEN),
    "get_lots": Row(_ALL, _MARKET, _OPEN),
    "get_lot": Row(_ALL, _MARKET, _OPEN),
    "get_lot_verdict": Row(_ALL, _MARKET, _OPEN),
    "get_assays": Row(_ALL, _MARKET, _OPEN),
    "get_assay": Row(_ALL, _MARKET, _OPEN),
    "post_lot": Row(_P, _LOTS, _FAULT),
    "patch_lot": Row(_P, _LOTS, _HIDDEN),
    "withdraw_lot": Row(_P, _LOTS, _HIDDEN),
    "post_assay": Row(_P, _LOTS, _HIDDEN),
    "get_lot_matches": Row(_ALL, _MARKET, _HIDDEN),
    "post_demand": Row(_R, _DEMANDS, _FAULT),
    "get_demands": Row(_R, _MARKET, _OWN),
    "get_demand": Row(_R, _MARKET, _HIDDEN),
    "patch_demand": Row(_R, _DEMANDS, _HIDDEN),
    "withdraw_demand": Row(_R, _DEMANDS, _HIDDEN),
    "get_demand_matches": Row(_ALL, _MARKET, _HIDDEN),
    "post_blend": Row(_R, _MARKET, _HIDDEN),
    "post_saved_search": Row(_ALL, _WEBHOOKS, _OPEN),
    "get_saved_searches": Row(_ALL, _MARKET, _OWN),
    "get_saved_search": Row(_ALL, _MARKET, _HIDDEN),
    "delete_saved_search": Row(_ALL, _WEBHOOKS, _HIDDEN),
    "get_saved_search_matches": Row(_ALL, _MARKET, _HIDDEN),
    # Agreements, loads, use: for their parties
    "post_agreement": Row(_TRADERS, _AGREEMENTS, _FAULT),
    "get_agreements": Row(_TRADERS, _MARKET, _OWN),
    "get_agreement": Row(_TRADERS, _MARKET, _HIDDEN),
    "accept_agreement": Row(_TRADERS, _AGREEMENTS, _HIDDEN),
    "decline_agreement": Row(_TRADERS, _AGREEMENTS, _HIDDEN),
    "withdraw_agreement": Row(_TRADERS, _AGREEMENTS, _HIDDEN),
    "cancel_agreement": Row(_TRADERS, _AGREEMENTS, _HIDDEN),
    "complete_agreement": Row(_TRADERS, _AGREEMENTS, _HIDDEN),
    "post_shipment": Row(_P, _SHIPMENTS, _HIDDEN),
    "get_shipments": Row(_TRADERS, _MARKET, _OWN),
    "get_shipment": Row(_TRADERS, _MARKET, _HIDDEN),
    "post_receipt": Row(_R, _SHIPMENTS, _HIDDEN),
    "void_shipment": Row(_P, _SHIPMENTS, _HIDDEN),
    "post_correction": Row(_TRADERS, _SHIPMENTS, _HIDDEN),
    "get_corrections": Row(_TRADERS, _MARKET, _OWN),
    "get_correction": Row(_TRADERS, _MARKET, _HIDDEN),
    "approve_correction": Row(_TRADERS, _SHIPMENTS, _HIDDEN),
    "reject_correction": Row(_TRADERS, _SHIPMENTS, _HIDDEN),
    "post_utilisation": Row(_R, _LEDGER, _FAULT),
    "get_utilisations": Row(_R, _MARKET, _OWN),
    "get_utilisation": Row(_R, _MARKET, _HIDDEN),
    "reverse_utilisation": Row(_R, _LEDGER, _HIDDEN),
    # The ledger
    "post_opening_stock": Row(_P, _LEDGER, _FAULT),
    "get_opening_stocks": Row(_P, _MARKET, _OWN),
    "get_opening_stock": Row(_P, _MARKET, _HIDDEN),
    "post_declaration": Row(_P, _LEDGER, _FAULT),
    "get_declarations": Row(_P, _MARKET, _OWN),
    "get_declaration": Row(_P, _MARKET, _HIDDEN),
    "get_balances": Row(_ALL, _STATISTICS, _OWN, inspector=_SEES, operator=_SEES),
    "get_entries": Row(_ALL, _STATISTICS, _OWN, inspector=_SEES, operator=_SEES),
    "close_period": Row(_O, _LEDGER),
    "get_periods": Row(_ALL, _STATISTICS, _OPEN),
    "get_ledger_table": Row(_TRADERS | _G, _STATISTICS, _HIDDEN, inspector=_SEES, far=_OUTSIDE),
    # Statistics
    "get_utilisation_statistics": Row(_ALL, _STATISTICS, _OPEN, far=_OUTSIDE),
    "post_snapshot": Row(_G, _LEDGER, _OPEN, far=_OUTSIDE),
    "get_snapshots": Row(_G, _STATISTICS, _OWN),
    "get_snapshot": Row(_G, _STATISTICS, _HIDDEN),
    "get_snapshot_diff": Row(_G, _STATISTICS, _HIDDEN),
    "get_anomalies": Row(_G, _STATISTICS, _OWN, inspector=_SEES),
    "post_target": Row(_G, _LEDGER, _OPEN, far=_OUTSIDE),
    "get_targets": Row(_G | _O, _STATISTICS, _OWN, inspector=_SEES, operator=_SEES),
    "get_target": Row(_G | _O, _STATISTICS, _HIDDEN, inspector=_SEES, operator=_SEES),
    "post_target_value": Row(_G, _LEDGER, _HIDDEN, inspector=_SEES),
    "get_target_values": Row(_G | _O, _STATISTICS, _HIDDEN, inspector=_SEES, operator=_SEES),
    "get_target_value": Row(_G | _O, _STATISTICS, _HIDDEN, inspector=_SEES, operator=_SEES),
    "get_progress": Row(_G | _O, _STATISTICS, _HIDDEN, inspector=_OPEN, operator=_OPEN),
    # Plans: of whoever asked; the sides of a flow see it once it is published
    "post_plan": Row(_G | _O, _LEDGER, _OPEN, far=_OUTSIDE),
    "get_plans": Row(_G | _O, _STATISTICS, _OWN),
    "get_plan": Row(_G | _O, _STATISTICS, _HIDDEN),
    "cancel_plan": Row(_G | _O, _LEDGER, _HIDDEN),
    "get_plan_flows": Row(_G | _O, _STATISTICS, _HIDDEN),
    "get_plan_levers": Row(_G | _O, _STATISTICS, _HIDDEN),
    "publish_plan": Row(_G | _O, _LEDGER, _HIDDEN),
    "get_suggestions": Row(_TRADERS, _MARKET, _OWN),
    "propose_plan_flow": Row(_TRADERS, _AGREEMENTS, _HIDDEN),
    # Events: what a caller may see is settled when they are recorded
    "get_events": Row(_ALL, _MARKET, _OWN),
    # Webhooks
    "post_webhook": Row(_ALL, _WEBHOOKS, _OPEN),
    "get_webhooks": Row(_ALL, _WEBHOOKS, _OWN),
    **dict.fromkeys(
        (
            "get_webhook",
            "patch_webhook",
            "delete_webhook",
            "rotate_webhook",
            "ping_webhook",
            "get_deliveries",
            "get_delivery",
            "replay_delivery",
        ),
        Row(_ALL, _WEBHOOKS, _HIDDEN),
    ),
}

#: Whose owners' answers to the examples hold nothing that is marked: figures alone, what is on the market anyway, or
#: what only a worker would have made.
UNMARKED = frozenset(
    {
        "get_site",
        "get_job_refusals",
        "get_deliveries",
        "get_demand_matches",
        "get_saved_search_matches",
        "get_ledger_table",
        "get_snapshot",
        "get_anomalies",
        "get_plan_levers",
        "get_progress",
    }
)

#: What nobody but the owner, the parties and those who SEE may read: the ids of these tables …
PRIVATE_IDS = (
    "api_keys",
    "demands",
    "agreements",
    "delegations",
    "shipments",
    "corrections",
    "utilisations",
    "jobs",
    "plans",
    "ledger_transactions",
    "ledger_entries",
    "opening_stocks",
    "declarations",
    "saved_searches",
    "saved_search_matches",
    "targets",
    "target_values",
    "webhooks",
    "webhook_deliveries",
)
#: … and these texts, in each row of which a mark of its own is planted.
PRIVATE_TEXTS: Mapping[str, tuple[str, ...]] = {
    "api_keys": ("name",),
    "organisations": ("contact_email",),
    "site_streams": ("generation_step", "main_components", "pollution_characteristics", "facilities"),
    "site_capacities": ("permit_no",),
    "shipments": ("ticket_no", "vehicle_plate", "carrier", "driver_name", "driver_phone", "handler", "reason"),
    "corrections": ("comment",),
    "utilisations": ("batch_no", "product"),
    "declarations": ("receivers", "self_use_method", "disposal_method"),
    "saved_searches": ("name",),
    "snapshots": ("title",),
    "targets": ("name",),
    "target_values": ("source",),
    "webhooks": ("url",),
}
