"""The company of docs/explain.md, and what the commands of the page print."""

from __future__ import annotations

import re

from click.testing import CliRunner

from aadsync_lib.cli import main
from tests.acceptance.stage import Stage


def company(stage: Stage) -> None:
    """Sync a small company, and let a day pass on which some of it changes."""
    entra = stage.box.world.entra
    ada = entra.add_user("ada@contoso.com", displayName="Ada Lovelace")
    bob = entra.add_user("bob@contoso.com", displayName="Bob Noyce")
    grace = entra.add_user("grace@contoso.com", displayName="Grace Hopper")
    robot = entra.add_service_principal("Nightly load", "33333333-0000-4000-8000-00000000aaaa")
    engineers = entra.add_group("Data Engineers", members=[ada, robot])
    social = entra.add_group("Data Friends", members=[ada, grace], securityEnabled=False)
    entra.add_group("Chess Club", members=[ada])
    platform = entra.add_group("dbx-platform", members=[engineers])
    analytics = entra.add_group("dbx-analytics", members=[platform, social, bob])
    stage.sync()
    entra.add_member(analytics, ada)


def ask(stage: Stage, *words: str) -> str:
    """Return what ``aadsync explain`` prints."""
    command = ("explain", "-c", str(stage.settings_file), *words)
    return CliRunner().invoke(main, command, catch_exceptions=False).stdout


def timeless(text: str) -> str:
    """Leave out what is another one in every run: times, runs, and ids on the target."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC \(run [^)]+\)", "TIME (run RUN)", text)
    return re.sub(r"\b40000000000\d\d\b", "ID", text)
