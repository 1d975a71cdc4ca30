"""``perennial put``: a file or folder into the network, as a public share."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from node.cli import loading
from node.cli.common import PATH, print_json, put_out, shared_options

if TYPE_CHECKING:
    from node.api.shares.putting import Stored


@click.command()
@click.argument("path", type=PATH)
@shared_options
def put(home: Path, is_json: bool, path: Path) -> None:
    """Store the file or folder PATH in the network, and print the address of the share.

    The share is public: anyone who has the address can fetch it, and it cannot be taken back.  Of a folder all goes
    along that is in it: hidden files, and what links in it lead to, even out of the folder.

    When it is interrupted, the same command goes on from there.
    """
    with loading():
        from node.api.shares import texts  # noqa: PLC0415 - slow to load, not needed for --help
        from node.api.shares.putting import put as put_share  # noqa: PLC0415
        from node.cli.sharing import absolute, share  # noqa: PLC0415

    source = absolute(path, is_json=is_json)  # a link is shared under its own name
    stored = share(
        home,
        lambda courier, progress: put_share(courier, home, source, progress, time.time),
        lambda _: texts.put_stopped(),
        is_json=is_json,
    )
    if is_json:
        print_json(stored)
    else:
        put_out(f"{_sentence(stored)}\n{stored.address}")


def _sentence(stored: Stored) -> str:
    from node.api.shares import texts  # noqa: PLC0415 - it is loaded by now
    from node.api.texts import count, size  # noqa: PLC0415

    held = "" if stored.holders_least is None else f", each part in at least {count(stored.holders_least, 'vault')}"
    amount = f"{count(stored.files, 'file')}, {size(stored.length_bytes)}"
    outside = f" {texts.led_outside(stored.links_outside)}" if stored.links_outside else ""
    return f"Stored {texts.shown(stored.name)}: {amount}{held}.{outside}"
