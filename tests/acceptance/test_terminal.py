"""``sync`` on a real terminal: the plan, the question, and an answer."""

import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

from aadsync_lib.sandbox import Sandbox, company
from aadsync_lib.sandbox.command import config, describe

INTERRUPT = "an interrupt"


@pytest.fixture(scope="module")
def box():
    with Sandbox(company(8, 3)) as sandbox:
        yield sandbox


def on_a_terminal(box, folder, answer, *words):
    """Run a command on a terminal, answer its question, and return exit code and all that it shows."""
    (folder / "aadsync.yml").write_text(config(box), encoding="utf-8")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "aadsync_lib", *words]
    env = {**os.environ, **describe(box)["environment"]}
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), theirs)
    handled = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # what is ignored would be so there
    process = subprocess.Popen(command, cwd=folder, env=env, start_new_session=True, **streams)
    signal.signal(signal.SIGINT, handled)
    os.close(theirs)
    shown, answered, deadline = b"", False, time.monotonic() + 120
    while time.monotonic() < deadline:
        silent = not select.select([ours], [], [], 10)[0]
        try:
            shown += b"" if silent else os.read(ours, 65536)
        except OSError:
            break
        if answer and b"[y/N]" in shown and (silent or not answered):
            answered = True  # but Python overlooks an interrupt just before it waits for a line
            process.send_signal(signal.SIGINT) if answer is INTERRUPT else os.write(ours, answer)
    os.close(ours)
    return process.wait(timeout=60), shown.decode()


def test_an_interrupt_at_the_question_is_a_no(box, tmp_path):
    code, shown = on_a_terminal(box, tmp_path, INTERRUPT, "sync")
    assert code == 1
    assert "Plan for sandbox:" in shown
    assert "Nothing was changed." in shown
    assert "in flight" not in shown
    assert not box.log.writes("databricks")


def test_a_yes_applies_and_a_refusal_is_printed_once(box, tmp_path):
    code, shown = on_a_terminal(box, tmp_path, b"y\n", "sync")
    assert code == 0
    assert "Run of sandbox: done" in shown
    assert box.log.writes("databricks")
    entra = box.world.entra
    for group in entra.ids("group"):
        for member in tuple(entra.members[group]):
            entra.remove_member(group, member)
    code, shown = on_a_terminal(box, tmp_path, None, "sync")
    assert code == 4
    assert "[y/N]" not in shown
    assert shown.count("groups_emptied is") == 1
    assert shown.count("--approve sha256:") == 1
