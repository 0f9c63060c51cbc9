"""A Databricks workspace in memory, for the sandbox to mount: files, secrets, Unity Catalog, jobs that run.

    with Sandbox(world, workspace=Workspace) as sandbox: ...

``python -m tests.workspace_lab`` serves it until interrupted.
"""

from tests.workspace_lab.state import Workspace

__all__ = ["Workspace"]
