"""Progress where a person looks on, and on the page of a job run."""

import io
import sys
from types import SimpleNamespace

from tqdm import tqdm

from aadsync_lib.notebook.log import notebook_progress
from aadsync_lib.report.progress import BarProgress, LineProgress


class WidgetBar(tqdm):
    """Holds the length of its widget apart, as the bar of a notebook does."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        parts = ("left", SimpleNamespace(max=self.total), "right")
        self.container = SimpleNamespace(children=parts)


def test_job_gets_lines_on_stdout(capsys):
    progress = notebook_progress(False)
    assert isinstance(progress, LineProgress)
    progress.start(10, "account")
    progress.advance(10)
    progress.done()
    assert capsys.readouterr().err == ""


def test_where_no_widget_can_be_drawn_lines_stand_in_without_a_warning():
    assert isinstance(notebook_progress(True), LineProgress)


def test_stdout_is_the_one_of_the_moment(monkeypatch):
    cell = io.StringIO()
    monkeypatch.setattr(sys, "stdout", cell)
    times = iter([0.0, 60.0])
    progress = notebook_progress(False)
    progress._clock = lambda: next(times)
    progress.start(10, "account")
    progress.advance(5)
    assert cell.getvalue() == "account: 5/10, about 60 s left\n"


def test_widget_grows_with_the_work_that_is_added():
    progress = BarProgress(io.StringIO(), WidgetBar)
    progress.start(10, "account")
    widget = progress._bar.container.children[1]
    progress.start(30, "second")
    assert widget.max == 40
    progress.done()
    progress.done()


def test_plain_python_gets_lines_even_where_widgets_are_installed(monkeypatch, tmp_path):
    (tmp_path / "ipywidgets").mkdir()
    (tmp_path / "ipywidgets/__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert isinstance(notebook_progress(True), LineProgress)
