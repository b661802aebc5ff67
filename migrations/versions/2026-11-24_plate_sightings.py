"""Sightings of plates, kept by triggers; indexes of the few loads and of the balances that inspectors ask for.

Each sighting stands beside the one before. Triggers keep them, so that no load is written past them.

Revision: 0016
After: 0015
Created: 2026-11-24 23:05:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

#: Gate, when a load was at it, and at which site it stands.
_GATES = (("1", "dispatched_at", "origin_site_id"), ("2", "received_at", "destination_site_id"))
_ORDER = "at, shipment_id, gate"
_END = "RETURN NULL"
_KEY = f"vehicle_plate, {_ORDER}"
_RARE_LOADS = (
    ("ix_shipments_disputed", "disputed IS 1", "disputed IS true"),
    ("ix_shipments_dispatched_beyond", "dispatched_beyond_kg > 0", "dispatched_beyond_kg > 0"),
)
#: No degree of latitude or longitude is longer than 112 km, so their sum is never below the distance. In no time: fast.
_SPEED = {
    "sqlite": (
        "112.0 * (abs(here.latitude - there.latitude) + abs(here.longitude - there.longitude)) "
        "/ max((julianday({later}) - julianday({earlier})) * 24.0, 0.0001)"
    ),
    "postgresql": (
        "112.0 * (abs(here.latitude - there.latitude) + abs(here.longitude - there.longitude)) "
        "/ greatest(extract(epoch FROM {later} - {earlier})::float8 / 3600.0, 0.0001)"
    ),
}


def upgrade() -> None:
    """Create the table, fill it from the loads on file, and create the triggers that keep it; add the indexes."""
    _create_sightings()
    _create_indexes()


def _create_indexes() -> None:
    for name, on_sqlite, on_postgresql in _RARE_LOADS:
        conditions = {"sqlite_where": sa.text(on_sqlite), "postgresql_where": sa.text(on_postgresql)}
        op.create_index(name, "shipments", ["id"], **conditions)
    columns = ["site_id", "account", "material", "origin_site_id", "stock_year", "month"]
    op.create_index("ix_ledger_flows_of_balance", "ledger_flows", columns)


def _create_sightings() -> None:
    op.create_table(
        "plate_sightings",
        sa.Column("vehicle_plate", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shipment_id", sa.Uuid(), nullable=False),
        sa.Column("gate", sa.String(length=1), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("before_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("before_shipment_id", sa.Uuid(), nullable=True),
        sa.Column("before_site_id", sa.Uuid(), nullable=True),
        sa.Column("km_h_at_most", sa.Float(53), nullable=True),
        sa.PrimaryKeyConstraint("vehicle_plate", "at", "shipment_id", "gate", name=op.f("pk_plate_sightings")),
        sqlite_with_rowid=False,
    )
    dialect = op.get_bind().dialect.name
    _fill(dialect)
    op.create_index(
        "ix_plate_sightings_fast",
        "plate_sightings",
        ["shipment_id", "gate"],
        sqlite_where=sa.text("km_h_at_most > 80"),
        postgresql_where=sa.text("km_h_at_most > 80"),
    )
    for statement in _sqlite_triggers() if dialect == "sqlite" else _postgresql_triggers():
        op.execute(sa.text(statement.replace(":", r"\:")))


def _fill(dialect: str) -> None:
    seen = " UNION ALL ".join(
        f"SELECT vehicle_plate, {at} AS at, id AS shipment_id, '{gate}' AS gate, {site} AS site_id "  # noqa: S608
        f"FROM shipments WHERE status <> 'voided' AND {at} IS NOT NULL"
        for gate, at, site in _GATES
    )
    before = ", ".join(
        f"lag({column}) OVER (PARTITION BY vehicle_plate ORDER BY {_ORDER}) AS before_{column}"
        for column in ("at", "shipment_id", "site_id")
    )
    speed = _SPEED[dialect].format(later="linked.at", earlier="linked.before_at")
    op.execute(
        sa.text(
            f"INSERT INTO plate_sightings ({_KEY}, site_id, before_at, before_shipment_id, before_site_id, "  # noqa: S608
            f"km_h_at_most) SELECT linked.*, {speed} FROM (SELECT {_KEY}, site_id, {before} FROM ({seen}) AS seen) "
            "AS linked JOIN sites AS here ON here.id = linked.site_id "
            "LEFT JOIN sites AS there ON there.id = linked.before_site_id".replace(":", r"\:")
        )
    )


def _link(seen: str) -> str:
    """Return SQLite's statement that links sighting `seen`, if there, and the one after it to those before them."""
    speed = _SPEED["sqlite"].format(later="plate_sightings.at", earlier="earlier.at")
    return (
        "UPDATE plate_sightings SET (before_at, before_shipment_id, before_site_id, km_h_at_most) = ("  # noqa: S608
        f"SELECT earlier.at, earlier.shipment_id, earlier.site_id, {speed} FROM plate_sightings AS earlier "
        "JOIN sites AS here ON here.id = plate_sightings.site_id JOIN sites AS there ON there.id = earlier.site_id "
        "WHERE earlier.vehicle_plate = plate_sightings.vehicle_plate AND (earlier.at, earlier.shipment_id, "
        "earlier.gate) < (plate_sightings.at, plate_sightings.shipment_id, plate_sightings.gate) "
        "ORDER BY earlier.at DESC, earlier.shipment_id DESC, earlier.gate DESC LIMIT 1) "
        f"WHERE ({_KEY}) IN (SELECT {_KEY} FROM plate_sightings WHERE vehicle_plate = {seen}.vehicle_plate "
        f"AND ({_ORDER}) >= ({seen}.at, {seen}.shipment_id, {seen}.gate) ORDER BY {_ORDER} LIMIT 2)"
    )


