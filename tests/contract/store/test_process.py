"""Telling whether the process that holds a lease still runs."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from aadsync_lib.store import process as module
from aadsync_lib.store.process import Process


@pytest.fixture
def here():
    return Process.here()


@pytest.fixture
def child():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as running:
        yield running
        running.kill()


def test_this_process_is_not_gone(here):
    assert not here.gone(here)
    assert str(here) == f"{here.user}@{here.host} pid {os.getpid()}"


def test_a_process_comes_back_from_json_as_it_was(here):
    assert Process.from_json(here.to_json()) == here


def test_a_process_that_ended_is_gone(here, child):
    other = replace(here, pid=child.pid, started=module._started(child.pid) or "")
    assert not other.gone(here)
    child.kill()
    child.wait(10)
    assert other.gone(here)


@pytest.mark.skipif(not module.PROC.exists(), reason="needs /proc")
def test_a_process_that_was_killed_and_not_yet_reaped_is_gone(here, child):
    other = replace(here, pid=child.pid, started=module._started(child.pid))
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert other.gone(here)


@pytest.mark.skipif(not module.PROC.exists(), reason="needs /proc")
def test_another_process_with_the_pid_of_the_old_one_does_not_keep_its_lease(here):
    assert replace(here, started="1").gone(here)


@pytest.mark.parametrize("elsewhere", [{"host": "other"}, {"place": "another container"}])
def test_what_runs_elsewhere_cannot_be_told_and_counts_as_running(here, elsewhere):
    assert not replace(here, pid=2**22 + 1, **elsewhere).gone(here)


def test_without_proc_a_process_is_told_by_its_pid_alone(here, child, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "PROC", tmp_path)
    here = Process.here()
    assert (here.place, here.started) == ("", "")
    assert not replace(here, pid=child.pid).gone(here)
    child.kill()
    child.wait(10)
    assert replace(here, pid=child.pid).gone(here)


def test_a_process_of_somebody_else_counts_as_running(here, monkeypatch):
    def forbidden(pid, signal):
        raise PermissionError

    monkeypatch.setattr(os, "kill", forbidden)
    assert not here.gone(here)


def test_a_user_id_without_a_name_is_no_error(monkeypatch):
    def nameless():
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert Process.here().user == "unknown"
