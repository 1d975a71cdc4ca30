"""``perennial pause``: help less for a while."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from node.api.schema import PauseLasts
from node.cli.common import ask_node, print_json, say, shared_options

LASTS = get_args(PauseLasts)


@click.command()
@click.argument("lasts", type=click.Choice(LASTS), default="until-resumed")
@shared_options
def pause(home: Path, is_json: bool, lasts: PauseLasts) -> None:
    """Help less: for an hour, until six in the morning, or until it is resumed.

    No new chunks are taken, nothing is tried out, and the line is used less.  What is kept here can be read all the
    same.
    """
    found = ask_node(home, lambda client: client.pause(lasts), is_json=is_json)
    if is_json:
        print_json(found)
    else:
        for reason in found.pauses:
            say(reason.sentence)
        if found.state != "paused":  # something presses more
            say(found.sentence)
