"""``aadsync sandbox``."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import click

from aadsync_lib.cli.options import FILE, Options, options
from aadsync_lib.errors import AadsyncError, UsageError, install_extra


@click.command()
@options()
@click.option("--world", type=FILE, metavar="W.json", help="Serve this world, not a made-up one.")
@click.option("--users", default=300, show_default=True, help="Size of the made-up company.")
@click.option("--seed", default=7, show_default=True, help="Which made-up company.")
@click.option(
    "--speed", type=float, help="Turn the published rate limits on, so many times as fast."
)
@click.option("--save", is_flag=True, help="Write the world back to its file at the end.")
@click.option(
    "--workspaces",
    type=click.IntRange(0, 100),
    default=0,
    show_default=True,
    help="Workspaces of the made-up company; every other one is federated.",
)
@click.option(
    "--init",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write an aadsync.yml for it into this folder.",
)
@click.option(
    "--port",
    type=click.IntRange(1024, 65000),
    metavar="N",
    help="First of its ports, in a row; otherwise any that are free.",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How addresses and tokens are printed.",
)  # fmt: skip
def sandbox(
    options: Options,
    world: Path | None,
    users: int,
    seed: int,
    speed: float | None,
    workspaces: int,
    init: Path | None,
    port: int | None,
    *,
    save: bool,
) -> None:
    """Serve a made-up Entra and Databricks.

    On this machine, until interrupted, for any client.
    """
    if save and world is None:
        raise click.UsageError("--save needs --world W.json")
    if world is not None and not world.exists() and not save:
        raise UsageError(f"{world}: no such file. With --save, a new world is written there.")
    if workspaces and world is not None and world.exists():
        raise click.UsageError(f"--workspaces is of a made-up company; {world} has its own")
    serve = needs_sandbox("aadsync_lib.sandbox.command").serve
    given = world, users, seed, speed, click.echo, options.form == "json"
    try:
        serve(*given, save=save, workspaces=workspaces, init=init, port=port)
    except OSError as error:
        raise AadsyncError(f"The sandbox was not started: {error}") from error


def needs_sandbox(module: str) -> Any:
    """Import what only an installation with the sandbox has."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise AadsyncError(
            f"The sandbox needs {error.name}, which is not installed: {install_extra('sandbox')}"
        ) from error
