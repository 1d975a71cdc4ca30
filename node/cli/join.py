"""``perennial join TEXT``: take an invitation, now or, when the node does not run, for its next start."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from node.cli import loading
from node.cli.common import Failure, ask_node, fail, print_json, say, shared_options

if TYPE_CHECKING:
    from node.api.schema import Joined

NOT_RUNNING: Final = "api.not_running"


@click.command()
@click.argument("text", nargs=-1, required=True)
@shared_options
def join(home: Path, is_json: bool, text: tuple[str, ...]) -> None:
    """Take an invitation, as printed by: perennial invite."""
    given = " ".join(text)
    try:
        joined = ask_node(home, lambda client: client.join(given), is_json=is_json)
    except Failure as failure:
        if failure.code != NOT_RUNNING:
            raise
        joined = _join_later(home, given, is_json=is_json)
    if is_json:
        print_json(joined)
    else:
        say(joined.sentence)


def _join_later(home: Path, text: str, *, is_json: bool) -> Joined:
    with loading():
        from node.supervisor.errors import SupervisorError  # noqa: PLC0415 - only for a node that does not run
        from node.supervisor.home import Home  # noqa: PLC0415
        from node.supervisor.meeting import join_later  # noqa: PLC0415

    try:
        opened = Home.open(home)
        with opened.lock():
            return join_later(opened, text)
    except SupervisorError as error:
        fail(error, is_json=is_json)
