"""Globals that Databricks puts into a notebook, and stand-ins where there are none."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from aadsync_lib.errors import AadsyncError

TASK_VALUE_BYTES = 48 * 1024  # https://learn.microsoft.com/azure/databricks/jobs/task-values


class Platform:
    """The globals of a notebook. Each of them may be missing: a notebook also runs as plain Python."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.dbutils: Any = names.get("dbutils")
        self.spark: Any = names.get("spark")
        self._display: Callable[[Any], None] | None = names.get("display")
        self._html: Callable[[str], None] | None = names.get("displayHTML")

    @property
    def interactive(self) -> bool:
        """Whether somebody looks on, rather than a job."""
        context = _context()
        return context is not None and getattr(context, "jobId", None) is None

    @property
    def user(self) -> str | None:
        """Who runs the notebook, as Databricks knows it; ``None`` outside of it."""
        if self.spark is None:
            return None
        try:
            return str(self.spark.sql("SELECT current_user()").first()[0])
        except Exception:  # noqa: BLE001 - it is only shown; a run is no worse without it
            return None

    @property
    def host(self) -> str | None:
        """The host name of this workspace, ``None`` where nothing tells it."""
        address = getattr(_context(), "workspaceUrl", None) or os.environ.get("DATABRICKS_HOST", "")
        return urlsplit(address if "//" in address else f"//{address}").netloc or None

    @property
    def catalog(self) -> str | None:
        """The current catalog of Unity Catalog; ``None`` without Spark."""
        if self.spark is None:
            return None
        name = str(self.spark.sql("SELECT current_catalog()").first()[0])
        return "main" if name == "hive_metastore" else name

    def table(self, frame: Any) -> None:
        """Show a frame, unless it has no row."""
        if not len(frame):
            return
        if self._display is None:
            print(frame.to_string(max_rows=50))  # noqa: T201 - the output of a notebook without display
        else:
            self._display(frame)

    def page(self, html: str, text: str) -> None:
        """Show a page, or its text where no page can be shown."""
        if self._html is None:
            print(text)  # noqa: T201 - the output of a notebook without displayHTML
        else:
            self._html(html)

    def hand_on(self, values: Mapping[str, object]) -> None:
        """Give values to the tasks that follow in a job."""
        if self.dbutils is None:
            return
        for key, value in values.items():
            size = len(json.dumps(value).encode())
            if size > TASK_VALUE_BYTES:
                raise AadsyncError(
                    f"The task value {key} would have {size:,} bytes; Databricks takes "
                    f"{TASK_VALUE_BYTES:,}. Sync fewer targets in one job."
                )
            self.dbutils.jobs.taskValues.set(key=key, value=value)

    def exit(self, result: object) -> None:
        """End the notebook with a result. Nothing after it runs on Databricks."""
        text = json.dumps(result)
        try:
            leave = self.dbutils.notebook.exit
        except (AttributeError, ValueError):  # plain Python, or databricks-sdk without a cluster
            print(text)  # noqa: T201 - what the notebook would have returned
        else:
            leave(text)


def _context() -> Any:
    """Return what a notebook of Databricks knows of itself, as databricks-sdk asks it; ``None`` elsewhere."""
    try:
        from dbruntime.databricks_repl_context import get_context
    except ImportError:
        return None
    return get_context()
