"""What holds for every command: errors, secrets, logs, imports."""

import io
import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from aadsync_lib.cli import main
from aadsync_lib.cli.app import PURPOSES
from aadsync_lib.cli.logs import logs_to_stderr
from aadsync_lib.cli.output import Output, streams_write_anything
from aadsync_lib.errors import SourceError
from tests.unit.report import samples

HEAVY = {
    "azure", "cryptography", "databricks", "jinja2", "kiota_abstractions", "msgraph", "pandas",
    "pydantic", "pyspark", "rich", "sqlite3", "starlette", "tqdm", "uvicorn", "yaml",
}  # fmt: skip
SECRET = 's3cr3t-"value"'


def test_help_names_the_commands_of_this_version_only(run):
    text = run("--help").stdout
    listed = text[text.index("To begin:") : text.index("Exit codes:")]
    names = re.findall(r"^  (\S+)", listed, re.MULTILINE)
    assert names == [
        name for purpose in PURPOSES.values() for name in purpose if name in main.commands
    ]
    assert set(names) == set(main.commands)


def test_a_command_without_a_purpose_is_listed_all_the_same(run, monkeypatch):
    monkeypatch.setitem(main.commands, "new", main.commands["plan"])
    assert "Others:\n  new" in run("--help").stdout


def groups_and_commands(command=main, path=()):
    """Every group and command, with the words that call it."""
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from groups_and_commands(below, (*path, name))


@pytest.mark.parametrize(
    "path",
    [path for path, each in groups_and_commands() if hasattr(each, "commands")],
    ids=" ".join,
)
@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_list_of_commands_has_a_whole_sentence_for_each(run, path, width):
    shown = " ".join(
        run(*path, "--help", terminal_width=width, max_content_width=width).stdout.split()
    )
    assert "..." not in shown.partition("[ARGS]...")[2]
    for words, command in groups_and_commands():
        if words[:-1] == path and words:
            help_text = " ".join(command.help.split())
            found = re.search(rf" {words[-1]} ([A-Z].*?\.)(?= |$)", shown)
            assert found, words
            assert help_text.startswith(found[1]), words
            assert len(found[1]) <= 90, words


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sandbox", "--init"), "--init wants a value, --init DIR."),
        (("sandbox", "--init", "--port", "41000"), "--init DIR; --port is an option itself."),
        (("plan", "-c"), "-c wants a value, -c F."),
        (("plan", "--target", "--full"), "--target T; --full is an option itself."),
        (("plan", "--format", "--all"), "--format text|json|markdown|html; --all"),
        (("connector", "provision", "--user", "--group", "a"), "--user NAME; --group"),
        (("aim", "align", "--approve", "--yes"), "--approve DIGEST; --yes"),
        (("sandbox", "--users"), "--users N."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_an_option_without_its_value_is_told_as_such(run, engine, words, said):
    result = run(*words)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert engine.opened == {}


@pytest.mark.parametrize(
    "words", [("--user", "-v"), ("--user=--full",), ("--save", "--", "--full")], ids=" ".join
)
def test_what_is_a_value_all_the_same(run, engine, words):
    stderr = run("plan", *words).stderr
    assert ("wants a value" in stderr) == (words == ("--user", "-v"))


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from aadsync_lib.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=plain
    )
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert loaded & HEAVY == set()
    assert "click" in loaded


