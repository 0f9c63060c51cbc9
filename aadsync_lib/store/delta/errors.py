"""Errors of Spark and Delta, told apart by name, in an operator's words.

The exception classes of Delta are not there on Spark Connect, so the text decides.
"""

from __future__ import annotations

import re

from aadsync_lib.errors import StoreError

CONFLICTS = re.compile(
    r"Concurrent(Append|DeleteRead|DeleteDelete|Transaction|Write)Exception"
    r"|MetadataChangedException|ProtocolChangedException"
    r"|DELTA_(CONCURRENT|METADATA_CHANGED|PROTOCOL_CHANGED)"
)
MADE_BY_ANOTHER = re.compile(r"ALREADY_EXISTS|AlreadyExists|already exists|NON_EMPTY_LOCATION")
ABSENT = re.compile(
    r"TABLE_OR_VIEW_NOT_FOUND|SCHEMA_NOT_FOUND|NO_SUCH_(CATALOG|SCHEMA|TABLE)|CATALOG_NOT_FOUND"
    r"|DELTA_(MISSING_DELTA_TABLE|TABLE_NOT_FOUND)|cannot be found"
)
FORBIDDEN = re.compile(
    r"INSUFFICIENT_(PERMISSIONS|PRIVILEGES)|PERMISSION_DENIED|UNAUTHORIZED|Permission denied"
    r"|does not have .*(privilege|permission)",
    re.IGNORECASE,
)

NEEDS = "USE CATALOG, USE SCHEMA, CREATE TABLE, SELECT and MODIFY"


def is_conflict(error: Exception) -> bool:
    """Return whether another writer was faster; nothing was written then."""
    return CONFLICTS.search(_text(error)) is not None


def is_made_by_another(error: Exception) -> bool:
    """Return whether something could not be made because it is there by now."""
    return MADE_BY_ANOTHER.search(_text(error)) is not None


def explained(schema: str, error: Exception) -> StoreError:
    """Return what to raise for an error of Spark, with what to do about it."""
    return StoreError(
        f"{schema}: the store could not be used: {_first_line(error)}. {_remedy(schema, error)}"
    )


def _remedy(schema: str, error: Exception) -> str:
    text = _text(error)
    quoted = ".".join(f"`{part}`" for part in schema.split("."))
    if FORBIDDEN.search(text):
        return (
            f"The identity that runs the sync needs {NEEDS} there: ask the owner of the schema for "
            f"GRANT USE SCHEMA, CREATE TABLE, SELECT, MODIFY ON SCHEMA {quoted}, and for USE CATALOG."
        )
    if ABSENT.search(text):
        return (
            f"Check store.delta, and create the schema if it is not there: CREATE SCHEMA {quoted}. "
            f"The identity that runs the sync needs {NEEDS} in it."
        )
    if CONFLICTS.search(text):
        return "Others kept writing it at the same moment; run again."
    return "What was recorded before is kept. See to the Spark session or cluster, and run again."


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _first_line(error: Exception) -> str:
    """Return the message without its other lines: that is the stack of the JVM."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:500].rstrip(".")