def _postgresql_links() -> list[str]:
    """Return the functions that link a sighting before it is stored, and the one after it when it comes or goes.

    Step by step, so that the plan of none is another than a look into the index, however old what is known of a table.
    """
    speed = _SPEED["postgresql"].format(later="seen.at", earlier="seen.before_at")
    seen_at = "(seen.at, seen.shipment_id, seen.gate)"
    linked = [
        (
            "SELECT at, shipment_id, site_id INTO seen.before_at, seen.before_shipment_id, seen.before_site_id "  # noqa: S608
            f"FROM plate_sightings WHERE vehicle_plate = seen.vehicle_plate AND ({_ORDER}) < {seen_at} "
            "ORDER BY at DESC, shipment_id DESC, gate DESC LIMIT 1"
        ),
        (
            f"seen.km_h_at_most := (SELECT {speed} FROM sites AS here, sites AS there "  # noqa: S608
            "WHERE here.id = seen.site_id AND there.id = seen.before_site_id)"
        ),
        "RETURN seen",
    ]
    link_next = [
        "IF TG_OP = 'DELETE' THEN seen := OLD; ELSE seen := NEW; END IF",
        (
            "SELECT * INTO seen FROM plate_sightings WHERE vehicle_plate = seen.vehicle_plate "  # noqa: S608
            f"AND ({_ORDER}) > {seen_at} ORDER BY {_ORDER} LIMIT 1"
        ),
        "IF NOT FOUND THEN RETURN NULL; END IF",
        "seen := linked_plate_sighting(seen)",
        (
            "UPDATE plate_sightings SET before_at = seen.before_at, before_shipment_id = seen.before_shipment_id, "
            "before_site_id = seen.before_site_id, km_h_at_most = seen.km_h_at_most WHERE vehicle_plate = "
            "seen.vehicle_plate AND at = seen.at AND shipment_id = seen.shipment_id AND gate = seen.gate"
        ),
        "RETURN NULL",
    ]
    return [
        (
            "CREATE FUNCTION linked_plate_sighting(seen plate_sightings) RETURNS plate_sightings LANGUAGE plpgsql "
            f"AS $$ BEGIN {'; '.join(linked)}; END $$"
        ),
        _function("link_plate_sighting", ["RETURN linked_plate_sighting(NEW)"]),
        _function("link_next_plate_sighting", link_next, "DECLARE seen plate_sightings; "),
    ]


def _insert(gate: str, at: str, site: str) -> str:
    return (
        f"INSERT INTO plate_sightings ({_KEY}, site_id) SELECT NEW.vehicle_plate, NEW.{at}, NEW.id, '{gate}', "
        f"NEW.{site} WHERE NEW.status <> 'voided' AND NEW.{at} IS NOT NULL"
    )


def _delete(gate: str, at: str) -> str:
    return (
        f"DELETE FROM plate_sightings WHERE vehicle_plate = OLD.vehicle_plate AND at = OLD.{at} "  # noqa: S608
        f"AND shipment_id = OLD.id AND gate = '{gate}'"
    )


def _update(at: str) -> str:
    return f"AFTER UPDATE OF vehicle_plate, {at}, status ON shipments"


def _changed(at: str, distinct: str) -> str:
    row = "({0}.vehicle_plate, {0}.{1}, {0}.status = 'voided')"
    return f"{row.format('OLD', at)} {distinct} {row.format('NEW', at)}"


def _move(dialect: str) -> str:
    """Return the statement that judges anew what was seen at a site whose position has changed, and after it."""
    speed = _SPEED[dialect].format(later="plate_sightings.at", earlier="plate_sightings.before_at")
    return (
        f"UPDATE plate_sightings SET km_h_at_most = (SELECT {speed} FROM sites AS here, sites AS there "  # noqa: S608
        "WHERE here.id = plate_sightings.site_id AND there.id = plate_sightings.before_site_id) "
        "WHERE (site_id = NEW.id OR before_site_id = NEW.id) AND vehicle_plate IN ("
        "SELECT vehicle_plate FROM shipments WHERE origin_site_id = NEW.id UNION SELECT vehicle_plate FROM shipments "
        "WHERE recycler_organisation_id = NEW.organisation_id AND destination_site_id = NEW.id)"
    )


