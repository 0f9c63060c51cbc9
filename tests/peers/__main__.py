"""``python -m tests.peers``: clients that others wrote, unchanged, against the sandbox.

Each is tried where its program is given; see docs/sandbox.md for how they are got.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path

from tests.peers.scim_sync import try_scim_sync
from tests.peers.terraform import try_terraform


def main() -> None:
    parser = ArgumentParser("python -m tests.peers", description=__doc__)
    parser.add_argument("--scim-sync", type=Path, help="the program azure_dbr_scim_sync")
    parser.add_argument("--tofu", type=Path, help="the program tofu or terraform")
    parser.add_argument("--provider", type=Path, help="the program terraform-provider-databricks")
    given = parser.parse_args()
    outcomes = []
    if given.scim_sync:
        outcomes += try_scim_sync(given.scim_sync.absolute())
    if given.tofu and given.provider:
        outcomes += try_terraform(given.tofu.absolute(), given.provider.absolute())
    if not outcomes:
        parser.error("no client is given")
    for outcome in outcomes:
        print(outcome)
    sys.exit(not all(outcome.good for outcome in outcomes))


if __name__ == "__main__":
    main()
