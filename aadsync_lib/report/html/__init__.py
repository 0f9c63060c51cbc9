"""Plans and runs as one page of HTML for a browser: self-contained, offline, for pointers, keys and ears."""

from aadsync_lib.report.html.page import plan_page, run_page
from aadsync_lib.report.html.past import past_run

__all__ = ["past_run", "plan_page", "run_page"]
