"""Who there is in the sample market: kinds of producers and consumers by district.

The figures are invented, of the order of Chongqing's industry; only the keys and the districts are the catalogue's.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ProducerKind:
    """Works of one trade, one for each district named; `yields_kt` is the range of each stream, 1 000 t a year."""

    name_zh: str
    name_en: str
    districts: tuple[str, ...]
    yields_kt: Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class NeedKind:
    """A need of a kind of consumer: limits are (parameter, min, max) in the catalogue's units."""

    use: str
    materials: tuple[str, ...]
    quantity_kt: tuple[float, float]
    limits: tuple[tuple[str, str | None, str | None], ...] = ()
    grade: str | None = None
    max_distance_km: int = 200
    max_delivered_cny_per_t: int | None = None
    accept_unknown: bool = True


@dataclass(frozen=True)
class ConsumerKind:
    """Works of one trade, one for each district named, with their needs."""

    name_zh: str
    name_en: str
    districts: tuple[str, ...]
    needs: tuple[NeedKind, ...]


PRODUCER_KINDS = (
    ProducerKind(
        "发电",
        "Power",
        (
            *("500116", "500116", "500117", "500117", "50-wansheng", "500240", "500101", "500236"),
            *("500110", "500102", "500154", "500119", "500115", "500118"),
        ),
        {"fly_ash": (180, 620), "bottom_ash": (40, 110), "fgd_gypsum": (90, 310)},
    ),
    ProducerKind(
        "热电",
        "Cogeneration",
        ("500102", "500118", "500116", "50-liangjiang"),
        {"fly_ash": (20, 60), "bottom_ash": (30, 80)},
    ),
    ProducerKind(
        "钢铁",
        "Iron and Steel",
        ("500115", "500115", "500110"),
        {"blast_furnace_slag": (700, 1100), "steel_slag": (250, 450)},
    ),
    ProducerKind("特钢", "Special Steel", ("500104", "500106", "500151"), {"steel_slag": (60, 140)}),
    ProducerKind("磷化工", "Phosphate", ("500102", "500115", "500119", "500151"), {"phosphogypsum": (320, 800)}),
    ProducerKind("钛业", "Titanium Dioxide", ("500115", "500113"), {"titanium_gypsum": (300, 500)}),
    ProducerKind("铝业", "Alumina", ("500119", "50-wansheng", "500243"), {"red_mud": (350, 700)}),
    ProducerKind(
        "锰业",
        "Manganese",
        ("500241", "500241", "500242", "500229"),
        {"electrolytic_manganese_residue": (60, 160)},
    ),
    ProducerKind(
        "煤业",
        "Coal",
        (
            *("500110", "500110", "50-wansheng", "500119", "500118", "500153"),
            *("500236", "500237", "500154", "500117", "500109", "500111"),
        ),
        {"coal_gangue": (150, 550)},
    ),
    ProducerKind(
        "矿业",
        "Mining",
        ("500151", "500111", "500240", "500229", "500237", "500242", "500243", "500156"),
        {"tailings": (120, 380)},
    ),
    ProducerKind(
        "铸造",
        "Foundry",
        ("500116", "500120", "500111", "500118", "500109", "500115", "500117", "500155", "500153"),
        {"foundry_waste_sand": (15, 70)},
    ),
)

_CEMENT_ASH = NeedKind(
    "cement_mixing_material",
    ("fly_ash",),
    (150, 400),
    limits=(("loi", None, "8"), ("so3", None, "3.5"), ("moisture", None, "1")),
    max_delivered_cny_per_t=120,
)
_CEMENT_SLAG = NeedKind(
    "cement_mixing_material",
    ("blast_furnace_slag",),
    (100, 300),
    limits=(("glass_content", "85", None), ("sulfide_s", None, "2")),
    max_distance_km=300,
)
_CEMENT_GYPSUM = NeedKind(
    "cement_retarder",
    ("fgd_gypsum", "phosphogypsum"),
    (40, 120),
    limits=(("caso4_2h2o", "80", None), ("moisture", None, "18")),
    max_delivered_cny_per_t=130,
)
_KILN_IRON = NeedKind("kiln_raw_mix", ("steel_slag", "red_mud"), (60, 150), limits=(("fe2o3", "22", None),))
_KILN_SILICA = NeedKind(
    "kiln_raw_mix", ("tailings", "foundry_waste_sand", "coal_gangue"), (80, 200), limits=(("sio2", "50", None),)
)
_KILN_SULFATE = NeedKind(
    "kiln_raw_mix", ("titanium_gypsum", "electrolytic_manganese_residue"), (10, 40), limits=(("moisture", None, "35"),)
)

