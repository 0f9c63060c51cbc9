"""``aadsync connector``."""

from __future__ import annotations

import click


@click.group()
def connector() -> None:
    """Set up and watch Entra's own provisioning into Databricks, the gallery connector."""
