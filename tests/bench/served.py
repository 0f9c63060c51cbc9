"""A sandbox in a process of its own, so that its work is not taken for the client's."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests
import yaml

from aadsync_lib.config.settings import Settings
from aadsync_lib.sandbox import World
from aadsync_lib.sandbox.limits import classify
from aadsync_lib.sandbox.requestlog import AUTH_PATH
from aadsync_lib.secrets import SecretResolver

PLACE = ("name", "level", "host", "account_id", "auth", "pace")


@dataclass
class Served:
    """A running sandbox and the settings of a sync of it, into these targets."""

    about: dict[str, Any]
    folder: Path
    targets: tuple[str, ...] = ("account",)
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def databricks_url(self) -> str:
        return str(self.about["databricks_url"])

    @property
    def token(self) -> str:
        return str(self.about["databricks_token"])

    @property
    def scim(self) -> str:
        account = self.about["account_id"]
        return f"{self.databricks_url}/api/2.0/accounts/{account}/scim/v2"

    @property
    def settings(self) -> Settings:
        tree = yaml.safe_load(self.about["config"])
        # Everybody in scope, and nothing but them: the rest would be requests beside the floors.
        tree["targets"] = [
            {key: target[key] for key in PLACE if key in target}
            for target in tree["targets"]
            if target["name"] in self.targets
        ]
        return Settings.model_validate(tree | {"store": {"sqlite": str(self.folder / "bench.db")}})

    @property
    def secrets(self) -> SecretResolver:
        return SecretResolver(lookups={"env": self.about["environment"].__getitem__})

    def log(self) -> list[dict[str, Any]]:
        """Return what was asked since the last time, logins and discovery left out."""
        url = f"{self.databricks_url}/_sandbox/log"
        entries = self.session.get(url, timeout=60).json()
        self.session.delete(url, timeout=60)
        return [entry for entry in entries if not AUTH_PATH.search(entry["path"])]


def classes(log: list[dict[str, Any]]) -> Counter[str]:
    """Count requests to Databricks by class of limit; ``429`` are the refused ones among them."""
    databricks = [entry for entry in log if entry["side"] == "databricks"]
    counts = Counter(classify(entry["method"], entry["path"]) or "other" for entry in databricks)
    counts["429"] = sum(entry["status"] == 429 for entry in databricks)
    return counts


@contextmanager
def served(world: World, speed: float | None = None) -> Iterator[Served]:
    """Serve a world; ``speed`` turns the limits on, that many times as fast as published."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        world.save(folder / "world.json")
        command = [sys.executable, "-m", "aadsync_lib", "sandbox", "--format", "json"]
        command += ["--world", str(folder / "world.json")]
        command += [] if speed is None else ["--speed", f"{speed:g}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            try:
                yield Served(_first_object(process.stdout), folder)
            finally:
                process.terminate()


def _first_object(lines: Any) -> dict[str, Any]:
    text = ""
    for line in lines:
        text += line
        if line.rstrip() == "}":
            return dict(json.loads(text))
    raise RuntimeError(f"the sandbox did not start: {text}")