CONSUMER_KINDS = (
    ConsumerKind(
        "水泥",
        "Cement",
        ("500116", "500117", "500102", "500101", "500119", "500109", "500110", "500154", "500233", "500241", "500118"),
        (_CEMENT_ASH, _CEMENT_GYPSUM, _KILN_IRON, _KILN_SILICA),
    ),
    ConsumerKind(
        "混凝土",
        "Concrete",
        ("50-liangjiang", "500107", "500113", "500108", "500104", "500101", "500102", "500120"),
        (
            NeedKind(
                "concrete_admixture",
                ("fly_ash",),
                (30, 90),
                limits=(("fineness_45um", None, "30"), ("loi", None, "8"), ("water_demand_ratio", None, "105")),
                max_distance_km=150,
                max_delivered_cny_per_t=150,
            ),
        ),
    ),
    ConsumerKind("水泥粉磨", "Cement Grinding", ("500115", "500110", "500104"), (_CEMENT_SLAG,)),
    ConsumerKind(
        "新型墙材",
        "Wall Materials",
        ("500118", "500153", "500110", "500119", "500236", "500109", "500117", "500155"),
        (
            NeedKind(
                "bricks_blocks",
                ("coal_gangue", "bottom_ash"),
                (60, 160),
                limits=(("loi", None, "30"),),
                max_distance_km=100,
            ),
        ),
    ),
    ConsumerKind(
        "石膏建材",
        "Gypsum Boards",
        ("500116", "500110", "500117"),
        (NeedKind("gypsum_board", ("fgd_gypsum",), (120, 260), limits=(("caso4_2h2o", "88", None), ("ph", "5", "9"))),),
    ),
    ConsumerKind(
        "缓凝剂",
        "Retarder",
        ("500102", "500115"),
        (
            NeedKind(
                "cement_retarder",
                ("phosphogypsum", "fgd_gypsum"),
                (80, 160),
                limits=(("caso4_2h2o", "85", None), ("moisture", None, "15"), ("ph", "3", "9")),
                max_distance_km=150,
                max_delivered_cny_per_t=120,
            ),
        ),
    ),
    ConsumerKind(
        "路桥",
        "Road Works",
        ("500115", "500119", "500101", "500110"),
        (NeedKind("road_base", ("steel_slag", "bottom_ash", "red_mud"), (50, 150), max_distance_km=120),),
    ),
    ConsumerKind(
        "充填",
        "Backfill",
        ("500111", "500242", "500119"),
        (NeedKind("mine_backfill", ("tailings", "coal_gangue", "phosphogypsum"), (60, 140), max_distance_km=120),),
    ),
    ConsumerKind(
        "机制砂",
        "Aggregate",
        ("500240", "500151", "500156"),
        (
            NeedKind(
                "manufactured_aggregate", ("tailings",), (50, 120), limits=(("sio2", "45", None),), max_distance_km=120
            ),
        ),
    ),
    ConsumerKind(
        "固废利用",
        "Residue Recovery",
        ("500241", "500119"),
        (
            NeedKind("metal_recovery", ("electrolytic_manganese_residue", "red_mud"), (10, 40), max_distance_km=150),
            _KILN_SULFATE,
        ),
    ),
    ConsumerKind(
        "铸砂再生",
        "Sand Reclamation",
        ("500116", "500120"),
        (
            NeedKind(
                "reclaimed_foundry_sand",
                ("foundry_waste_sand",),
                (20, 50),
                limits=(("loi", None, "4"),),
                max_distance_km=120,
            ),
        ),
    ),
    ConsumerKind(
        "矸石发电",
        "Gangue Power",
        ("500110", "500236"),
        (
            NeedKind(
                "power_generation",
                ("coal_gangue",),
                (100, 250),
                limits=(("calorific_value", "4", None),),
                max_distance_km=100,
            ),
        ),
    ),
)

#: Second halves of company names, with their spelling.
TRADE_NAMES = (
    *(("恒泰", "Hengtai"), ("远通", "Yuantong"), ("金渝", "Jinyu"), ("江源", "Jiangyuan"), ("鸿盛", "Hongsheng")),
    *(("川东", "Chuandong"), ("华岭", "Hualing"), ("宏达", "Hongda"), ("巴山", "Bashan"), ("瑞丰", "Ruifeng")),
    *(("渝南", "Yunan"), ("天成", "Tiancheng"), ("嘉陵", "Jialing"), ("长江", "Changjiang"), ("乌江", "Wujiang")),
    *(("正和", "Zhenghe"), ("永固", "Yonggu"), ("新锐", "Xinrui"), ("万通", "Wantong"), ("绿源", "Lvyuan")),
)

#: Tonnes a load and the prefix of what carries it.
LOADS_T: Mapping[str, tuple[int, int]] = {"road": (31, 48), "rail": (2200, 3200), "barge": (1500, 4200)}
#: Districts with a quay on the Yangtze, the Jialing or the Wujiang, and those with a freight station.
QUAYS = frozenset({"500101", "500102", "500104", "500115", "500116", "500117", "500233", "500236", "50-liangjiang"})
STATIONS = frozenset({"500110", "50-wansheng", "500119", "500118", "500241", "500154", "500106", "500109", "500240"})
