"""The bundle of this repository, deployed and taken away by the Databricks CLI."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aadsync_lib.errors import AadsyncError, UsageError

TARGET = "prod"
SETTINGS = "aadsync.yml"
BESIDE = "${workspace.file_path}/aadsync.yml"
SECONDS = 1800.0  # a deploy uploads some hundred files
KEPT = {"secrets": "secret_scopes", "store": "schemas", "reports": "volumes"}
"""What holds data, by its key in the bundle: bound when it is there already, and left when the rest goes."""
NO_CLI = (
    "The Databricks CLI, 1.7 or later, is not on the PATH: https://docs.databricks.com/dev-tools/cli/install. "
    "Nothing was changed."
)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A clone, and the CLI that deploys from it; without a ``profile``, the CLI's own order of logins holds."""

    program: str
    folder: Path
    profile: str | None = None

    @classmethod
    def find(cls, folder: Path, profile: str | None) -> Bundle:
        """Return the bundle of a folder. Raises for a folder without one, and without a CLI."""
        if not (folder / "databricks.yml").is_file():
            raise UsageError(
                f"{folder} has no databricks.yml. Nothing was changed. Name a clone of the repository: "
                f"--bundle DIR."
            )
        program = shutil.which("databricks")
        if program is None:
            raise AadsyncError(NO_CLI)
        return cls(program, folder, profile)

    @property
    def settings(self) -> Path:
        """The settings file that is deployed with it."""
        return self.folder / SETTINGS

    @property
    def variables(self) -> dict[str, Any]:
        """The variables that this clone remembers for its deploys; Git does not see them."""
        file = self._remembered
        return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}

    def remember(self, variables: Mapping[str, str]) -> None:
        """Keep variables for every later command of the CLI in this clone."""
        file = self._remembered
        file.parent.mkdir(parents=True, exist_ok=True)
        (self.folder / ".databricks" / ".gitignore").write_text("*", encoding="utf-8")
        text = json.dumps({**self.variables, **variables}, indent=2)
        file.write_text(f"{text}\n", encoding="utf-8")

    def command(self, *words: str) -> str:
        """Return a command as a person types it."""
        return " ".join(("databricks", *words, *self._login))

    def deploy(self) -> dict[str, Any]:
        """Deploy, taking over what holds data where it is there; return the CLI's summary."""
        self("bundle", "validate", "-t", TARGET)
        for key, name in self._unbound():
            self("bundle", "deployment", "bind", key, name, "-t", TARGET, "--auto-approve")
        self("bundle", "deploy", "-t", TARGET)
        return self.summary()

    def remove(self) -> tuple[str, ...]:
        """Take away the deployment; return the names of what holds data and stays."""
        kept = {key: str(resource["id"]) for key, resource in self._keeping() if resource.get("id")}
        for key in kept:
            self("bundle", "deployment", "unbind", key, "-t", TARGET)
        self("bundle", "destroy", "-t", TARGET, "--auto-approve")
        return tuple(kept.values())

    def summary(self) -> dict[str, Any]:
        """Return what the CLI knows of the deployment."""
        text = self("bundle", "summary", "-t", TARGET, "--output", "json")
        summary: dict[str, Any] = json.loads(text)
        return summary

    def _keeping(self) -> Iterator[tuple[str, dict[str, Any]]]:
        resources = self.summary()["resources"]
        yield from ((key, resources[kind][key]) for key, kind in KEPT.items())

    def _unbound(self) -> Iterator[tuple[str, str]]:
        """Yield what is in the workspace and in no deployment, by key and name."""
        resources = dict(self._keeping())
        scope, store, reports = (str(resources[key]["name"]) for key in KEPT)
        schema = f"{resources['store']['catalog_name']}.{store}"  # what the volume says is a reference yet
        names = {"secrets": scope, "store": schema, "reports": f"{schema}.{reports}"}
        for key, name in names.items():
            if not resources[key].get("id") and self._exists(key, name):
                yield key, name

    def _exists(self, key: str, name: str) -> bool:
        if key == "secrets":
            listed = json.loads(self("secrets", "list-scopes", "--output", "json") or "[]")
            return name in {scope["name"] for scope in listed or ()}
        words = ("volumes", "read") if key == "reports" else ("schemas", "get")
        return self._run(*words, name).returncode == 0

    def __call__(self, *words: str) -> str:
        """Run a command of the CLI and return what it printed. Raises with its last words when it fails."""
        done = self._run(*words)
        if done.returncode:
            last_words = "\n".join((done.stderr or done.stdout).strip().splitlines()[-12:])
            raise AadsyncError(
                f"`{self.command(*words)}` ended with {done.returncode}. What is done stays; mend the cause and "
                f"run this again.\n{last_words}"
            )
        return done.stdout

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - a program of the PATH, and words of ours
            [self.program, *words, *self._login],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    @property
    def _login(self) -> tuple[str, ...]:
        return ("--profile", self.profile) if self.profile else ()

    @property
    def _remembered(self) -> Path:
        return self.folder / ".databricks" / "bundle" / TARGET / "variable-overrides.json"
