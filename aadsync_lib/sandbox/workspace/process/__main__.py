"""``python <this folder> --notebook FILE …``: see ``program``.

The package these modules are in must not be imported: the notebook has to find the library by
itself, as on a cluster. So its parents are stood in for until everything here is loaded.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

PARENTS = ("aadsync_lib", "aadsync_lib.sandbox", "aadsync_lib.sandbox.workspace")


def load() -> Callable[[list[str]], int]:
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != here]
    for name, folder in zip(PARENTS, (here.parents[2], here.parents[1], here.parent), strict=True):
        parent = ModuleType(name)
        parent.__path__ = [str(folder)]
        sys.modules[name] = parent
    try:
        from aadsync_lib.sandbox.workspace.process.program import main
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "aadsync_lib"]:
            del sys.modules[name]
    return main


if __name__ == "__main__":
    sys.exit(load()(sys.argv[1:]))
