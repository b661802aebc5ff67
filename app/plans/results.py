"""What the process that computes plans is asked and answers: msgpack over its standard streams."""

from datetime import datetime
from uuid import UUID

import msgspec


class Order(msgspec.Struct, frozen=True):
    """Which plan of which database, and the house rules of its answer."""

    url: str
    plan_id: UUID
    kind: str
    zone: str
    detour_factor: float
    per_t_km_cny: str
    fixed_cny_per_t: str
    assay_max_age_months: int


class FlowRow(msgspec.Struct, frozen=True, array_like=True):
    """One flow, as its table has it but for what is of the whole plan."""

    number: int
    producer_organisation_id: UUID
    recycler_organisation_id: UUID | None
    lot_id: UUID | None
    demand_id: UUID | None
    added_plant: int | None
    material: str
    origin_site_id: UUID
    destination_site_id: UUID | None
    month: str
    quantity_kg: int
    metres: int
    delivered_fen_per_t: int
    lot_terms: int | None
    demand_terms: int | None


class Advanced(msgspec.Struct, frozen=True, tag=True):
    """So many steps are done."""

    done: int


class Planned(msgspec.Struct, frozen=True, tag=True):
    """The plan: what was solved and how, its digest, the answer as JSON, its flows."""

    as_of: datetime
    input: bytes
    input_sha256: str
    solution: bytes
    answer: str
    flows: list[FlowRow]


class Ranked(msgspec.Struct, frozen=True, tag=True):
    """The levers of a plan, as JSON."""

    levers: str


class Failed(msgspec.Struct, frozen=True, tag=True):
    """It cannot be computed, for a reason that whoever asked can read."""

    code: str
    detail: str


Answer = Advanced | Planned | Ranked | Failed
decode_order = msgspec.msgpack.Decoder(Order).decode
decode_answer = msgspec.msgpack.Decoder(Answer).decode
encode = msgspec.msgpack.Encoder().encode
