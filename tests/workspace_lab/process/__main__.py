"""``python <this folder> --notebook FILE …``: see ``program``.

The packages these modules are in must not be imported: the notebook has to find the library by
itself, as on a cluster. So they are stood in for until everything here is loaded.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

PARENTS = ("tests", "tests.workspace_lab")


def load() -> Callable[[list[str]], int]:
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != here]
    for name, folder in zip(PARENTS, (here.parents[1], here.parent), strict=True):
        parent = ModuleType(name)
        parent.__path__ = [str(folder)]
        sys.modules[name] = parent
    try:
        from tests.workspace_lab.process.program import main
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "tests"]:
            del sys.modules[name]
    return main


if __name__ == "__main__":
    sys.exit(load()(sys.argv[1:]))
