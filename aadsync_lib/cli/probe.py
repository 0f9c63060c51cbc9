"""``aadsync doctor --probe``."""

from __future__ import annotations

from threading import Event

import click

from aadsync_lib.cli import runtime
from aadsync_lib.cli.consent import asks
from aadsync_lib.cli.options import Options
from aadsync_lib.cli.questions import stopping
from aadsync_lib.cli.signals import interruptible

STOPPING = (
    b"\naadsync: removing what the probe made. A second signal exits at once; what is left then is "
    b"named aadsync-probe-, and the next probe lists it.\n"
)


def run(options: Options, *, yes: bool) -> int:
    """Say what the probe makes, ask on a terminal, probe every target, and return the exit code."""
    import aadsync_lib
    from aadsync_lib.clock import SystemClock
    from aadsync_lib.doctor.probe.report import announcement, exit_code, to_document, to_json
    from aadsync_lib.doctor.probe.run import probe_all
    from aadsync_lib.secrets import SecretResolver

    settings = runtime.settings_of(options)
    click.echo(options.output.clean(announcement(settings.targets)), err=True)
    with stopping("Nothing was made."):
        if not yes and asks() and not click.confirm("Go on?", err=True):
            click.echo("aadsync: nothing was made.", err=True)
            return 1
    secrets, clock, stop = SecretResolver(), SystemClock(), Event()
    options.output.hide(secrets.redact)
    with interruptible(stop.set, words=STOPPING):
        results = probe_all(settings, secrets=secrets, clock=clock, stopped=stop.is_set)
    told = (settings.name, results, clock.now(), aadsync_lib.__version__)
    runtime.publish_document(options, lambda: to_document(*told), lambda: to_json(*told))
    return exit_code(results)
