"""Migrations: numbered files of SQL in the folder of a store."""

from __future__ import annotations

import re
from pathlib import Path


def migrations_in(folder: Path) -> tuple[tuple[str, ...], ...]:
    """Return the statements of ``1.sql``, ``2.sql`` and so on; a line that begins with ``--`` is a remark."""
    files = sorted(folder.glob("*.sql"), key=lambda file: int(file.stem))
    return tuple(_statements(file.read_text(encoding="utf-8")) for file in files)


def _statements(text: str) -> tuple[str, ...]:
    lines = (line for line in text.splitlines() if not line.startswith("--"))
    parts = re.split(r";$", "\n".join(lines), flags=re.MULTILINE)
    return tuple(filter(None, map(str.strip, parts)))
