"""The command line in processes that are forked from one that has imported it: importing takes longer than most commands."""

from __future__ import annotations

import atexit
import gc
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

from aadsync_lib.cli import main
from aadsync_lib.config.load import load_settings
from aadsync_lib.sandbox import Sandbox, company
from aadsync_lib.sandbox.command import config, describe
from aadsync_lib.wiring import open_runner
from tests.clock import FakeClock

PIPE = subprocess.PIPE
SECONDS = 120


class Process:
    """A command line that runs, of which tests use as much as ``subprocess.Popen`` has."""

    def __init__(
        self,
        words: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path | None = None,
        stdout: int = PIPE,
    ) -> None:
        self.returncode: int | None = None
        self._outputs = [tempfile.TemporaryFile("w+") for _ in range(2)]  # noqa: SIM115
        out = self._outputs[0].fileno() if stdout == PIPE else stdout
        order = {"words": [*words], "env": {**env}, "cwd": str(cwd or Path.cwd())}
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(SECONDS)
        self._socket.connect(_server())
        socket.send_fds(self._socket, [b"."], [out, self._outputs[1].fileno()])
        self._lines = self._socket.makefile("rw")
        print(json.dumps(order), file=self._lines, flush=True)
        self.pid = int(self._lines.readline())

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.communicate()

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def communicate(self, timeout: float = SECONDS) -> tuple[str, str]:
        """Wait for its end, and return what it wrote to stdout and stderr."""
        if self.returncode is None:
            self._socket.settimeout(timeout)
            self.returncode = os.waitstatus_to_exitcode(int(self._lines.readline()))
            self._lines.close()
            self._socket.close()
            self._wrote = tuple(_content(file) for file in self._outputs)
        return self._wrote


def _content(file: IO[str]) -> str:
    with file:
        file.seek(0)
        return file.read()


def aadsync(words: Sequence[str], **more: Any) -> subprocess.CompletedProcess[str]:
    """Run a command line to its end."""
    process = Process(words, **more)
    stdout, stderr = process.communicate()
    assert process.returncode is not None
    return subprocess.CompletedProcess([*words], process.returncode, stdout, stderr)


@cache
def _server() -> str:
    """Start the server, once in each process that runs tests; it ends with that process."""
    place = Path(tempfile.mkdtemp(prefix="aadsync-warm-")) / "socket"
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.warm_cli", str(place)],
        stdin=PIPE,
        stdout=PIPE,
        cwd=Path(__file__).parents[1],
    )
    atexit.register(server.communicate)  # closes its stdin
    assert server.stdout
    assert server.stdout.readline() == b"ready\n"
    return str(place)


def _serve(place: Path) -> None:
    """Fork a process for each connection, until stdin is closed."""
    _warm()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place))
        listening.listen()
        gc.freeze()
        print("ready", flush=True)
        while sys.stdin not in select.select([listening, sys.stdin], [], [])[0]:
            connection, _ = listening.accept()
            if os.fork() == 0:
                _look_after(connection)
            connection.close()
    shutil.rmtree(place.parent)


def _warm() -> None:
    """Sync a small company once, so that everything is imported, and leave no thread that a fork would lose."""
    with Sandbox(company(20)) as box, tempfile.TemporaryDirectory() as folder:
        os.environ.update(describe(box)["environment"])
        settings = Path(folder, "aadsync.yml")
        settings.write_text(config(box), encoding="utf-8")
        with open_runner(load_settings(settings), clock=FakeClock()) as runner:
            runner.sync()
    assert threading.active_count() == 1


def _look_after(connection: socket.socket) -> None:
    """Fork the process that was asked for, and tell its id and what became of it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, outputs, _, _ = socket.recv_fds(connection, 1, 2)
    with connection, connection.makefile("rw") as lines:
        order = json.loads(lines.readline())
        child = os.fork()
        if child == 0:
            _become(order, outputs)
            main(order["words"], prog_name="aadsync")
        print(child, flush=True, file=lines)
        print(os.waitpid(child, 0)[1], flush=True, file=lines)
    os._exit(0)


def _become(order: dict[str, Any], outputs: Sequence[int]) -> None:
    """Take the folder, the environment and the outputs of the process that was asked for."""
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    time.tzset()
    null = os.open(os.devnull, os.O_RDONLY)
    for number, descriptor in enumerate((null, *outputs)):
        os.dup2(descriptor, number)
    for name, number, errors in (("stdout", 1, "strict"), ("stderr", 2, "backslashreplace")):
        stream = open(number, "w", encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
