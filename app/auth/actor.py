"""The caller of a request: organisation, roles, scopes and jurisdiction."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, NewType, get_args
from uuid import UUID

KeyId = NewType("KeyId", UUID)
OrganisationId = NewType("OrganisationId", UUID)


class Role(StrEnum):
    """What an organisation is on the exchange."""

    PRODUCER = "producer"
    RECYCLER = "recycler"
    GOVERNMENT = "government"
    OPERATOR = "operator"


#: Who lets others act for it and acts for others: what an authority may do is not lent, nor does it act for companies.
COMPANIES = (Role.PRODUCER, Role.RECYCLER)


class Scope(StrEnum):
    """What a key may do on behalf of its organisation."""

    MARKET_READ = "market:read"
    LOTS_WRITE = "lots:write"
    DEMANDS_WRITE = "demands:write"
    AGREEMENTS_WRITE = "agreements:write"
    SHIPMENTS_WRITE = "shipments:write"
    LEDGER_WRITE = "ledger:write"
    STATISTICS_READ = "statistics:read"
    KEYS_WRITE = "keys:write"
    WEBHOOKS_WRITE = "webhooks:write"


#: What an organisation can let another do for it: never its keys, what it is told of, or letting others act.
DelegableScope = Literal[
    Scope.MARKET_READ,
    Scope.LOTS_WRITE,
    Scope.DEMANDS_WRITE,
    Scope.AGREEMENTS_WRITE,
    Scope.SHIPMENTS_WRITE,
    Scope.LEDGER_WRITE,
    Scope.STATISTICS_READ,
]
DELEGABLE: frozenset[Scope] = frozenset(get_args(DelegableScope))


@dataclass(frozen=True)
class Actor:
    """The authenticated caller; `jurisdiction` is a district key or its leading digits, None = whole country.

    Where another organisation acts for it, `delegate_id` is that one, whose key it is; all else is as if the
    organisation itself called, with no more scopes than it lent. `expires_at` is when this ends, at the latest.
    """

    key_id: KeyId
    organisation_id: OrganisationId
    name: str
    roles: frozenset[Role]
    scopes: frozenset[Scope]
    expires_at: datetime | None
    status: str
    jurisdiction: str | None = None
    delegate_id: OrganisationId | None = None

    def has_role(self, *roles: Role) -> bool:
        """Tell whether the caller has any of `roles`."""
        return not self.roles.isdisjoint(roles)
