"""``perennial put``: a file or folder into the network, as a public share."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click

from node.api.shares import texts
from node.api.shares.putting import Stored
from node.api.shares.putting import put as put_share
from node.api.texts import count, size
from node.cli.common import print_json, shared_options
from node.cli.sharing import share


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@shared_options
def put(home: Path, is_json: bool, path: Path) -> None:
    """Store the file or folder PATH in the network, and print the address of the share.

    Anyone who has the address can fetch it.  When it is interrupted, the same command goes on from there.
    """
    source = Path(os.path.abspath(path))  # noqa: PTH100  # a link is shared under its own name
    stored = share(
        home,
        lambda courier, progress: put_share(courier, home, source, progress, time.time()),
        texts.put_interrupted(),
        is_json=is_json,
    )
    if is_json:
        print_json(stored)
    else:
        click.echo(f"{_sentence(stored)}\n{stored.address}")


def _sentence(stored: Stored) -> str:
    held = "" if stored.holders_least is None else f", each part in at least {count(stored.holders_least, 'vault')}"
    return f"Stored {texts.shown(stored.name)}: {count(stored.files, 'file')}, {size(stored.length_bytes)}{held}."
