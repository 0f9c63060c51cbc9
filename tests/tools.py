"""What some tests want beside Python packages: the Databricks CLI, Java with Spark, Delta's jars. ``make tools`` gets it.

Chromium with its driver comes from the system.

A fixture whose tool is not there calls ``missing``: the test skips with the reason on a desk, and fails where
``AADSYNC_REQUIRE_TOOLS`` is set, as in CI, where a skip would go unseen.

    program = tool("databricks", "the bundle is checked by the real CLI")
    if not java_is_there: missing("Spark needs Java 17")
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

TOOLS = Path(__file__).parent.parent / ".tools"
REQUIRED = "AADSYNC_REQUIRE_TOOLS"


def tool(name: str, why: str, get: str = "`make tools`") -> str:
    """Return the path of a program or file, from ``.tools`` or the PATH."""
    own = TOOLS / name
    found = str(own) if own.exists() else shutil.which(name)
    return found or missing(f"{name} is neither in .tools nor on the PATH: {why}", get)


def missing(reason: str, get: str = "`make tools`") -> NoReturn:
    if os.environ.get(REQUIRED):
        pytest.fail(f"{reason} ({REQUIRED} is set; see {get})", pytrace=False)
    pytest.skip(f"{reason} (see {get})")
