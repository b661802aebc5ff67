"""Statutory forms and definitions: ledger tables, waste catalogue, indicators and coordinate systems."""

from datetime import date

from pydantic import Field

from app.catalogue.figures import Entry, Key, Number, Sourced, Statement, Text


class StandardTitle(Sourced):
    """The document that a form or list belongs to."""

    id: Text = Field(description="Number of the document.")
    title_zh: Text = Field(description="Chinese title.")
    title_en: Text = Field(description="English title.")
    issued: date | None = Field(default=None, description="Day of issue.")


class LedgerField(Sourced):
    """A column or heading of a ledger table."""

    key: Key = Field(description="Key within the table.")
    name_zh: Text = Field(description="Chinese heading, as printed.")
    name_en: Text = Field(description="English heading.")


class LedgerTable(Sourced):
    """One of the seven tables of the ledger guide."""

    number: int = Field(ge=1, le=7, description="Number in the guide.")
    title_zh: Text = Field(description="Chinese title.")
    title_en: Text = Field(description="English title.")
    filling_frequency: Text = Field(description="How often it is filled.")
    required: bool = Field(description="Whether every producer fills it.")
    header: tuple[LedgerField, ...] = Field(default=(), description="Headings above the table.")
    columns: tuple[LedgerField, ...] = Field(min_length=1, description="Columns in printed order.")


class WasteClass(Sourced):
    """A class of the waste catalogue."""

    code: Text = Field(description="Class, such as SW01.")
    name_zh: Text = Field(description="Chinese name.")
    name_en: Text = Field(description="English name.")


class CodeFormat(Sourced):
    """How codes of the waste catalogue are built."""

    pattern: Text = Field(description="Regular expression of a printed code.")
    parts: Text = Field(description="Meaning of the parts.")


class ClassRange(Sourced):
    """Kind of waste that a range of classes holds."""

    range: Text = Field(description="Classes.")
    kind: Key = Field(description="Kind of waste.")


class CatalogueSize(Sourced):
    """How many entries the official catalogue has."""

    first_level: int = Field(description="Kinds at the first level.")
    classes: int = Field(description="Classes.")
    wastes: Text = Field(description="Wastes.")


class Symbol(Sourced):
    """A quantity of the official formula."""

    key: Text = Field(description="Symbol: G, U, Up, S, D, Dp or W.")
    name_zh: Text = Field(description="Chinese name, as on the survey form.")
    name_en: Text = Field(description="English name.")
    definition: Text = Field(description="Definition.")


class Formula(Sourced):
    """A formula over the symbols."""

    key: Key | None = Field(default=None, description="Key.")
    name_zh: Text | None = Field(default=None, description="Chinese name.")
    formula: Text = Field(description="The formula.")
    unit: Text | None = Field(default=None, description="Unit of the result.")


class FormFields(Sourced):
    """Fields of the survey form."""

    fields_zh: tuple[Text, ...] = Field(description="Chinese names in the order of the form.")


class ScopeVariant(Statement):
    """One meaning of bulk waste."""

    key: Key = Field(description="Key.")


class IndicatorVector(Sourced):
    """Published quantities with the figures that the formula must give, in the named unit."""

    name: Text = Field(description="What the figures are of.")
    generated: Number = Field(description="G.")
    utilised: Number = Field(description="U.")
    utilised_from_prior: Number | None = Field(default=None, description="Up.")
    stored: Number | None = Field(default=None, description="S.")
    disposed: Number | None = Field(default=None, description="D.")
    discarded: Number | None = Field(default=None, description="W.")
    unit: Text = Field(description="Unit of the quantities.")
    published_rate_pct: Number | None = Field(default=None, description="Rate as published.")
    published_share_pct: Number | None = Field(default=None, description="Share as published.")
    rate_pct: Number | None = Field(default=None, description="100 U / (G + Up) of these figures, half-up.")
    share_pct: Number | None = Field(default=None, description="100 U / (U + D + S) of these figures, half-up.")
    prior_stock: Number | None = Field(default=None, description="Up + Dp by the balance identity.")


class Indicators(Entry):
    """The utilisation rate: symbols, formula, identity, look-alikes, test vectors."""

    symbols: tuple[Symbol, ...]
    utilisation_rate: Formula
    balance_identity: Formula
    bulk_rate: Formula
    form_fields: FormFields
    bulk_scope_variants: tuple[ScopeVariant, ...]
    other_metrics: tuple[Formula, ...]
    ledger_stock_balance: Formula
    counting_rules: tuple[Statement, ...]
    test_vectors: tuple[IndicatorVector, ...]


class LedgerGuide(Entry):
    """The ledger guide with its seven tables."""

    standard: StandardTitle
    rules: tuple[Statement, ...]
    filled_by: dict[Key, Text]
    tables: tuple[LedgerTable, ...]


class WasteCatalogue(Entry):
    """The national waste catalogue, as far as it is on file."""

    standard: StandardTitle
    use: Statement
    code_format: CodeFormat
    size: CatalogueSize
    class_ranges: tuple[ClassRange, ...]
    classes: tuple[WasteClass, ...]
    codes: tuple[WasteClass, ...]


class CoordinateSystem(Sourced):
    """A coordinate system of Chinese data."""

    code: Text = Field(description="Name.")
    epsg: int | None = Field(default=None, description="EPSG code.")
    use: Text = Field(description="Where it is met.")


class CoordinateFact(Statement):
    """A fact about the systems, with its figures where it has any."""

    low: Number | None = Field(default=None, description="Lower end of a range.")
    high: Number | None = Field(default=None, description="Upper end of a range.")
    unit: Text | None = Field(default=None, description="Unit.")


class CoordinateVector(Sourced):
    """One point in two systems, degrees, with the distance that a conversion may be off."""

    src: Text = Field(description="System of lon and lat.")
    lon: float = Field(description="Longitude.")
    lat: float = Field(description="Latitude.")
    dst: Text = Field(description="System of dst_lon and dst_lat.")
    dst_lon: float = Field(description="Longitude after conversion.")
    dst_lat: float = Field(description="Latitude after conversion.")
    tolerance_m: float = Field(description="Tolerance in metres.")


class Coordinates(Entry):
    """Coordinate systems, facts, conversion test vectors and the rules of the interface."""

    systems: tuple[CoordinateSystem, ...]
    facts: tuple[CoordinateFact, ...]
    test_vectors: tuple[CoordinateVector, ...]
    rules: tuple[Text, ...]
