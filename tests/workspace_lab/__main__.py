"""``python -m tests.workspace_lab``: ``aadsync sandbox`` with a workspace."""

from argparse import ArgumentParser
from functools import partial
from pathlib import Path

from aadsync_lib.sandbox.command import serve
from tests.workspace_lab.state import Workspace


def main() -> None:
    parser = ArgumentParser("python -m tests.workspace_lab", description=__doc__)
    parser.add_argument("--world", type=Path, metavar="W.json", help="serve this world")
    parser.add_argument("--users", type=int, default=300, help="size of the made-up company")
    parser.add_argument("--seed", type=int, default=7, help="which made-up company")
    parser.add_argument("--speed", type=float, help="published rate limits, so many times as fast")
    parser.add_argument(
        "--spark", metavar="sc://HOST:PORT", help="Spark Connect server of its jobs"
    )
    parser.add_argument("--save", action="store_true", help="write the world back at the end")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    given = parser.parse_args()
    if given.save and given.world is None:
        parser.error("--save needs --world W.json")
    serve(
        given.world, given.users, given.seed, given.speed,
        partial(print, flush=True), given.format == "json",
        save=given.save, workspace=partial(Workspace, spark=given.spark),
    )  # fmt: skip


if __name__ == "__main__":
    main()