def _sqlite_triggers() -> list[str]:
    triggers = [
        f"CREATE TRIGGER plate_sightings_{verb.lower()} AFTER {verb} ON plate_sightings BEGIN {_link(seen)}; END"
        for verb, seen in (("INSERT", "NEW"), ("DELETE", "OLD"))
    ]
    for gate, at, site in _GATES:
        insert, delete = _insert(gate, at, site), _delete(gate, at)
        changed = f"{_update(at)} WHEN {_changed(at, 'IS NOT')}"
        triggers += [
            f"CREATE TRIGGER shipments_seen_{gate} AFTER INSERT ON shipments BEGIN {insert}; END",
            f"CREATE TRIGGER shipments_seen_otherwise_{gate} {changed} BEGIN {delete}; {insert}; END",
        ]
    moved = "(OLD.latitude, OLD.longitude) IS NOT (NEW.latitude, NEW.longitude)"
    event = "AFTER UPDATE OF latitude, longitude ON sites"
    return [*triggers, f"CREATE TRIGGER sites_moved {event} WHEN {moved} BEGIN {_move('sqlite')}; END"]


def _postgresql_triggers() -> list[str]:
    # Of two loads of one plate, stored at once, neither sees the other: the second waits for the first one's commit.
    locks = [
        f"PERFORM pg_advisory_xact_lock(hashtextextended({which}(OLD.vehicle_plate, NEW.vehicle_plate), 0))"
        for which in ("least", "greatest")
    ]
    lock = "PERFORM pg_advisory_xact_lock(hashtextextended(NEW.vehicle_plate, 0))"
    functions = [
        *_postgresql_links(),
        _function("judge_plates_of_moved_site", [_move("postgresql"), _END]),
    ]
    triggers = [
        _trigger("plate_sightings_link", "BEFORE INSERT ON plate_sightings", "", "link_plate_sighting"),
        _trigger("plate_sightings_next", "AFTER INSERT OR DELETE ON plate_sightings", "", "link_next_plate_sighting"),
    ]
    for gate, at, site in _GATES:
        seen, otherwise = f"see_plate_{gate}", f"see_plate_otherwise_{gate}"
        functions += [
            _function(seen, [lock, _insert(gate, at, site), _END]),
            _function(otherwise, [*locks, _delete(gate, at), _insert(gate, at, site), _END]),
        ]
        changed = _changed(at, "IS DISTINCT FROM")
        triggers += [
            _trigger(f"shipments_seen_{gate}", "AFTER INSERT ON shipments", f"NEW.{at} IS NOT NULL", seen),
            _trigger(f"shipments_seen_otherwise_{gate}", _update(at), changed, otherwise),
        ]
    moved = "(OLD.latitude, OLD.longitude) IS DISTINCT FROM (NEW.latitude, NEW.longitude)"
    event = "AFTER UPDATE OF latitude, longitude ON sites"
    return [*functions, *triggers, _trigger("sites_moved", event, moved, "judge_plates_of_moved_site")]


def _function(name: str, statements: list[str], declarations: str = "") -> str:
    body = "; ".join(statements)
    return f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {declarations}BEGIN {body}; END $$"


def _trigger(name: str, event: str, condition: str, function: str) -> str:
    when = f" WHEN ({condition})" if condition else ""
    return f"CREATE TRIGGER {name} {event} FOR EACH ROW{when} EXECUTE FUNCTION {function}()"


def downgrade() -> None:
    """Drop indexes, triggers, functions and table."""
    op.drop_index("ix_ledger_flows_of_balance", "ledger_flows")
    for name, *_ in _RARE_LOADS:
        op.drop_index(name, "shipments")
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    names = [(f"shipments_{seen}_{gate}", "shipments") for seen in ("seen", "seen_otherwise") for gate, *_ in _GATES]
    for name, table in (*names, ("sites_moved", "sites")):
        op.execute(f"DROP TRIGGER {name}" if is_sqlite else f"DROP TRIGGER {name} ON {table}")
    if not is_sqlite:
        op.execute("DROP FUNCTION linked_plate_sighting(plate_sightings)")
    op.drop_table("plate_sightings")
    if not is_sqlite:
        seen = [f"see_plate_{gate}" for gate, *_ in _GATES]
        otherwise = [f"see_plate_otherwise_{gate}" for gate, *_ in _GATES]
        linking = ("link_plate_sighting", "link_next_plate_sighting", "judge_plates_of_moved_site")
        for name in (*linking, *seen, *otherwise):
            op.execute(f"DROP FUNCTION {name}()")
