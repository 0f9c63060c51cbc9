"""``aadsync connector``."""

from __future__ import annotations

import click

from aadsync_lib.cli.connector_job import provision, restart, start, stop
from aadsync_lib.cli.connector_setup import plan, remove, setup
from aadsync_lib.cli.connector_state import compare, status
from aadsync_lib.cli.group import CommandGroup


@click.group(cls=CommandGroup)
def connector() -> None:
    """Set up and watch the gallery connector, Entra's own provisioning into Databricks."""


for command in (plan, setup, status, start, stop, restart, provision, compare, remove):
    connector.add_command(command)
