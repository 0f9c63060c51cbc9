"""Plans and runs as one page of HTML for a browser: self-contained, offline, for pointers, keys and ears."""

from aadsync_lib.report.html.page import document_page, history_page, plan_page, run_page

__all__ = ["document_page", "history_page", "plan_page", "run_page"]
