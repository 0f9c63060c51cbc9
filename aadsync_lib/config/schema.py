"""The JSON Schema of ``aadsync.yml``, for editors and for checks in CI.

``python -m aadsync_lib.config.schema`` writes it anew.
"""

from __future__ import annotations

import json
from pathlib import Path

from aadsync_lib.config.settings import Settings

SCHEMA = Path(__file__).with_name("aadsync.schema.json")


def schema_text() -> str:
    """The schema, as the file holds it."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Settings.model_json_schema(),
        "title": "aadsync.yml",
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(schema_text(), encoding="utf-8")
