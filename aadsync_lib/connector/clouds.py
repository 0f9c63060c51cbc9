"""Clouds in which Entra's gallery has no connector for Databricks, and what to use there instead.

Sources: graph_api.md, sections 6 (Gallery app) and 7; Databricks' page on the connector (not available in Azure China,
limited in Azure Government).
"""

from __future__ import annotations

from aadsync_lib.errors import AadsyncError
from aadsync_lib.own_words import own

NAMES = {
    "china": "Microsoft Azure operated by 21Vianet (China)",
    "usgov": "Azure Government",
    "usgov-dod": "Azure Government (DoD)",
}
WITHOUT = frozenset({"china"})
INSTEAD = (
    "Nothing was changed. Use aadsync sync for this target, which needs no connector, and take "
    "targets[].connector out of the settings."
)


def check_cloud(cloud: str) -> None:
    """Raise where no gallery of a cloud has the connector."""
    if cloud in WITHOUT:
        raise AadsyncError(
            own(
                f"source.cloud: {cloud}: {NAMES[cloud]} has no provisioning connector for Databricks in its "
                f"gallery, and Graph there no credentials to validate. {INSTEAD}"
            )
        )


def no_template(cloud: str, template: str) -> str:
    """Say that the gallery lacks a template, and what that means in this cloud."""
    where = f" of {NAMES[cloud]}" if cloud in NAMES else ""
    lacking = f"The gallery{where} has no application {template!r}. "
    if cloud in NAMES:
        return f"{lacking}Not every application of the public gallery is there. {INSTEAD}"
    return f"{lacking}Nothing was changed. Check connector.template against the gallery in Entra."
