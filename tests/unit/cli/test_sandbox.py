"""``aadsync sandbox``."""

import importlib
import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def served(monkeypatch):
    calls = []
    monkeypatch.setattr(
        "aadsync_lib.sandbox.command.serve", lambda *given, **more: calls.append((given, more))
    )
    return calls


def test_options_reach_the_sandbox(run, served):
    Path("w.json").write_text("{}")
    words = "--world w.json --users 9 --seed 3 --speed 20 --save --format json --init d --port 9000"
    assert run("sandbox", *words.split()).exit_code == 0
    ((world, users, seed, speed, _, as_json), more) = served[0]
    assert (str(world), users, seed, speed, as_json) == ("w.json", 9, 3, 20.0, True)
    assert more == {"save": True, "workspaces": 0, "init": Path("d"), "port": 9000}


def test_workspaces_are_of_a_made_up_company(run, served):
    assert run("sandbox", "--workspaces", "3").exit_code == 0
    assert served[0][1]["workspaces"] == 3
    Path("w.json").write_text("{}")
    result = run("sandbox", "--world", "w.json", "--workspaces", "3")
    assert result.exit_code == 2
    assert "w.json has its own" in result.stderr


def test_a_port_that_is_taken_and_settings_of_somebody_are_errors(run):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        result = run("sandbox", "--users", "20", "--port", str(number))
        assert result.exit_code == 1
        assert f"port {number} on 127.0.0.1 cannot be had" in result.stderr
    Path("aadsync.yml").write_text("version: 1\n")
    result = run("sandbox", "--users", "20", "--init", ".")
    assert result.exit_code == 1
    assert "aadsync.yml was not written by a sandbox" in result.stderr
    assert Path("aadsync.yml").read_text() == "version: 1\n"


def test_saving_needs_a_file(run, served):
    result = run("sandbox", "--save")
    assert result.exit_code == 2
    assert "--save needs --world" in result.stderr
    assert served == []


def test_world_that_is_not_there_is_a_usage_error_unless_it_is_to_be_made(run, served):
    result = run("sandbox", "--world", "w.json")
    assert result.exit_code == 2
    assert "w.json: no such file" in result.stderr
    assert run("sandbox", "--world", "w.json", "--save").exit_code == 0


@pytest.mark.parametrize("command", ["sandbox", "demo"])
def test_installation_without_the_sandbox_says_what_to_install(run, monkeypatch, command):
    def missing(_name):
        raise ModuleNotFoundError("No module named 'starlette'", name="starlette")

    monkeypatch.setattr(importlib, "import_module", missing)
    result = run(command)
    assert result.exit_code == 1
    assert "starlette, which is not installed: pip install '.[sandbox]'" in result.stderr


@pytest.mark.parametrize("package", ["starlette", "uvicorn", "cryptography"])
def test_each_package_of_the_extra_is_missed_with_a_word(package):
    without = f"import sys; sys.modules['{package}'] = None"
    command = f"{without}; from aadsync_lib.cli import main; main(['demo'])"
    done = subprocess.run(
        [sys.executable, "-c", command], check=False, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert f"The sandbox needs {package}" in done.stderr
    assert "pip install '.[sandbox]' in a clone" in done.stderr


def test_sandbox_serves_until_interrupted():
    command = [sys.executable, "-m", "aadsync_lib", "sandbox", "--users", "20", "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line == "}\n":
                break
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
    assert json.loads("".join(lines))["users"] == 20
