"""What the environment decides: one frozen object read from SWX_* variables."""

from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, HttpUrl, IPvAnyNetwork, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.core.quantities import FreightFixed, FreightRate

DEVELOPMENT_SECRET = "development-only-secret"  # noqa: S105 - refused outside development


class Environment(StrEnum):
    """Where the program runs; production refuses what development tolerates."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Switch(StrEnum):
    """Whether something runs."""

    ON = "on"
    OFF = "off"


class Metrics(StrEnum):
    """Who may read `/metrics`."""

    LOCAL = "local"
    ON = "on"
    OFF = "off"


class Settings(BaseSettings):
    """All settings of the exchange; every field is the variable `SWX_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="SWX_", frozen=True, extra="forbid")

    environment: Environment = Environment.DEVELOPMENT
    data_dir: Path = Field(Path("var"), description="Folder of the embedded database.")
    database_url: str | None = Field(None, description="SQLAlchemy URL; default is an SQLite file in data_dir.")
    read_database_url: str | None = Field(None, description="Streaming replica of database_url, for searches.")
    timezone: str = Field("Asia/Shanghai", description="Zone of business days and months.")
    secret: SecretStr = Field(SecretStr(DEVELOPMENT_SECRET), description="Pepper of keys and signature of cursors.")
    detour_factor: float = Field(1.3, ge=1, le=3, description="Road distance over the geodesic.")
    router_url: HttpUrl | None = Field(None, description="OSRM server for the road distances that are shown.")
    freight_cny_per_t_km: FreightRate = Field(Decimal("0.5"), description="Freight tariff.")
    freight_fixed_cny_per_t: FreightFixed = Field(Decimal(0), description="Fixed part, for loading and unloading.")
    assay_max_age_months: int = Field(12, ge=1, le=1200, description="Older assays prove nothing: unknown.")
    lorry_speed_km_h: float = Field(
        100,
        ge=80,
        le=300,
        description="No lorry is faster; 道路交通安全法实施条例 art. 78: 100 km/h on expressways for all but cars.",
    )
    idle_storage_months: int = Field(12, ge=1, le=1200, description="Storage that last moved so long ago is idle.")

    rate_limit: int = Field(
        600, ge=0, le=1_000_000, description="Requests a minute of each key; 0: no limits of requests at all."
    )
    requests_at_once: int = Field(
        64, ge=1, le=100_000, description="Requests that a process answers at once; beyond it 503 `overloaded`."
    )
    failed_keys_per_minute: int = Field(30, ge=1, description="Wrong keys from one address, then 429.")
    trusted_proxies: Annotated[tuple[IPvAnyNetwork, ...], NoDecode] = Field(
        (), description="Addresses and networks, separated by commas, whose X-Forwarded-For is believed."
    )
    webhook_allow_private: Annotated[tuple[IPvAnyNetwork, ...], NoDecode] = Field(
        (), description="Own networks that webhooks may reach, `10.20.0.0/16,127.0.0.1`; all others must be public."
    )

    worker: Switch = Field(Switch.ON, description="Whether `swx serve` does background work itself.")
    postgresql_bin: Path | None = Field(None, description="Folder of pg_dump and pg_restore; default is the PATH.")
    metrics: Metrics = Field(Metrics.LOCAL, description="Who may read /metrics: this machine, everyone, nobody.")
    notice_seconds: float = Field(
        0, ge=0, le=300, description="How long a server that is told to stop still takes requests, no longer ready."
    )
    drain_seconds: float = Field(20, ge=1, le=600, description="How long requests under way may then take to end.")

    @field_validator("trusted_proxies", "webhook_allow_private", mode="before")
    @classmethod
    def _split(cls, listed: object) -> object:
        """Return the parts of a list that is separated by commas."""
        return [part.strip() for part in listed.split(",") if part.strip()] if isinstance(listed, str) else listed

    @field_validator("read_database_url")
    @classmethod
    def _follows_postgresql(cls, read_url: str | None, info: ValidationInfo) -> str | None:
        if read_url and not all((url or "").startswith("postgresql") for url in (read_url, info.data["database_url"])):
            raise ValueError("names a streaming replica: it and SWX_DATABASE_URL must both be PostgreSQL")
        return read_url

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the primary database."""
        if self.database_url:
            return self.database_url
        return f"sqlite:///{self.data_dir.resolve() / 'exchange.db'}"
