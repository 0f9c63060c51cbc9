"""The Databricks provider of Terraform, with OpenTofu or Terraform: account, assignment, workspaces."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from aadsync_lib.sandbox import Sandbox, World
from aadsync_lib.sandbox.names import ACCOUNTS
from tests.peers.outcome import Outcome

NAME = "databricks provider"
FILES = Path(__file__).with_name("terraform")
NOTHING_TO_DO = 0
Check = Callable[[World], bool]


@dataclass(frozen=True, slots=True)
class Step:
    """A command, the exit code it has to have, and what it has to leave."""

    name: str
    words: tuple[str, ...]
    holds: Check
    code: int = 0


def _made(world: World) -> bool:
    account, hub, sales = world.databricks, world.workspace("hub"), world.workspace("sales")
    return (
        account.members("Data") == {"ada@contoso.com", APPLICATION, "Inner"}
        and hub.assigned()["Data"] == "USER"
        and hub.assigned()["ada@contoso.com"] == "ADMIN"
        and hub.entitlements_of("Data") == ["databricks-sql-access", "workspace-access"]
        and sales.members("Team") == {"bob@contoso.com", "Inner"}
        and "allow-cluster-create" in sales.entitlements_of("Team")
    )


def _changed(world: World) -> bool:
    account, hub, sales = world.databricks, world.workspace("hub"), world.workspace("sales")
    return (
        account.members("Data and AI") == {"ada@contoso.com", "Inner"}
        and hub.assigned()["Data and AI"] == "ADMIN"
        and hub.entitlements_of("Data and AI") == ["workspace-access"]
        and sales.members("Team") == {"bob@contoso.com"}
        and sales.entitlements_of("Team") == []
    )


def _gone(world: World) -> bool:
    account, hub, sales = world.databricks, world.workspace("hub"), world.workspace("sales")
    left = {"Data", "Data and AI", "Inner", "Team"}
    groups = {g.display_name for s in (account, hub, sales) for g in s.groups.values()}
    return not (left & groups) and not (left & hub.assigned().keys())


APPLICATION = "33333333-0000-4000-8000-00000000e71e"
CHANGED = ("-var", "changed=true")
STEPS = (
    Step("create everything", ("apply", "-auto-approve"), _made),
    Step("nothing to do", ("plan", "-detailed-exitcode"), _made),
    Step("change everything", ("apply", "-auto-approve", *CHANGED), _changed),
    Step("nothing to do", ("plan", "-detailed-exitcode", *CHANGED), _changed),
    Step("destroy everything", ("destroy", "-auto-approve", *CHANGED), _gone),
)


def try_terraform(program: Path, provider: Path) -> list[Outcome]:
    """Make, change and destroy what the files beside this module describe."""
    world = World()
    world.add_workspace("hub", federated=True)
    world.add_workspace("sales")
    outcomes: list[Outcome] = []
    with TemporaryDirectory() as folder, Sandbox(world, real_names=True) as box:
        text = (FILES / "main.tf").read_text(encoding="utf-8")
        Path(folder, "main.tf").write_text(text, encoding="utf-8")
        environment = _environment(box, Path(folder), provider)
        for step in STEPS:
            mark = box.log.mark()
            done = subprocess.run(
                [program, *step.words, "-no-color", "-input=false"],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            good = done.returncode == step.code and step.holds(world)
            seen = f"{len(box.log.writes('databricks', after=mark))} writes"
            said = "" if good else (done.stdout + done.stderr)[-4000:]
            outcomes.append(Outcome(NAME, step.name, good, seen, said))
            if not good:
                break
    return outcomes


def _environment(box: Sandbox, folder: Path, provider: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DATABRICKS_", "TF_", "ARM_"))}
    settings = folder / "cli.tfrc"
    override = f'dev_overrides {{ "databricks/databricks" = "{provider.parent}" }}'
    settings.write_text(f"provider_installation {{\n  {override}\n  direct {{}}\n}}\n")
    hub, sales = box.workspaces["hub"], box.workspaces["sales"]
    variables = {
        "account_host": f"https://{ACCOUNTS[0]}",  # the provider takes no other host for an account's
        "account_id": box.account_id,
        "account_token": box.databricks_token,
        "hub_host": hub.url,
        "hub_token": hub.token,
        "hub_id": str(hub.workspace_id),
        "sales_host": sales.url,
        "sales_token": sales.token,
        "application_id": APPLICATION,
    }
    return {
        **kept,
        **box.names_environment,
        "HOME": str(folder),
        "TF_CLI_CONFIG_FILE": str(settings),
        **{f"TF_VAR_{name}": value for name, value in variables.items()},
    }
