"""Reads files of plants: real coal power plants (WRI), and synthetic demand for fly ash at the positions of cities."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from app.core.quantities import KILOGRAM, half_up

#: Fly ash of a coal-fired plant: 0.13 t for each MWh, at 4 500 hours of full load a year.
FLY_ASH_T_PER_MWH = Decimal("0.13")
FULL_LOAD_HOURS = 4500
_POLE, _DATE_LINE = 90, 180
_LARGEST_CAPACITY_MW = 100_000
_LARGEST_DEMAND_T = 1_000_000_000
_LONGEST_NAME = 120


@dataclass(frozen=True)
class Plant:
    """One good row: a place that yields, or needs, tonnes of fly ash a year. `source_id` is unique in its data set."""

    source_id: str
    name: str
    latitude: float
    longitude: float
    yearly_t: Decimal


@dataclass(frozen=True)
class BadRow:
    """One row that is refused, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class FileKind:
    """A kind of file, recognised by its header: what it holds and how a row of it is read."""

    title: str
    assumptions: str
    data_set: str
    is_supply: bool
    columns: frozenset[str]
    read_row: Callable[[Mapping[str, str]], Plant]


class UnknownFile(Exception):
    """The file is none of the kinds that are read; the message says why."""


def read_plants(file: Path) -> tuple[FileKind, list[Plant], list[BadRow]]:
    """Return what kind of file it is, its good rows, and its bad ones by line; raises UnknownFile and OSError."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnknownFile(f"{file} is not UTF-8 text: {error.reason} at byte {error.start}.") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", restval=None, strict=True)
    kind = _recognise(file, reader)
    good: dict[str, tuple[int, Plant]] = {}
    bad: list[BadRow] = []
    for line, row in _rows(reader, bad):
        try:
            plant = kind.read_row(row)
        except ValueError as fault:
            bad.append(BadRow(line, str(fault)))
            continue
        if plant.source_id in good:
            bad.append(BadRow(line, f"{plant.source_id} stands in line {good[plant.source_id][0]} already"))
        else:
            good[plant.source_id] = (line, plant)
    return kind, [plant for _, plant in good.values()], bad


def _recognise(file: Path, reader: "csv.DictReader[str]") -> FileKind:
    try:
        header = frozenset(name.strip() for name in reader.fieldnames or ())
    except csv.Error as error:
        raise UnknownFile(f"{file} is not a CSV file: {error}.") from None
    for kind in FILE_KINDS:
        if kind.columns <= header:
            return kind
    known = "\n".join(f"  {kind.title}: {', '.join(sorted(kind.columns))}" for kind in FILE_KINDS)
    raise UnknownFile(f"{file} has none of the headers that are known:\n{known}")


def _rows(reader: "csv.DictReader[str]", bad: list[BadRow]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows that have as many cells as the header, with the line on which each ends."""
    rows = iter(reader)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            bad.append(BadRow(reader.line_num, str(error)))
            continue
        if "" in row or None in row.values():
            bad.append(BadRow(reader.line_num, f"has not the {len(reader.fieldnames or ())} cells of the header"))
        else:
            yield reader.line_num, {name.strip(): cell.strip() for name, cell in row.items()}


def _read_coal_plant(row: Mapping[str, str]) -> Plant:
    capacity_mw = _number(row, "capacity_mw", _LARGEST_CAPACITY_MW)
    return _plant(row, "source_id", "name", capacity_mw * FULL_LOAD_HOURS * FLY_ASH_T_PER_MWH)


def _read_cement_city(row: Mapping[str, str]) -> Plant:
    return _plant(row, "geonames_id", "city", _number(row, "fly_ash_demand_t_per_year", _LARGEST_DEMAND_T))


def _plant(row: Mapping[str, str], id_column: str, name_column: str, yearly_t: Decimal) -> Plant:
    identifier, name = row[id_column], row[name_column]
    if not identifier.isascii() or not identifier.isdecimal():
        raise ValueError(f"{id_column} {identifier!r} is not a whole number")
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise ValueError(f"{name_column} takes 1 to {_LONGEST_NAME} printable characters")
    return Plant(
        source_id=identifier,
        name=name,
        latitude=_degrees(row, "latitude", _POLE),
        longitude=_degrees(row, "longitude", _DATE_LINE),
        yearly_t=half_up(yearly_t, KILOGRAM),
    )


def _degrees(row: Mapping[str, str], column: str, most: int) -> float:
    value = _decimal(row, column)
    if abs(value) > most:
        raise ValueError(f"{column} {row[column]} is not within -{most}..{most}")
    return float(value)


def _number(row: Mapping[str, str], column: str, most: int) -> Decimal:
    value = _decimal(row, column)
    if not 0 < value <= most:
        raise ValueError(f"{column} {row[column]} is not above 0 and at most {most}")
    return value


def _decimal(row: Mapping[str, str], column: str) -> Decimal:
    try:
        value = Decimal(row[column])
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise ValueError(f"{column} {row[column]!r} is not a number")
    return value


FILE_KINDS = (
    FileKind(
        title="coal power plants",
        assumptions=(
            f"fly ash = capacity x {FULL_LOAD_HOURS:,} h a year x {FLY_ASH_T_PER_MWH} t per MWh; each plant offers a "
            "year's ash at 0 CNY/t (the file has no prices) and declares a twelfth of it for each past month of this "
            "year, all of it stored"
        ),
        data_set="WRI GPPD",
        is_supply=True,
        columns=frozenset({"source_id", "name", "latitude", "longitude", "capacity_mw"}),
        read_row=_read_coal_plant,
    ),
    FileKind(
        title="cement demand",
        assumptions=(
            "the demand is synthetic, only the positions are real: each city needs a year's fly ash as cement mixing "
            "material"
        ),
        data_set="GeoNames",
        is_supply=False,
        columns=frozenset({"geonames_id", "city", "latitude", "longitude", "fly_ash_demand_t_per_year"}),
        read_row=_read_cement_city,
    ),
)
