"""Loopback Entra and Databricks over real HTTP: demo, rehearsal and tests."""

from aadsync_lib.sandbox.automatic import manage_automatically
from aadsync_lib.sandbox.company import company
from aadsync_lib.sandbox.days import day
from aadsync_lib.sandbox.faults import Fault
from aadsync_lib.sandbox.hosts import WorkspaceHost
from aadsync_lib.sandbox.server import Sandbox
from aadsync_lib.sandbox.world import World

__all__ = ["Fault", "Sandbox", "WorkspaceHost", "World", "company", "day", "manage_automatically"]
