"""Lines of the file's groups that the list of a widget leaves out, and errors in the words of a notebook."""

import pytest

from aadsync_lib.errors import UnknownNameError, UsageError
from aadsync_lib.notebook.left_out import left_out, with_left_out
from aadsync_lib.notebook.log import clean_errors
from aadsync_lib.own_words import own
from aadsync_lib.report.plans import plan_document
from aadsync_lib.secrets import SecretResolver
from tests.unit.notebook.test_answers import answer
from tests.unit.report import samples


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "aadsync.yml"
    answer(file, **{"scope.groups": "dbx-*, Data Platform"})
    return str(file)


@pytest.mark.parametrize(
    ("groups", "lines"),
    [
        ("dbx-*, Data Platform, Data Science", ()),
        ("Data Science", ("prefix 'dbx-'", "name 'Data Platform'")),
        ("dbx-*", ("name 'Data Platform'",)),
        ("dbx-data*, data*", ("prefix 'dbx-'",)),
        ("db*, Data Platform", ()),
        ("[{nme: dbx-}]", ()),
        (None, ()),
    ],
)
def test_what_a_shorter_list_leaves_out_is_named(path, groups, lines):
    given = {} if groups is None else {"scope.groups": groups}
    assert left_out({"config": path, **given}, None) == lines


def test_without_a_file_nothing_is_left_out(path):
    assert left_out({"scope.groups": "dbx-*"}, None) == ()
    assert left_out({"config": f"{path}x", "scope.groups": "dbx-*"}, None) == ()


def test_a_plan_begins_with_what_is_left_out():
    document = plan_document(samples.full_plan())
    first, *others = with_left_out(document, ("prefix 'dbx-'",)).alerts
    assert first.lines == ("prefix 'dbx-'",)
    assert tuple(others) == document.alerts
    assert with_left_out(document, ()) is document


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("--target acount: no such target", "target acount: no such target"),
        ("There is no run xx. aadsync history lists the runs.", "06_history lists the runs."),
        ("no such file; `aadsync init` writes one", "no such file; 01_setup writes one"),
        ("aadsync explain --user looks in Entra", "05_explain user looks in Entra"),
        ("aadsync register makes one, with --store-in.", "aadsync register makes one, with --store-in."),
        ("aadsync-contoso and x--target stay", "aadsync-contoso and x--target stay"),
    ],
)  # fmt: skip
def test_an_error_names_notebooks_and_widgets_for_commands_and_options(text, told):
    with pytest.raises(UsageError) as error, clean_errors(SecretResolver()):
        raise UsageError(own(text))
    assert str(error.value).endswith(told)


def test_a_name_that_is_a_command_stays_as_it_is():
    name = "`aadsync sync` --user"
    with pytest.raises(UnknownNameError) as error, clean_errors(SecretResolver()):
        raise UnknownNameError("group", name, ("aadsync plan",))
    assert f"no group {name}: " in str(error.value)
    assert "Nearest: aadsync plan. 05_explain group looks in Entra, too." in str(error.value)
