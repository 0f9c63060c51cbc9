"""Imports of a notebook: chosen folders first, without the packages that are only installed here."""

import sys
from collections.abc import Iterable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import (
    Distribution,
    DistributionFinder,
    PathDistribution,
    distributions,
)
from pathlib import Path
from types import ModuleType
from typing import Any


def prepend(folders: Sequence[str]) -> None:
    sys.path[:0] = folders


def forget(distribution: str) -> None:
    """Make an installed distribution as good as absent, be it editable or not.

    Only what is put on the path afterwards can still bring it in.
    """
    wanted = _normal(distribution)
    found = [item for item in distributions() if _normal(item.metadata["Name"]) == wanted]
    homes = {str(item.locate_file("")) for item in found}
    packages = {name for item in found for name in _top_level(item)}
    hook = f"__editable___{wanted}_"
    sys.meta_path[:] = [item for item in sys.meta_path if not _module(item).startswith(hook)]
    sys.path_hooks[:] = [item for item in sys.path_hooks if not _module(item).startswith(hook)]
    index = sys.meta_path.index(PathFinder)
    sys.meta_path[index] = _finder(wanted, packages, homes)


def forget_modules(before: dict[str, ModuleType], keep: Iterable[str]) -> None:
    """Drop the modules that a notebook has imported, but those installed with Python.

    Those hold no state of the notebook, and some of them cannot be loaded twice.
    """
    installed = tuple(str(Path(folder).resolve()) for folder in keep)
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name in before or file is None:
            continue
        if not str(Path(file).resolve()).startswith(installed):
            del sys.modules[name]


def _finder(wanted: str, packages: set[str], homes: set[str]) -> type[PathFinder]:
    class Forgetful(PathFinder):
        """Looks for the forgotten packages anywhere but where they were installed."""

        @classmethod
        def find_spec(
            cls, fullname: str, path: Sequence[str] | None = None, target: Any = None
        ) -> ModuleSpec | None:
            if path is None and fullname in packages:
                path = [entry for entry in sys.path if entry not in homes]
            return super().find_spec(fullname, path, target)

        @classmethod
        def find_distributions(cls, context: Any = None) -> Iterable[PathDistribution]:
            context = DistributionFinder.Context() if context is None else context
            for item in PathFinder.find_distributions(context):
                at_home = str(item.locate_file("")) in homes
                if not (at_home and _normal(item.metadata["Name"]) == wanted):
                    yield item

    return Forgetful


def _top_level(distribution: Distribution) -> set[str]:
    text = distribution.read_text("top_level.txt") or ""
    return {line.strip() for line in text.splitlines() if line.strip()}


def _normal(name: str | None) -> str:
    return (name or "").lower().replace("-", "_").replace(".", "_")


def _module(finder: Any) -> str:
    return str(getattr(finder, "__module__", ""))