def test_module_and_command_are_the_same():
    done = subprocess.run(
        [sys.executable, "-m", "aadsync_lib", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("aadsync, version ")


def test_unknown_command_is_a_usage_error(run):
    result = run("explode")
    assert result.exit_code == 2
    assert result.stdout == ""


def test_error_is_told_on_stderr_without_traceback(run, engine):
    engine.found = SourceError("Entra said 403. Grant Group.Read.All.")
    result = run("plan", "--format", "json")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == "aadsync: Entra said 403. Grant Group.Read.All.\n"


def test_every_problem_of_the_settings_is_told(run, engine):
    text = Path("aadsync.yml").read_text(encoding="utf-8")
    Path("aadsync.yml").write_text(text.replace("name: contoso", "nmae: Contoso"), encoding="utf-8")
    result = run("plan")
    assert result.exit_code == 1
    assert "nmae" in result.stderr
    assert result.stdout == ""


def test_missing_settings_are_told_with_the_way_out(run, engine):
    Path("aadsync.yml").unlink()
    result = run("sync")
    assert result.exit_code == 1
    assert "aadsync init" in result.stderr


def test_unexpected_error_is_one_line_and_how_to_see_more(run, engine):
    engine.found = ZeroDivisionError("something\nodd")
    result = run("plan")
    assert result.exit_code == 1
    assert result.stderr == (
        "aadsync: ZeroDivisionError: something odd (AADSYNC_DEBUG=1 shows where)\n"
    )


def test_unexpected_error_without_words_still_has_a_name(run, engine):
    engine.found = KeyError()
    assert "KeyError: no message" in run("plan").stderr


def test_traceback_is_shown_on_demand(run, engine, monkeypatch):
    monkeypatch.setenv("AADSYNC_DEBUG", "1")
    engine.found = ZeroDivisionError("odd")
    result = run("plan")
    assert "Traceback (most recent call last)" in result.stderr
    assert result.stderr.endswith("(AADSYNC_DEBUG=1 shows where)\n")


def test_reader_that_went_away_is_left_to_click(run, engine):
    engine.found = BrokenPipeError()
    assert isinstance(run("plan").exception, BrokenPipeError | SystemExit)


@pytest.mark.parametrize("words", [("plan",), ("plan", "--format", "json")])
def test_an_interrupt_says_that_nothing_was_changed(run, engine, words):
    def interrupted():
        raise KeyboardInterrupt

    engine.before = interrupted
    result = run(*words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "\naadsync: Interrupted. Nothing was changed.\n"


@pytest.mark.parametrize("words", [("connector", "setup"), ("sync",), ("undo", "last")])
def test_an_interrupt_of_what_may_have_written_says_how_to_go_on(run, monkeypatch, words):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    for reached in ("connectors_of", "settings_of"):
        monkeypatch.setattr(f"aadsync_lib.cli.runtime.{reached}", interrupted)
    stderr = run(*words).stderr
    assert stderr.endswith("What is done stays; run the same again, and it goes on from there.\n")


def test_error_brings_no_control_character_from_a_name(run, engine):
    engine.found = SourceError("group \x1b[31m\u202eevil\nsecond line")
    assert run("plan").stderr == "aadsync: group \\x1b[31m\\u202eevil\nsecond line\n"


def learned(engine):
    """Have the engine learn a secret while it works."""
    engine.before = lambda: engine.opened["secrets"].hide(SECRET)


@pytest.mark.parametrize("debug", ["", "1"])
def test_secret_in_an_error_is_hidden(run, engine, monkeypatch, debug):
    monkeypatch.setenv("AADSYNC_DEBUG", debug)
    learned(engine)
    engine.found = SourceError(f"refused {SECRET}")
    stderr = run("plan").stderr
    assert "refused ***" in stderr
    assert "s3cr3t" not in stderr


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_secret_in_a_plan_is_hidden_in_every_format_and_file(run, engine, form):
    learned(engine)
    engine.found = samples.plan(samples.target_plan(samples.create_user("ada", f"by {SECRET}")))
    result = run("plan", "--format", form, "--out", "out", "--save", "plan.json", "--all")
    assert result.exit_code == 0
    for text in (result.stdout, *(Path(name).read_text() for name in ("out", "plan.json"))):
        assert "s3cr3t" not in text
    json.loads(Path("plan.json").read_text())


def test_secret_in_a_log_line_is_hidden(run, engine):
    def work():
        engine.opened["secrets"].hide(SECRET)
        logging.getLogger("aadsync_lib.engine").warning("sent %s", SECRET)

    engine.before = work
    assert run("plan").stderr == "WARNING aadsync_lib.engine: sent ***\n"


@pytest.mark.parametrize(
    ("options", "levels"),
    [
        ((), ["WARNING"]),
        (("--quiet",), []),
        (("-v",), ["INFO", "WARNING"]),
        (("-vv",), ["DEBUG", "INFO", "WARNING"]),
    ],
)
def test_logs_are_as_loud_as_asked_for_and_on_stderr(run, engine, options, levels):
    def work():
        log = logging.getLogger("aadsync_lib.engine")
        log.debug("a")
        log.info("b")
        log.warning("c")

    engine.before = work
    result = run("plan", *options)
    assert [line.split()[0] for line in result.stderr.splitlines()] == levels
    assert result.stdout.startswith("Plan for")


def test_logging_is_left_as_it_was():
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    with logs_to_stderr(Output(), verbose=2):
        assert root.handlers != before[1]
    assert (root.level, list(root.handlers)) == before


def test_name_that_the_terminal_cannot_write_is_escaped(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    monkeypatch.setattr("sys.stderr", io.StringIO())
    streams_write_anything()
    print("Zoë", flush=True)
    assert raw.getvalue() == b"Zo\\xeb\n"
