"""Outputs of the cells, kept for the result and passed through, without secrets."""

import io
import sys
from typing import Any, TextIO

REDACTED = "[REDACTED]"
CELL_LIMIT = 10 * 1024 * 1024  # bytes


class OutputLimitError(Exception):
    """One output is larger than a cell may show."""


class Outputs:
    """Records outputs in the order in which they came."""

    def __init__(self) -> None:
        self.cell = 0
        self.items: list[dict[str, Any]] = []
        self._secrets: list[str] = []

    def hide(self, secret: str) -> None:
        """Replace this value wherever it would be shown, as the platform does."""
        if secret and secret not in self._secrets:
            self._secrets.append(secret)
            self._secrets.sort(key=len, reverse=True)

    def clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        return text

    def add(self, kind: str, **fields: Any) -> None:
        self.items.append({"cell": self.cell, "kind": kind, **fields})

    def text(self, text: str) -> None:
        text = self.clean(text)
        self.add("text", text=text)
        sys.__stdout__.write(text + "\n") if sys.__stdout__ else None

    def html(self, html: str) -> None:
        html = self.clean(html)
        size = len(html.encode())
        if size > CELL_LIMIT:
            raise OutputLimitError(
                f"Output is too large to display: {size} bytes of HTML, and a cell shows at most "
                f"{CELL_LIMIT}. Write it to a volume, and show where it is."
            )
        self.add("html", html=html)

    def stream(self, name: str, text: str) -> None:
        last = self.items[-1] if self.items else {}
        key = {"cell": self.cell, "kind": "stream", "name": name}
        if any(last.get(field) != value for field, value in key.items()):
            last = {**key, "text": ""}
            self.items.append(last)
        # A secret may come in two pieces.
        last["text"] = self.clean(last["text"] + text)


class CapturedStream(io.TextIOBase):
    """Stands for stdout or stderr while cells run."""

    encoding = "utf-8"

    def __init__(self, name: str, outputs: Outputs, real: TextIO) -> None:
        self._name = name
        self._outputs = outputs
        self._real = real

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self._real.fileno()

    def write(self, text: str) -> int:
        self._outputs.stream(self._name, text)
        self._real.write(self._outputs.clean(text))
        return len(text)

    def flush(self) -> None:
        self._real.flush()
