"""Policy: targets, published results, legal instruments, incentives and freight; and the sources of all figures."""

from pydantic import ConfigDict, Field

from app.catalogue.figures import Entry, Key, Measured, Number, Sourced, SourceKey, Statement, Text


class Target(Sourced):
    """A published target for a year."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "key": "cq_bulk_rate",
                    "value": 80,
                    "unit": "%",
                    "target_year": 2025,
                    "scope": "Chongqing",
                    "text": "bulk solid waste resource utilisation rate",
                    "status": "confirmed",
                    "source": "cq-80",
                },
            ],
        },
    )

    key: Key = Field(description="Key.")
    value: Number = Field(description="Figure aimed at.")
    unit: Text = Field(description="Unit.")
    comparison: Text | None = Field(default=None, description="`at_least` where the source says so.")
    target_year: int = Field(description="Year to reach it by.")
    scope: Text = Field(description="Area that it binds.")
    text: Text = Field(description="What is counted.")


class PublishedResult(Sourced):
    """A published figure to compare with."""

    key: Key = Field(description="Key.")
    value: Number = Field(description="Figure.")
    unit: Text = Field(description="Unit.")
    year: int = Field(description="Year of the data.")
    scope: Text = Field(description="Area that it holds for.")
    text: Text = Field(description="What is counted.")


class Instrument(Statement):
    """A law, plan or rule."""

    key: Key = Field(description="Key.")


class Incentive(Statement):
    """A tax or a refund that bears on use."""

    key: Key = Field(description="Key.")
    value: Number | None = Field(default=None, description="Tax rate.")
    unit: Text | None = Field(default=None, description="Unit of the rate.")
    waste_share_min_pct: Number | None = Field(default=None, description="Least share of waste in the product.")
    refund_pct: Number | None = Field(default=None, description="Share of the value-added tax paid back.")


class FreightFigure(Measured):
    """A freight rate or a factor on distance."""

    key: Key = Field(description="Key.")
    year: int | None = Field(default=None, description="Year of the data.")
    text: Text = Field(description="What it is the rate of.")


class Source(Entry):
    """Where figures come from."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "key": "gb6566-lab",
                    "title": "Laboratory page quoting all GB 6566-2010 limits",
                    "url": "https://m.007swz.com/xinxi/ckablqv.html",
                    "kind": "lab",
                },
            ],
        },
    )

    key: SourceKey = Field(description="Key that figures name the source by.")
    title: Text = Field(description="What the source is.")
    url: Text | None = Field(description="Address; null where there is none.")
    kind: Text = Field(description="Kind of source.")
