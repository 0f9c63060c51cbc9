"""``display`` and ``displayHTML``: tables within the limits of a cell."""

import datetime as dt
import json
import math
from typing import Any

from tests.workspace_lab.process.outputs import Outputs

ROW_LIMIT = 10_000
BYTE_LIMIT = 2 * 1024 * 1024


class Display:
    """The functions of the same names, for one notebook."""

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs

    def html(self, html: str) -> None:
        if not isinstance(html, str):
            raise TypeError(f"displayHTML takes a str, not {type(html).__name__}")
        self._outputs.html(html)

    def display(self, value: Any) -> None:
        module, name = type(value).__module__, type(value).__name__
        if module.startswith("pyspark.sql") and name == "DataFrame":
            self._table(value.limit(ROW_LIMIT + 1).toPandas())
        elif module.startswith("pandas") and name == "DataFrame":
            check_convertible(value)
            self._table(value)
        elif hasattr(value, "_repr_html_"):
            self.html(value._repr_html_())
        else:
            raise TypeError(
                f"Cannot call display({type(value)})\n Call help(display) for more info."
            )

    def last_value(self, value: Any) -> None:
        """Show a cell's last expression."""
        html = getattr(value, "_repr_html_", None)
        shown = html() if callable(html) and not isinstance(value, type) else None
        if isinstance(shown, str):
            self._outputs.html(shown)
        elif value is not None:
            self._outputs.text(repr(value))

    def _table(self, frame: Any) -> None:
        rows: list[list[Any]] = []
        size = 0
        for record in frame.head(ROW_LIMIT).itertuples(index=False, name=None):
            row = [self._plain(value) for value in record]
            size += len(json.dumps(row, ensure_ascii=False).encode())
            if size > BYTE_LIMIT:
                break
            rows.append(row)
        self._outputs.add(
            "table",
            columns=[str(name) for name in frame.columns],
            types=[str(kind) for kind in frame.dtypes],
            rows=rows,
            truncated=len(rows) < len(frame),
        )

    def _plain(self, value: Any) -> Any:
        """As JSON has it; what JSON does not know becomes its text."""
        if hasattr(value, "tolist"):  # numpy's own scalars and arrays
            value = value.tolist()
        match value:
            case None | bool() | int():
                return value
            case float():
                return value if math.isfinite(value) else None
            case str():
                return self._outputs.clean(value)
            case list() | tuple():
                return [self._plain(item) for item in value]
            case dict():
                return {str(key): self._plain(item) for key, item in value.items()}
            case dt.date() | dt.time():
                text = value.isoformat()
                return None if text == "NaT" else text
        text = str(value)
        return None if text in {"<NA>", "NaT"} else self._outputs.clean(text)


def check_convertible(frame: Any) -> None:
    """Refuse what could not become a Spark frame, which is how the platform shows it."""
    names = [str(name) for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"display: duplicate column names: {', '.join(twice)}")
    try:
        import pyarrow as pa
    except ModuleNotFoundError:
        return
    for name in frame.columns:
        try:
            pa.Array.from_pandas(frame[name])
        except pa.ArrowException as error:
            message = f"display: column {name!r} cannot be converted to one type: {error}"
            raise TypeError(message) from error
