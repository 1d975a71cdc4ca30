"""``perennial get``: a public share out of the network, every byte checked."""

from __future__ import annotations

import os
from pathlib import Path

import click

from node.api.shares import texts
from node.api.shares.getting import get as get_share
from node.api.texts import count, size
from node.cli.common import print_json, shared_options
from node.cli.sharing import share


@click.command()
@click.argument("address")
@click.option("-o", "--output", "output", type=click.Path(path_type=Path), default=None, metavar="PATH",
              help="Where it shall stand; by default under its own name in this folder.")  # fmt: skip
@shared_options
def get(home: Path, is_json: bool, address: str, output: Path | None) -> None:
    """Fetch the share at ADDRESS.

    Nothing stands under its name before all of it is there and checked.  When it is interrupted, the same command
    goes on from there.
    """
    target = None if output is None else Path(os.path.abspath(output))  # noqa: PTH100  # links stay as they are
    fetched = share(
        home,
        lambda courier, progress: get_share(courier, address.lower(), target, Path.cwd(), progress),
        texts.get_interrupted(),
        is_json=is_json,
    )
    if is_json:
        print_json(fetched)
    else:
        amount = f"{count(fetched.files, 'file')}, {size(fetched.length_bytes)}"
        click.echo(f"{texts.shown(fetched.path)} is whole and checked: {amount}.")
