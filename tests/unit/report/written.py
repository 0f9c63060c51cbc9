"""Plans and runs as every format writes them."""

from aadsync_lib.config.policy import Limits
from aadsync_lib.reconcile.guard import judge
from aadsync_lib.report.explain.parts import explanation_document
from aadsync_lib.report.markdown import as_markdown
from aadsync_lib.report.next_steps import InNotebook
from aadsync_lib.report.plans import plan_document, run_document
from aadsync_lib.report.summary import summary, summary_part
from aadsync_lib.report.terminal import as_text


def plan_text(plan, look=None, *, verdict=None, call=None, **more):
    return as_text(plan_document(plan, verdict, call), look, **more)


def run_text(report, look=None, *, verdict=None, call=None, **more):
    return as_text(run_document(report, verdict, call), look, **more)


def plan_markdown(plan, *, verdict=None, call=None, **more):
    return as_markdown(plan_document(plan, verdict, call), **more)


def run_markdown(report, *, call=None, **more):
    return as_markdown(run_document(report, advice=call), **more)


def plan_part(plan, verdict=None):
    return summary_part(plan_document(plan, verdict, InNotebook()))


def plan_summary(plan, verdict=None):
    return summary(plan_document(plan, verdict, InNotebook()))


def judged_summary(plan, approve=None):
    return plan_summary(plan, judge(plan, Limits(), approve))


def run_summary(report, *, errors=None, refused=None):
    advice = None if refused else InNotebook()
    return summary(run_document(report, advice=advice, unreported=errors, refusal=refused))


def explanation_text(explanation, look=None, *, full=False):
    return as_text(explanation_document(explanation, full=full), look, full=full)


def explanation_markdown(explanation, *, full=False):
    return as_markdown(explanation_document(explanation, full=full), full=full)
