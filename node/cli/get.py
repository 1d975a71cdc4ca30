"""``perennial get``: a public share out of the network, every byte checked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import click

from node.cli import loading
from node.cli.common import PATH, print_json, put_out, shared_options

ADDRESS: Final = re.compile("[0-9a-fA-F]{64}")


def _checked(ctx: click.Context, param: click.Parameter, address: str) -> str:
    if not ADDRESS.fullmatch(address):
        raise click.BadParameter("the address of a share has 64 digits, each 0 to 9 or a to f.", ctx, param)
    return address.lower()


@click.command()
@click.argument("address", callback=_checked)
@click.option("-o", "--output", "output", type=PATH, default=None, metavar="PATH",
              help="Where it shall stand; by default under its own name in this folder, unless that is a hidden"
              " one.")  # fmt: skip
@shared_options
def get(home: Path, is_json: bool, address: str, output: Path | None) -> None:
    """Fetch the share at ADDRESS.

    Nothing stands under its name before all of it is there and checked.  When it is interrupted, the same command
    goes on from there.
    """
    with loading():
        from node.api.shares import texts  # noqa: PLC0415 - slow to load, not needed for --help
        from node.api.shares.getting import get as get_share  # noqa: PLC0415
        from node.api.texts import count, size  # noqa: PLC0415
        from node.cli.sharing import absolute, share  # noqa: PLC0415

    place = absolute(output or Path(), is_json=is_json)
    target = None if output is None else place
    fetched = share(
        home,
        lambda courier, progress: get_share(courier, address, target, place, progress),
        texts.get_stopped,
        is_json=is_json,
    )
    if is_json:
        print_json(fetched)
    else:
        amount = f"{count(fetched.files, 'file')}, {size(fetched.length_bytes)}"
        put_out(f"{texts.shown(fetched.path)} is whole and checked: {amount}.")
