"""``perennial`` without a command: the tray app."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import click

import node.vault
from node.cli.commands import Commands
from node.cli.common import HOME_OPTION, JSON_OPTION, Failure

NO_DISPLAY: Final = (
    "There is no screen to show the app on. In a terminal, perennial practice shows a whole practice network,"
    " and perennial run keeps a node running."
)


@click.group(cls=Commands, invoke_without_command=True)
@click.version_option(node.vault.__version__, message="%(version)s")  # what is installed is no package of its Python
@HOME_OPTION
@JSON_OPTION
@click.pass_context
def perennial(ctx: click.Context, home: Path | None, is_json: bool) -> None:
    """Keep this computer useful to an autonomous storage network.

    Without a command: the tray app.
    """
    if ctx.invoked_subcommand is not None:
        return
    if not has_display():
        raise Failure("no_display", NO_DISPLAY, is_json=is_json)
    from gui.__main__ import main  # noqa: PLC0415 - Qt is slow to load and may lack its libraries

    sys.exit(main(["--home", str(home)] if home else []))


def has_display() -> bool:
    """Whether a window could be shown."""
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
