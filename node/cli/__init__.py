"""The command line: one file per command, loaded only when it is called, so that every start is quick."""

from __future__ import annotations

import importlib
import sys
from typing import Final

import click

# Command -> the module that holds it under the same name, and what it does in one line.
COMMANDS: Final = {
    "run": ("node.cli.run", "Run the node without a window, until stopped."),
    "practice": ("node.cli.practice", "Run a whole practice network on this computer."),
    "status": ("node.cli.status", "Say in one sentence how the node is, then the details."),
    "updates": ("node.cli.updates", "Show each release, its verdict and why."),
    "put": ("node.cli.put", "Store a file or folder in the network, for anyone who has its address."),
    "get": ("node.cli.get", "Fetch a file or folder by its address."),
    "invite": ("node.cli.invite", "Print an invitation by which others find this node."),
    "join": ("node.cli.join", "Take an invitation."),
    "settings": ("node.cli.settings", "Show or change the settings."),
    "pod": ("node.cli.pod", "Tools for developers: keys, build, sign, publish."),
}


class Commands(click.Group):
    """A group that knows its commands' names and help without loading them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(COMMANDS[cmd_name][0]), cmd_name)
        assert isinstance(command, click.Command), cmd_name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


def main() -> None:
    """The command ``perennial``.  Exit codes: 0 done, 1 a stated failure, 2 wrong usage, 130 Ctrl+C."""
    if not __debug__:
        sys.exit("Perennial does not run with python -O: its checks must stay on.")
    from node.cli.tray import perennial  # noqa: PLC0415 - it uses what stands above

    perennial(prog_name="perennial")
