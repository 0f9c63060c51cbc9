"""Lines to copy: whatever a command says to do next, with the options that chose settings and target."""

import json
import logging
import re
import shlex
from pathlib import Path

import click
import pytest

from aadsync_lib.cli import main
from aadsync_lib.cli.following import COMMAND, completed, completed_document
from aadsync_lib.errors import AadsyncError, UnknownNameError
from aadsync_lib.model.directory import SCOPE_EMPTY, Notice
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.plan import Loss, Quarantined, TargetPlan, Unowned
from aadsync_lib.own_words import joined, own
from aadsync_lib.report.as_json import plan_to_json
from aadsync_lib.report.document import Alert, Document, Part, Table
from aadsync_lib.report.next_steps import OF_ALL_TARGETS, Call
from aadsync_lib.report.plan_rows import Row
from tests.unit.build import directory, group, user
from tests.unit.report import samples
from tests.unit.world import World

CHOSEN = ("-c", "my sync.yml", "--set", "policy.mode=mirror", "--target", "account")
DIGEST = f"sha256:{'0a' * 32}"
LINE = re.compile(r"aadsync [a-z].*?(?= (?:applies|shows|tries|makes)\b|; |\.?$)", re.MULTILINE)


def commands(group=main, path=()):
    """Every command of the program: its words, and itself."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def of_settings():
    """The commands that read settings, and whether each takes a target."""
    for words, command in commands():
        names = {option.name for option in command.params}
        if {"config", "overrides"} <= names:
            yield words, "target" in names


def parsed(line):
    """The options that a line gives its command. Fails where the command would not take it."""
    words = shlex.split(line)
    assert words.pop(0) == "aadsync"
    command, context = main, click.Context(main)
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    context = command.make_context(command.name, words, parent=context)
    return context.params


def with_digest(line):
    """A line with a digest in place of a sample's."""
    return re.sub(r"--approve \S+", f"--approve {DIGEST}", line)


def lines(result):
    """The command lines that a result says to go on with."""
    text = re.sub(r"\n +", " ", result.stdout) + result.stderr
    return [line for line in LINE.findall(text) if " -c " in line]


@pytest.fixture
def chosen(run):
    """Run with settings that have another name, and a target."""
    Path("aadsync.yml").rename("my sync.yml")
    return lambda *words, given=CHOSEN: run(*words, *given)


@pytest.fixture
def past(run, tmp_path):
    with World(directory(user("ada"), group("data", [user("ada")]))) as world:
        world.sync()
        world.store.close()
        (tmp_path / "aadsync.db").write_bytes(Path(world.store._database.path).read_bytes())


def test_every_command_of_settings_is_completed_and_those_without_targets_are_known():
    known = dict(of_settings())
    assert {words[0] for words, target in known.items() if not target} == OF_ALL_TARGETS
    for words in known:
        assert COMMAND.fullmatch(f"aadsync {' '.join(words)}"), words
    others = {words for words, _ in commands()} - set(known)
    for words in others:
        assert not COMMAND.search(f"aadsync {' '.join(words)}"), words


