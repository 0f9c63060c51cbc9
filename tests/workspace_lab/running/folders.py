"""The workspace's files on disk for one run, and the wheels its tasks depend on."""

from __future__ import annotations

import re
import threading
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from aadsync_lib.sandbox.databricks.records import JsonObject

MOUNT = "/Workspace"
EXTRAS = re.compile(r"\[[^\]]*\]$")


class TaskError(Exception):
    """A task that cannot be started, with what to say about it."""


class RunFolder:
    """Written once per run, so that a deployment in between does not reach its later tasks."""

    def __init__(self, folder: Path, files: Mapping[str, bytes]) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        for name in ("home", "tmp"):
            (folder / name).mkdir()
        for path, data in files.items():
            file = self._place(path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)

    def of_task(self, run_id: int) -> Path:
        folder = self.folder / "tasks" / str(run_id)
        folder.mkdir(parents=True)
        return folder

    def notebook(self, path: str) -> Path:
        """A notebook by the path jobs know it by: without extension, with or without the mount."""
        file = self._place(path)
        found = file.with_name(file.name + ".py")
        if not found.is_file():
            raise TaskError(
                f"Unable to access the notebook {path!r} in the workspace. Either it does not "
                f"exist, or the identity used to run this job lacks the required permissions."
            )
        return found

    def wheels(self, task: JsonObject, settings: JsonObject) -> list[Path]:
        """Folders with the unpacked wheels of a task; other packages are already installed."""
        return [self._unpacked(path) for path in _wheel_paths(task, settings)]

    def _unpacked(self, path: str) -> Path:
        source = self._place(path)
        if not source.is_file():
            raise TaskError(f"Library installation failed: {path} does not exist")
        with self._lock:
            target = self.folder / "wheels" / source.name
            if not target.exists():
                try:
                    with zipfile.ZipFile(source) as archive:
                        archive.extractall(target)
                except zipfile.BadZipFile:
                    raise TaskError(f"Library installation failed: {path} is no wheel") from None
        return target

    def _place(self, path: str) -> Path:
        parts = [part for part in PurePosixPath(path).parts if part != "/"]
        if ".." in parts or not path.startswith("/"):
            raise TaskError(f"{path} is not an absolute path of the workspace")
        if parts[:1] != [MOUNT[1:]]:
            parts.insert(0, MOUNT[1:])
        return self.folder.joinpath(*parts)


def _wheel_paths(task: JsonObject, settings: JsonObject) -> Iterator[str]:
    needed: list[Any] = [library.get("whl") for library in task.get("libraries", ())]
    for environment in settings.get("environments", ()):
        if environment["environment_key"] == task.get("environment_key"):
            needed += environment.get("spec", {}).get("dependencies", ())
    for path in needed:
        plain = EXTRAS.sub("", str(path or "").strip())
        if plain.endswith(".whl") and plain.startswith("/"):
            yield plain
