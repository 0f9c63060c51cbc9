"""What `make test` gives minutes, for as long as the budget: every fault of the sweeps, and random weeks against the oracle.

Rounds of weeks have consecutive seeds. One that failed is repeated with its seed: `make soak SEED=… BUDGET=0`.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

WEEKS = 100  # of one target, of two, of one with workspaces and of one that is one, in a round: some eight minutes
SWEEPS = (
    "tests/acceptance/test_fault_sweep.py",
    "tests/acceptance/test_kill_sweep.py",
    "tests/acceptance/test_no_room.py",
    "tests/acceptance/test_undo.py",
    "tests/acceptance/test_workspace_sweeps.py",
    "tests/acceptance/test_zero_writes.py",
    "tests/contract/connector/test_sweeps.py",
    "tests/contract/probe/test_faults.py",
    "tests/contract/registration/test_sweep.py",
    "tests/contract/registration/test_rotation.py",
    "tests/unit/apply/test_recovered.py",
    "tests/unit/config/test_numbers.py",
    "tests/unit/engine/test_faults.py",
)
PROFILE = {"HYPOTHESIS_PROFILE": "soak", "HYPOTHESIS_EXAMPLES": str(WEEKS)}


@dataclass(frozen=True)
class Run:
    """A run of pytest."""

    what: str
    failed: bool
    seconds: float


def run(what: str, *words: str) -> Run:
    """Run pytest and print its output."""
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--timeout", "0", *words],
        env=os.environ | PROFILE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    ran = Run(what, done.returncode != 0, time.monotonic() - start)
    print(f"{what}, {ran.seconds:.0f} s\n{done.stdout}", flush=True)
    return ran


def soak(seed: int, budget: float, at_once: int) -> list[Run]:
    """Run the sweeps beside rounds of weeks; start no round that would last longer than the budget."""
    end = time.monotonic() + budget
    seeds = itertools.count(seed)
    rounds: list[Run] = []

    def weeks() -> None:
        for number in seeds:
            longest = max((ran.seconds for ran in rounds), default=0.0)
            if number > seed and time.monotonic() + longest > end:
                return
            words = ("tests/oracle", f"--hypothesis-seed={number}")
            rounds.append(run(f"{WEEKS} weeks, seed {number}", *words))

    with ThreadPoolExecutor(at_once) as pool:
        sweeps = pool.submit(run, "all faults and kills", *SWEEPS)
        for ended in [pool.submit(weeks) for _ in range(at_once)]:
            ended.result()
        return [sweeps.result(), *rounds]


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--budget", type=float, default=3600.0, help="seconds")
    given = parser.parse_args()
    print(f"seed {given.seed}, budget {given.budget:g} s", flush=True)
    runs = soak(given.seed, given.budget, os.cpu_count() or 1)
    for ran in runs:
        print(f"{'FAILED' if ran.failed else 'passed'}: {ran.what}, {ran.seconds:.0f} s")
    print(f"seed {given.seed}, budget {given.budget:g} s: {(len(runs) - 1) * WEEKS} weeks")
    return int(any(ran.failed for ran in runs))


if __name__ == "__main__":
    sys.exit(main())
