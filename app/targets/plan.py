"""What a target is, and those of the Chongqing green plan in the catalogue: one rate of the ledger, six indicators."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Literal
from uuid import UUID

from app.catalogue.policy import Target as PublishedTarget
from app.catalogue.reference import reference

Comparison = Literal["at_least", "at_most"]
_PLAN = "cq-green-plan"
#: The one that the ledger can answer; the ledger knows nothing of what the others count.
_RATE = "cq_manufacturing_green_plan_rate"
#: Where the catalogue's areas lie.
_DISTRICTS = {"Chongqing": "50"}
_NAMES_ZH = {
    _RATE: "大宗工业固体废物综合利用率",
    "cq_energy_per_value_added": "规模以上工业单位增加值能耗较2020年变化",
    "cq_water_per_value_added": "规模以上工业单位增加值用水量较2020年变化",
    "cq_green_parks": "绿色工业园区数",
    "cq_green_factories": "绿色工厂数",
    "cq_water_saving_enterprises": "节水型企业数",
    "cq_green_products": "绿色产品数",
}
PERCENT = "%"


@dataclass(frozen=True)
class Target:
    """What is to be reached, where and when; of a plan in the catalogue or of an authority.

    `district` None is the whole country, `materials` None the bulk streams. A target that `is_computed` is a rate of
    the ledger; of any other the authority enters the values.
    """

    key: str
    id: UUID | None
    name_en: str
    name_zh: str
    is_computed: bool
    value: Decimal
    unit: str
    comparison: Comparison
    target_year: int
    district: str | None
    materials: tuple[str, ...] | None
    source: str

    def is_met_by(self, value: Decimal) -> bool:
        """Tell whether a value reaches the target."""
        return value >= self.value if self.comparison == "at_least" else value <= self.value


@cache
def plan_targets() -> dict[str, Target]:
    """Return the plan's targets by key, in the order of the catalogue."""
    return {entry.key: _of_plan(entry) for entry in reference().targets.values() if entry.source == _PLAN}


def _of_plan(entry: PublishedTarget) -> Target:
    return Target(
        key=entry.key,
        id=None,
        name_en=entry.text,
        name_zh=_NAMES_ZH[entry.key],
        is_computed=entry.key == _RATE,
        value=entry.value,
        unit=entry.unit,
        # A plan that wants a fall gives it as a negative change: a larger fall is better.
        comparison="at_least" if entry.value > 0 else "at_most",
        target_year=entry.target_year,
        district=_DISTRICTS[entry.scope],
        materials=None,
        source=entry.source,
    )


def counts_things(target: Target) -> bool:
    """Tell whether an indicator is a number of things, which is whole and not negative, and not a change in percent."""
    return not target.unit.startswith(PERCENT)
