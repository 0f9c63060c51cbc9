"""Notebook processes, forked from one that has imported the packages they import: those take seconds, the library does not.

Reads one process a line from stdin, as JSON: its ``options``, ``environment`` and ``folder``, where its output goes. Answers
with its exit code.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

PROCESS = Path(__file__).parents[2] / "workspace_lab" / "process"
PACKAGES = (
    "azure.identity",
    "coverage",
    "databricks.sdk.dbutils",
    "httpx",
    "jinja2",
    "kiota_authentication_azure.azure_identity_authentication_provider",
    "msgraph",
    "pandas",
    "pydantic.json_schema",
    "rich.table",
    "tqdm.auto",
    "yaml",
)


def main() -> int:
    del sys.path[0]  # nothing beside this file is to be found
    run = runpy.run_path(str(PROCESS / "__main__.py"))["load"]()
    for package in PACKAGES:
        with suppress(ModuleNotFoundError):  # the oldest versions have not all of them
            import_module(package)
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            options = _become(json.loads(line))
            sys.exit(run(options))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
    return 0


def _become(process: dict[str, Any]) -> list[str]:
    """Take the process's environment and output, and measure what it runs; return its options."""
    os.environ.clear()
    os.environ.update(process["environment"])
    folder = Path(process["folder"])
    for number, name in enumerate((os.devnull, folder / "stdout", folder / "stderr")):
        opened = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = [str(PROCESS), *process["options"]]
    if measuring := sys.modules.get("coverage"):
        measuring.process_startup()
    return list(process["options"])


if __name__ == "__main__":
    sys.exit(main())
