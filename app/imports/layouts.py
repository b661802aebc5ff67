"""The columns of each kind of file: names in English and Chinese, their place in the body, a note and an example."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.core.clock import today
from app.imports.cells import read_date, read_instant, read_material, read_month
from app.imports.columns import Field
from app.imports.kinds import ImportKind

_TONNES = "t, up to 3 decimals 吨"


@dataclass(frozen=True)
class Layout:
    """How the rows of a kind of file become bodies; `chunk_rows` land in one transaction."""

    fields: Sequence[Field]
    with_parameters: bool
    with_sites: bool
    chunk_rows: int


def _sites() -> tuple[Field, Field]:
    return (
        Field("site", "场地名称", ("site",), "name of one of your sites, or give site_id 本企业场地名称"),
        Field("site_id", "场地编号", ("site_id",), "id of one of your sites 本企业场地编号"),
    )


def _lot_fields() -> tuple[Field, ...]:
    day = today()
    return (
        *_sites(),
        Field("material", "物料", ("material",), "key or Chinese name 键或中文名", "phosphogypsum", read_material),
        Field("quantity_t", "数量", ("quantity_t",), f"{_TONNES}; empty where it recurs 按月供应时为空", "12000"),
        Field(
            "recurring_t_per_month",
            "每月供应量",
            ("recurring", "quantity_t"),
            f"{_TONNES} a month, in place of quantity_t; empty: once 连续供应的月供量，一次性供应为空",
        ),
        Field("min_order_t", "最小起订量", ("min_order_t",), f"{_TONNES}; may be empty 可空", "500"),
        Field("available_from", "供货开始日期", ("available_from",), "YYYY-MM-DD", str(day), read_date),
        Field("available_to", "供货截止日期", ("available_to",), "YYYY-MM-DD", str(day + timedelta(180)), read_date),
        Field("price_cny_per_t", "出厂价", ("price_cny_per_t",), "CNY/t, negative: you pay 元/吨，负为付费处置", "-15"),
        Field("origin_process", "产生工艺", ("origin", "process"), "may be empty 可空", "dihydrate"),
        Field("stock_year", "贮存年份", ("stock_year",), "empty: fresh waste of this year 空为当年新产生", ""),
        Field("sampled_on", "采样日期", ("assay", "sampled_on"), "YYYY-MM-DD", str(day - timedelta(10)), read_date),
        Field("laboratory", "检测单位", ("assay", "laboratory"), "may be empty 可空", "重庆市建材检测中心"),
        Field("report_no", "报告编号", ("assay", "report_no"), "may be empty 可空", "JC-2026-0719"),
    )


def _shipment_fields() -> tuple[Field, ...]:
    return (
        Field("agreement_id", "合同编号", ("agreement_id",), "id of your agreement 本企业合同编号"),
        Field("ticket_no", "磅单号", ("ticket_no",), "unique at the site 场地内唯一", "CS-001"),
        Field("vehicle_plate", "车牌号", ("vehicle_plate",), "", "渝A12345"),
        Field(
            "dispatched_at",
            "发运时间",
            ("dispatched_at",),
            "YYYY-MM-DD hh:mm, business time unless an offset is given 当地时间",
            f"{today()} 00:00:01",
            read_instant,
        ),
        Field("gross_t", "毛重", ("gross_t",), f"{_TONNES}; with tare_t, or give net_t", "48.32"),
        Field("tare_t", "皮重", ("tare_t",), _TONNES, "15.1"),
        Field("net_t", "净重", ("net_t",), _TONNES, "33.22"),
        Field("moisture_pct", "含水率", ("moisture_pct",), "% of the wet mass; may be empty 可空", "12.5"),
        Field("stock_year", "贮存年份", ("stock_year",), "may be empty: as the lot says 可空", ""),
        Field("carrier", "承运单位", ("carrier",), "may be empty 可空", "重庆长江运输公司"),
        Field("driver_name", "驾驶员", ("driver_name",), "may be empty 可空", ""),
        Field("driver_phone", "驾驶员电话", ("driver_phone",), "may be empty 可空", ""),
        Field("handler", "经办人", ("handler",), "may be empty 可空", ""),
        Field("transport_mode", "运输方式", ("transport_mode",), "may be empty 可空", "road"),
    )


def _total(name: str, name_zh: str, example: str = "") -> Field:
    return Field(name, name_zh, (name,), f"{_TONNES}; empty: 0 空为0", example)


def _declaration_fields() -> tuple[Field, ...]:
    return (
        *_sites(),
        Field("material", "物料", ("material",), "key or Chinese name 键或中文名", "phosphogypsum", read_material),
        Field("month", "月份", ("month",), "YYYY-MM", f"{today():%Y-%m}", read_month),
        Field("generated_t", "产生量", ("generated_t",), _TONNES, "5000"),
        _total("self_utilised_t", "自行利用量", "350.5"),
        _total("self_utilised_from_prior_t", "自行利用往年贮存量"),
        _total("disposed_t", "自行处置量"),
        _total("disposed_from_prior_t", "自行处置往年贮存量"),
        _total("discarded_t", "倾倒丢弃量"),
        _total("entrusted_utilised_t", "委托利用量"),
        _total("entrusted_utilised_from_prior_t", "委托利用往年贮存量"),
        _total("entrusted_disposed_t", "委托处置量"),
        _total("entrusted_disposed_from_prior_t", "委托处置往年贮存量"),
        Field("receivers", "接收单位", ("receivers",), "may be empty 可空", ""),
        Field("self_use_method", "自行利用方式", ("self_use_method",), "may be empty 可空", "井下充填"),
        Field("disposal_method", "处置方式", ("disposal_method",), "may be empty 可空", ""),
    )


#: Rows that are landed one by one stand in small chunks, so that nobody waits long for the locks of one.
_ONE_BY_ONE = 100


def layout_of(kind: ImportKind) -> Layout:
    """Return the layout of a kind of file, with examples of today."""
    layouts: Mapping[ImportKind, Layout] = {
        ImportKind.LOTS: Layout(_lot_fields(), with_parameters=True, with_sites=True, chunk_rows=2000),
        ImportKind.SHIPMENTS: Layout(
            _shipment_fields(), with_parameters=False, with_sites=False, chunk_rows=_ONE_BY_ONE
        ),
        ImportKind.DECLARATIONS: Layout(
            _declaration_fields(), with_parameters=False, with_sites=True, chunk_rows=_ONE_BY_ONE
        ),
    }
    return layouts[kind]
