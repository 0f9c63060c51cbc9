"""Writes settings files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Any], Path]:
    """Write text as it is, anything else as YAML, and return the file."""

    def write(content: Any) -> Path:
        path = tmp_path / "aadsync.yml"
        text = content if isinstance(content, str) else yaml.safe_dump(content, allow_unicode=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write
