"""The ``store`` section of the settings."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from aadsync_lib.config.base import Days, Section, Text, not_one_of


class StoreSettings(Section):
    """Where the sync remembers: one of the two, ``sqlite: ./aadsync.db`` when neither is given."""

    sqlite: Text | None = Field(
        None, description="a file, relative to this one, for a laptop or CI"
    )
    delta: Annotated[str, Field(pattern=r"^[^.\s]+\.[^.\s]+$")] | None = Field(
        None, description="a Unity Catalog schema, for jobs on Databricks"
    )
    retention_days: Annotated[Days, Field(ge=1)] | None = Field(
        None, description="days to keep records of what was done; null: for ever"
    )

    @model_validator(mode="before")
    @classmethod
    def _default(cls, data: Any) -> Any:
        if isinstance(data, dict) and all(data.get(key) is None for key in ("sqlite", "delta")):
            return {**data, "sqlite": "./aadsync.db"}
        return data

    @model_validator(mode="after")
    def _exactly_one(self) -> StoreSettings:
        if (self.sqlite is None) == (self.delta is None):
            raise not_one_of(("sqlite", "delta"), ("sqlite", "delta"))
        return self
