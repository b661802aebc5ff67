"""The catalogue entries by name: what other folders import and what the reference-data routes answer with."""

from app.catalogue.districts import District, DistrictKind, DistrictStatus
from app.catalogue.figures import Entry, FigureStatus, Measured, Number, Sourced, Statement
from app.catalogue.grades import EditionStatus, Grade, Limit, Precondition, PreconditionRule, Rounding
from app.catalogue.materials import Material, MaterialKind, Product, PublishedFigure, Route, TypicalRange
from app.catalogue.parameters import Basis, Mixing, Parameter, ParameterKind
from app.catalogue.policy import FreightFigure, Incentive, Instrument, PublishedResult, Source, Target
from app.catalogue.statutory import Coordinates, Indicators, LedgerGuide, LedgerTable, WasteCatalogue
from app.catalogue.treatments import Change, Direction, Effect, Treatment
from app.catalogue.uses import Closure, Use

__all__ = [
    "Basis",
    "Change",
    "Closure",
    "Coordinates",
    "Direction",
    "District",
    "DistrictKind",
    "DistrictStatus",
    "EditionStatus",
    "Effect",
    "Entry",
    "FigureStatus",
    "FreightFigure",
    "Grade",
    "Incentive",
    "Indicators",
    "Instrument",
    "LedgerGuide",
    "LedgerTable",
    "Limit",
    "Material",
    "MaterialKind",
    "Measured",
    "Mixing",
    "Number",
    "Parameter",
    "ParameterKind",
    "Precondition",
    "PreconditionRule",
    "Product",
    "PublishedFigure",
    "PublishedResult",
    "Rounding",
    "Route",
    "Source",
    "Sourced",
    "Statement",
    "Target",
    "Treatment",
    "TypicalRange",
    "Use",
    "WasteCatalogue",
]
