"""``perennial invite``: a short text, or a picture of it, by which a home of the same network finds this one."""

from __future__ import annotations

import io
from pathlib import Path

import click

from node.api.texts import printable
from node.cli.common import ask_node, print_json, put_out, say, shared_options


@click.command()
@click.option("--qr", "is_qr", is_flag=True, help="Draw the invitation as a QR code too.")
@click.option(
    "--at",
    metavar="ADDRESS",
    default="",
    help="Name this IP address too: that of a router which passes the node's UDP port on to this computer.",
)
@shared_options
def invite(home: Path, is_json: bool, is_qr: bool, at: str) -> None:
    """Print an invitation; whoever gets it says: perennial join TEXT.  It is good for about a day."""
    found = ask_node(home, lambda client: client.invitation(at), is_json=is_json)
    if is_json:
        print_json(found)
        return
    say(found.text)
    if found.advice:
        click.echo(printable(found.advice), err=True)
    if is_qr:
        put_out(picture(found.text))


def picture(text: str) -> str:
    """A QR code in half blocks, for a terminal."""
    import segno  # noqa: PLC0415 - for this option only

    drawn = io.StringIO()
    segno.make_qr(text, error="l").terminal(drawn, compact=True)
    return drawn.getvalue()
