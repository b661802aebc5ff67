"""What becomes of each stream in the sample market; invented, of the order of Chongqing's industry."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Fate:
    """What becomes of a stream: shares of generation, and of use.

    `used` of what is generated is used, `own` of that by the producer itself; `prior` is used from old stock on top,
    as a share of generation; `disposed` of what is generated is disposed of, and the rest is stored.
    """

    used: float
    own: float
    disposed: float
    prior: float
    old_stock_years: float
    price_cny_per_t: tuple[int, int]
    origins: tuple[str, ...]
    own_use_zh: str
    receivers_zh: str


FATES: Mapping[str, Fate] = {
    "fly_ash": Fate(
        0.965, 0.12, 0.02, 0.01, 0.10, (18, 75), ("pulverised_coal_boiler",), "自建粉磨站", "本市商品混凝土与水泥企业"
    ),
    "bottom_ash": Fate(0.91, 0.15, 0.04, 0.0, 0.05, (2, 18), ("boiler",), "厂区道路填筑", "本市砖瓦企业"),
    "fgd_gypsum": Fate(
        0.89, 0.10, 0.03, 0.01, 0.15, (15, 60), ("limestone_gypsum_process",), "自建石膏板线", "本市水泥与石膏企业"
    ),
    "blast_furnace_slag": Fate(
        0.97, 0.35, 0.0, 0.0, 0.03, (70, 150), ("blast_furnace",), "自建矿渣微粉线", "川渝水泥与混凝土企业"
    ),
    "steel_slag": Fate(0.74, 0.40, 0.02, 0.01, 0.60, (5, 45), ("converter",), "磁选回炉", "钢渣处理企业"),
    "phosphogypsum": Fate(
        0.65, 0.30, 0.02, 0.04, 4.0, (-20, 12), ("dihydrate", "hemihydrate"), "自建缓凝剂线", "本市建材企业"
    ),
    "titanium_gypsum": Fate(0.12, 0.20, 0.03, 0.0, 3.0, (-40, -15), ("sulfate_process",), "厂区回填", "水泥企业"),
    "red_mud": Fate(0.10, 0.30, 0.0, 0.0, 5.0, (-60, -25), ("bayer_process",), "选铁", "道路与水泥企业"),
    "electrolytic_manganese_residue": Fate(
        0.19, 0.50, 0.25, 0.02, 6.0, (-80, -40), ("electrolytic_manganese",), "厂内资源化", "砖瓦企业"
    ),
    "coal_gangue": Fate(
        0.77, 0.45, 0.05, 0.02, 1.5, (-4, 15), ("coal_washing", "mine_heading"), "井下充填", "砖厂与电厂"
    ),
    "tailings": Fate(
        0.46, 0.50, 0.02, 0.01, 4.0, (-8, 6), ("flotation", "gravity_separation"), "矿山充填", "机制砂企业"
    ),
    "foundry_waste_sand": Fate(
        0.83, 0.25, 0.10, 0.0, 0.10, (-20, 10), ("green_sand", "resin_sand"), "旧砂再生", "砖瓦企业"
    ),
}
