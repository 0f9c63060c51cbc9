"""Ctrl-C and SIGTERM while a run is under way."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

SIGNALS = (signal.SIGINT, signal.SIGTERM)
STOPPING = (
    b"\naadsync: finishing and recording what is in flight. "
    b"Run again to go on. A second signal exits at once.\n"
)
OVER = b"\0"


@contextmanager
def interruptible(
    stop: Callable[[], None],
    leave: Callable[[int], object] = os._exit,
    words: bytes = STOPPING,
) -> Iterator[None]:
    """Let the first signal ask to stop and a second one leave at once.

    A handler of Python's runs on the main thread only, which may wait for others and may not even
    be the one that the system interrupts. So a thread listens to what arrives. Leaving does not
    wait for anybody: what was sent is in the journal, and the next run looks it up.
    """
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    listener = Thread(target=_listen, args=(ours, stop, leave, words), name="signals", daemon=True)
    listener.start()
    before = {number: signal.signal(number, _do_nothing) for number in SIGNALS}
    wakeup = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        theirs.send(OVER)
        listener.join()
        ours.close()
        theirs.close()


def _do_nothing(*_: object) -> None:
    """Take the place of what would end the program."""


def _listen(
    ours: socket.socket, stop: Callable[[], None], leave: Callable[[int], object], words: bytes
) -> None:
    asked = False
    while (arrived := ours.recv(1)) != OVER:
        if asked:
            leave(128 + arrived[0])
            continue
        asked = True
        os.write(2, words)
        stop()


@contextmanager
def leaving_at_once() -> Iterator[None]:
    """Let a signal end the program as it does otherwise, while nothing is under way that it would break."""
    wakeup = signal.set_wakeup_fd(-1)
    before = {number: signal.getsignal(number) for number in SIGNALS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
