"""A key names the one that takes its place; operators' keys may write the ledger, for they close its months.

Revision: 0021
After: 0020
Created: 2026-11-29 23:40:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_KEYS = sa.table(
    "api_keys", sa.column("id", sa.Uuid), sa.column("organisation_id", sa.Uuid), sa.column("scopes", sa.JSON)
)
_ORGANISATIONS = sa.table("organisations", sa.column("id", sa.Uuid), sa.column("roles", sa.JSON))
_CLOSE, _GRANT = "ledger:write", "keys:write"


def upgrade() -> None:
    """Add the successor; no key has one yet. No foreign key: keys are never deleted, and it would lock them all.

    Closing a month asked for no scope. Now it does, and the operators' keys that could grant all there was have it.
    """
    op.add_column("api_keys", sa.Column("replaced_by", sa.Uuid(), nullable=True))
    for key_id, scopes in _operators_keys():
        if _GRANT in scopes and _CLOSE not in scopes:
            _set_scopes(key_id, sorted([*scopes, _CLOSE]))


def downgrade() -> None:
    """Forget successors; each key keeps the expiry that it has."""
    for key_id, scopes in _operators_keys():
        _set_scopes(key_id, [scope for scope in scopes if scope != _CLOSE])
    op.drop_column("api_keys", "replaced_by")


def _operators_keys() -> list[tuple[object, list[str]]]:
    """Return the keys of organisations that are operators and nothing else that writes the ledger."""
    joined = sa.select(_KEYS.c.id, _KEYS.c.scopes, _ORGANISATIONS.c.roles).where(
        _ORGANISATIONS.c.id == _KEYS.c.organisation_id
    )
    return [(row.id, row.scopes) for row in op.get_bind().execute(joined) if row.roles == ["operator"]]


def _set_scopes(key_id: object, scopes: list[str]) -> None:
    op.get_bind().execute(sa.update(_KEYS).where(_KEYS.c.id == key_id).values(scopes=scopes))
