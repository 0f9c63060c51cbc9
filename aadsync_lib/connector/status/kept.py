"""States of connectors as a store keeps them."""

from __future__ import annotations

import json

from aadsync_lib.connector.status.as_json import status_to_json
from aadsync_lib.connector.status.model import ConnectorStatus
from aadsync_lib.model.connector import ConnectorRecord
from aadsync_lib.responses import JsonObject

NEWEST = 50  # failures kept of each target


def records_of(status: ConnectorStatus) -> tuple[ConnectorRecord, ...]:
    """Return what to keep of each target, of many failures the newest."""
    documents = status_to_json(status)["targets"]
    return tuple(
        ConnectorRecord(
            target.target,
            status.now,
            target.state,
            "; ".join(target.problems) or None,
            None if target.failures is None else len(target.failures),
            json.dumps(_short(document)),
        )
        for target, document in zip(status.targets, documents, strict=True)
    )


def _short(document: JsonObject) -> JsonObject:
    failures = document["failures"]
    return {**document, "failures": failures and failures[:NEWEST]}