@pytest.mark.parametrize("words", [words for words, _ in of_settings()], ids=" ".join)
def test_a_completed_line_is_one_that_its_command_takes(words):
    call = Call("my sync.yml", "account", ("policy.mode=mirror",))
    line = completed(own(f"aadsync {' '.join(words)}"), call)
    rest = {"history": "last", "undo": "last", "apply": "plan.json"}.get(words[0], "")
    given = parsed(f"{line} {rest}")
    assert given["config"] == Path("my sync.yml")
    assert given["overrides"] == (("policy.mode", "mirror"),)
    assert given.get("target", "account") == "account"


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (("sync",), {}),
        (("sync", "--user", "ada"), {"user": "ada"}),
        (("sync", "--group", "Data Platform"), {"group": "Data Platform"}),
        (("apply", "plan.json"), {"file": Path("plan.json")}),
        (("undo", "last"), {}),
        (("aim", "align"), {}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_the_line_that_approves_a_refused_plan_is_complete(chosen, engine, past, words, kept):
    Path("plan.json").write_text(json.dumps(plan_to_json(samples.full_plan())), encoding="utf-8")
    engine.ran = samples.refusal()
    result = chosen(*words)
    assert result.exit_code == 4
    approving = [line for line in lines(result) if "--approve" in line]
    assert approving, result.stderr
    assert f"\n  {approving[-1]}" in result.stderr
    for line in approving:
        assert line.startswith(f"aadsync {words[0]}")
        given = parsed(with_digest(line))
        assert given["approve"] == DIGEST
        assert given["config"] == Path("my sync.yml")
        assert given["target"] == "account"
        assert {name: given[name] for name in kept} == kept


@pytest.mark.parametrize(
    "words",
    [("plan",), ("plan", "--save", "p.json"), ("plan", "--user", "ada"), ("sync",), ("validate",), ("undo", "last", "--save", "p.json"),
     ("aim", "align", "--plan")],
    ids=" ".join,
)  # fmt: skip
def test_what_follows_is_a_line_that_its_command_takes(chosen, engine, past, words):
    result = chosen(*words)
    assert lines(result), result.stdout
    for line in lines(result):
        given = parsed(with_digest(line))
        assert given["config"] == Path("my sync.yml")
        assert given.get("target", "account") == "account"
        if "--user" in words and "approve" in given:
            assert given["user"] == "ada"
        if words[0] == "aim":
            assert line.startswith("aadsync aim align ")


def test_an_error_names_commands_in_full(chosen, engine):
    engine.found = AadsyncError(own("Look with: aadsync history"))
    result = chosen("plan")
    assert "aadsync history -c 'my sync.yml' --set policy.mode=mirror\n" in result.stderr


def test_a_target_that_is_named_is_not_named_twice():
    text = completed(own("aadsync connector stop --target b"), Call("f.yml", "a"))
    assert text == "aadsync connector stop -c f.yml --target b"


def test_without_options_nothing_is_added():
    text = own("aadsync connector setup makes it")
    assert completed(text, Call()) == text


def test_own_words_of_a_document_name_commands_in_full_and_names_stay_as_they_are():
    name, full = "aadsync connector setup makes it", "aadsync connector setup -c f.yml makes it"
    text = joined(name, ": ", own(name))
    done = f"{name}: {full}"
    table = Table(text, ("Name", "Why"), ((name, text), (name, name)))
    part = Part(text, lines=(text, name), tables=(table,), changes=(Row("+", name, "", ""),))
    document = Document(
        name,
        alerts=(Alert("bad", text, (name,)),),
        lines=(text, name),
        parts=(part,),
        tables=(table,),
        next=text,
        empty=text,
    )
    shown = completed_document(document, Call("f.yml"))
    assert (shown.title, shown.next, shown.empty, shown.lines) == (name, done, done, (done, name))
    assert (shown.alerts[0].title, shown.alerts[0].lines) == (done, (name,))
    assert shown.tables == (Table(done, ("Name", "Why"), ((name, done), (name, name))),)
    assert (shown.parts[0].title, shown.parts[0].lines) == (done, (done, name))
    assert shown.parts[0].tables == shown.tables
    assert shown.parts[0].changes == part.changes
    assert completed_document(document, Call()) == document


NAMED = ("aadsync sync", "aadsync plan", "aadsync connector stop")


def plan_of(name):
    """A plan that shows a name wherever one is shown: changes, losses, holds, warnings, selectors."""
    about = f"{name} is in a circle with {name}"
    target = TargetPlan(
        "account",
        (*samples.members_of(name, add="a", remove="b"), samples.create_user(name, about)),
        quarantined=(Quarantined("e-1", name, about),),
        on_hold=(Quarantined("e-2", name, about),),
        warnings=(Notice("cycle", about), Notice(SCOPE_EMPTY, about)),
        retired=(name,),
        emptied=(name,),
        losing=(Loss(name, name, reason=about),),
        unowned=(Unowned(Kind.GROUP, "e-3", "t-3", name, name, None),),
    )
    return samples.replace(samples.full_plan(), targets=(target,))


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
@pytest.mark.parametrize("name", NAMED)
def test_a_name_that_is_a_command_is_shown_as_any_other_name_is(chosen, engine, name, form):
    shown, other = [], name.replace("aadsync", "aadsynd")
    for each in (name, other):
        engine.found = plan_of(each)
        result = chosen("plan", "--format", form)
        shown.append(re.sub(r"sha256:[0-9a-f]+", "sha256:", result.stdout))
    assert shown[1].count(other) > 10
    assert shown[0] == shown[1].replace("aadsynd", "aadsync")


@pytest.mark.parametrize("name", NAMED)
def test_a_name_that_is_a_command_stays_as_it_is_in_errors_and_logs(chosen, engine, name):
    engine.found = UnknownNameError("group", name, (name,))
    engine.before = lambda: logging.getLogger("aadsync_lib").warning("looking for %s", name)
    error = chosen("plan").stderr
    assert f"looking for {name}\n" in error
    assert f"knows no group {name}: no link" in error
    assert f"Nearest: {name}. aadsync explain -c 'my sync.yml'" in error


@pytest.mark.parametrize(
    ("typed", "path", "name"),
    [
        (".venv/bin/aadsync", "/nowhere", ".venv/bin/aadsync"),
        ("/a b/aadsync", "/nowhere", "'/a b/aadsync'"),
        ("aadsync", "/nowhere", "aadsync"),
        ("/x/aadsync_lib/__main__.py", "/nowhere", "aadsync"),
        (".venv/bin/aadsync", None, "aadsync"),
    ],
)
def test_a_program_that_is_not_on_the_path_is_named_as_it_was_typed(
    run, engine, monkeypatch, tmp_path, typed, path, name
):
    (tmp_path / "aadsync").touch(mode=0o755)
    monkeypatch.setattr("sys.argv", [typed])
    monkeypatch.setenv("PATH", path or str(tmp_path))
    assert f": {name} sync --approve sha256:" in run("plan").stdout
    engine.found = AadsyncError(own("Look with: aadsync history"))
    assert run("plan").stderr == f"aadsync: Look with: {name} history\n"
