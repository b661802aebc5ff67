"""Row-level security on the private tables of PostgreSQL: who is not named sees nothing, who is sees its own.

Programs from before it name nobody and find no private row, unless they connect as a superuser: stop them first.
Nothing on SQLite, which has no such thing. On the tables' owner it is forced too; superusers and roles with BYPASSRLS
pass it by. `swx migrate --app-role` lets a role in that owns nothing. Each transaction says who calls: see
app/core/row_security.py.

Revision: 0024
After: 0023
Created: 2026-11-30 03:10:00.000000+00:00
"""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# Sub-selects without a reference to the row are evaluated once for a statement, and only if they are needed.
_REACH = "(SELECT current_setting('swx.reach', true))"
_CALLER = "(SELECT CAST(nullif(current_setting('swx.organisation', true), '') AS uuid))"
_IS_EXCHANGE = f"{_REACH} = 'exchange'"
_IS_AUTHORITY = f"{_REACH} IN ('authority', 'operator')"
# Its own sites, and those that what it posts touches.
_SITES = (
    f"ARRAY(SELECT own.id FROM sites AS own WHERE own.organisation_id = {_CALLER} UNION ALL "  # noqa: S608 - text of ours
    "SELECT CAST(named.id AS uuid) FROM "
    "string_to_table(nullif(current_setting('swx.sites', true), ''), ',') AS named (id))"
)
_PARTIES = ("producer_organisation_id", "recycler_organisation_id")
_BOTH_SITES = ("site_id", "origin_site_id")
#: Tables by the columns that hold whose rows they are: organisations, or sites.
_BY_ORGANISATION = {
    "agreements": _PARTIES,
    "shipments": _PARTIES,
    "utilisations": ("organisation_id",),
    "declarations": ("organisation_id",),
    "opening_stocks": ("organisation_id",),
    "api_keys": ("organisation_id",),
    "delegations": ("principal_id", "delegate_id"),
    "jobs": ("organisation_id",),
    "saved_searches": ("organisation_id",),
    "webhooks": ("organisation_id",),
}
_BY_SITE = {
    "ledger_balances": _BOTH_SITES,
    "ledger_entries": _BOTH_SITES,
    "ledger_flows": _BOTH_SITES,
    "ledger_origin_months": ("origin_site_id",),
    "ledger_origin_years": ("origin_site_id",),
    "received_loads": _BOTH_SITES,
    "site_capacities": ("site_id",),
    "site_streams": ("site_id",),
}
#: Tables whose rows are those of whoever owns the row that they belong to, with the column that names it.
_BY_PARENT = {
    "agreement_months": ("agreements", "agreement_id"),
    "corrections": ("shipments", "shipment_id"),
    "utilisation_draws": ("utilisations", "utilisation_id"),
    "job_inputs": ("jobs", "job_id"),
    "job_refusals": ("jobs", "job_id"),
    "saved_search_matches": ("saved_searches", "saved_search_id"),
    "saved_search_reach": ("saved_searches", "saved_search_id"),
    "webhook_deliveries": ("webhooks", "webhook_id"),
}
#: Triggers alone write who was seen where, of everybody's lorries; it is nobody's own.
_BY_TRIGGERS = {"plate_sightings": "pg_trigger_depth() > 0"}
#: What statistics, statutory tables and anomalies are made of: authorities and operators read all of it.
_READ_BY_AUTHORITIES = (
    *("agreements", "agreement_months", "shipments", "corrections", "utilisations", "utilisation_draws"),
    *("declarations", "opening_stocks", *_BY_SITE, *_BY_TRIGGERS),
)
#: What everybody may know of agreements: how much of a demand they bring, and when. Not whose they are.
_FUNCTIONS = {
    "agreements_of_demands": (
        (
            "TABLE (id uuid, demand_id uuid, status varchar, is_recurring boolean, quantity_kg bigint, "
            "shipped_kg bigint, starts_on date, ends_on date, accepted_at timestamptz)"
        ),
        (
            "SELECT id, demand_id, status, is_recurring, quantity_kg, shipped_kg, starts_on, ends_on, accepted_at "
            "FROM agreements WHERE demand_id = ANY (ids)"
        ),
    ),
    "months_of_agreements": (
        "TABLE (agreement_id uuid, month varchar, shipped_kg bigint)",
        "SELECT agreement_id, month, shipped_kg FROM agreement_months WHERE agreement_id = ANY (ids)",
    ),
}


def upgrade() -> None:
    """Create the policies, and the functions that tell everybody what is everybody's."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for name, (columns, query) in _FUNCTIONS.items():
        op.execute(_function(name, columns, query))
    for table, own in _owners().items():
        op.execute(f"CREATE POLICY own ON {table} USING ({_IS_EXCHANGE} OR {own})")
        if table in _READ_BY_AUTHORITIES:
            op.execute(f"CREATE POLICY read_by_authorities ON {table} FOR SELECT USING ({_IS_AUTHORITY})")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def _function(name: str, columns: str, query: str) -> str:
    """Return a function whose query reaches every row, and nothing after it does."""
    # Not by SET in its definition: only superusers may say that there of a setting of ours.
    return (
        f"CREATE FUNCTION {name}(ids uuid[]) RETURNS {columns} LANGUAGE plpgsql AS $$ #variable_conflict use_column\n"
        "DECLARE before text := current_setting('swx.reach', true); BEGIN "
        f"PERFORM set_config('swx.reach', 'exchange', true); RETURN QUERY {query}; "
        "PERFORM set_config('swx.reach', coalesce(before, ''), true); END $$"
    )


def _owners() -> dict[str, str]:
    """Return by table the condition on a row to be the caller's own."""
    owners = {table: _is_callers(table) for table in _BY_ORGANISATION}
    owners |= {
        table: " OR ".join(f"{table}.{column} = ANY ({_SITES})" for column in columns)
        for table, columns in _BY_SITE.items()
    }
    owners |= {
        table: f"EXISTS (SELECT FROM {parent} WHERE {parent}.id = {table}.{column} AND ({_is_callers(parent)}))"
        for table, (parent, column) in _BY_PARENT.items()
    }
    return owners | _BY_TRIGGERS


def _is_callers(table: str) -> str:
    return " OR ".join(f"{table}.{column} = {_CALLER}" for column in _BY_ORGANISATION[table])


def downgrade() -> None:
    """Drop the policies and functions."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _owners():
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        op.execute(f"DROP POLICY IF EXISTS read_by_authorities ON {table}")
        op.execute(f"DROP POLICY own ON {table}")
    for name in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}(uuid[])")
