"""Marks every test of this folder: it takes minutes, or serves those that do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.spark import spark, spark_url  # noqa: F401  fixtures

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark for ``make workspace``."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.workspace)
