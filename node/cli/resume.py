"""``perennial resume``: end a pause."""

from __future__ import annotations

from pathlib import Path

import click

from node.cli.common import ask_node, print_json, say, shared_options


@click.command()
@shared_options
def resume(home: Path, is_json: bool) -> None:
    """Help again.

    That ends the pauses that the node made by itself, too: each of them until what it names has ended once.
    """
    found = ask_node(home, lambda client: client.resume(), is_json=is_json)
    if is_json:
        print_json(found)
    else:
        say(found.sentence)
