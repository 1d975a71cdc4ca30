"""The commands of ``perennial``: known by name and one line each, loaded only when they are called."""

from __future__ import annotations

import importlib
import sys
from typing import Any, Final

import click

from node.cli import INTERRUPTED, loading
from node.cli.common import Failure, print_error

# Command -> the module that holds it under the same name, and what it does in one line.
COMMANDS: Final = {
    "run": ("node.cli.run", "Run the node without a window, until stopped."),
    "stop": ("node.cli.stop", "End the node that runs, whoever has started it."),
    "practice": ("node.cli.practice", "Run a whole practice network on this computer."),
    "status": ("node.cli.status", "Say in one sentence how the node is, then the details."),
    "pause": ("node.cli.pause", "Help less for a while."),
    "resume": ("node.cli.resume", "Help again after a pause."),
    "updates": ("node.cli.updates", "Show each release, its verdict and why."),
    "put": ("node.cli.put", "Store a file or folder in the network, for anyone who has its address."),
    "get": ("node.cli.get", "Fetch a file or folder by its address."),
    "invite": ("node.cli.invite", "Print an invitation by which others find this node."),
    "join": ("node.cli.join", "Take an invitation."),
    "settings": ("node.cli.settings", "Show or change the settings."),
    "leave": ("node.cli.leave", "End the node for good, and give the lent space back."),
    "doctor": ("node.cli.doctor", "Say what works and what is lacking; with --output, write a diagnostics file."),
    "pod": ("node.cli.pod", "Tools for developers: keys, build, sign, publish."),
}
UNANSWERED: Final = "Nobody is there to answer, so nothing was done."


class Commands(click.Group):
    """A group that knows its commands' names and help without loading them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        with loading():
            command = getattr(importlib.import_module(COMMANDS[cmd_name][0]), cmd_name)
        assert isinstance(command, click.Command), cmd_name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def main(self, args: Any = None, prog_name: str | None = None, *others: Any, **options: Any) -> Any:
        """Run a command and end the process; wrong usage is an ErrorAnswer too with --json, Ctrl+C is quiet."""
        given = sys.argv[1:] if args is None else list(args)
        try:
            code = super().main(args, prog_name, *others, **{**options, "standalone_mode": False})
        except click.Abort as abort:
            if not isinstance(abort.__context__, EOFError):
                sys.exit(INTERRUPTED)
            click.echo(err=True)  # after the question
            Failure("unanswered", UNANSWERED, is_json="--json" in given).show()
            sys.exit(Failure.exit_code)
        except click.UsageError as error:
            if "--json" in given:  # said or not, it may not have been read yet
                print_error("usage", error.format_message())
            else:
                error.show()
            sys.exit(error.exit_code)
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        sys.exit(code if isinstance(code, int) else 0)
