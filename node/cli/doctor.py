"""``perennial doctor``: what works, what is enforced, what is lacking; and a file to give to whoever helps."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from node.api.texts import reason
from node.cli import loading
from node.cli.common import PATH, Failure, print_json, say, shared_options

if TYPE_CHECKING:
    from node.api.schema import Examination
    from node.supervisor.diagnostics import Told

MARKS: Final = {"ok": "ok", "lacking": "less", "bad": "BAD", "unknown": "?"}


@click.command()
@click.option("--output", "output", type=PATH, default=None, metavar="FILE",
              help="Write all of it, what the node says and the ends of its logs to FILE, without secrets, names and"
              " addresses.")  # fmt: skip
@shared_options
def doctor(home: Path, is_json: bool, output: Path | None) -> None:
    """Say what works, what is enforced and what is lacking; nothing is changed.

    It needs no home and no running node.
    """
    with loading():
        import asyncio  # noqa: PLC0415 - slow to load, not needed for --help

        from node.supervisor import diagnostics  # noqa: PLC0415

    found, told = asyncio.run(_examined(home))
    if output is not None:
        try:
            output.write_bytes(diagnostics.make(home, found, told, time.time()))
        except OSError as error:
            raise Failure("output", f"{output} cannot be written: {reason(error)}.", is_json=is_json) from error
    if is_json:
        print_json(found)
        return
    say(found.sentence)
    say("")
    for finding in found.findings:
        say(f"{MARKS[finding.result]:<5}{finding.name:<9}{finding.sentence}")
        if finding.advice:
            say(f"{'':<14}{finding.advice}")
    if output is not None:
        say("")
        say(f"{output} is written; read it before you give it away.")


async def _examined(home: Path) -> tuple[Examination, Told | None]:
    """What is found, and what the node says if one runs."""
    from node.api import door  # noqa: PLC0415 - not needed for --help
    from node.api.client import ApiError, Client, NotRunning  # noqa: PLC0415
    from node.supervisor.diagnostics import Told  # noqa: PLC0415
    from node.supervisor.doctor import examine  # noqa: PLC0415

    told, silence = None, ""
    async with Client(home) as client:
        try:
            told = Told(
                await client.status(), await client.updates(), await client.settings(), await client.trial(), {}
            )
        except (ApiError, NotRunning) as error:
            silence = error.args[-1]
    opened = door.load(home)
    return await examine(home, told.status if told else None, silence, opened.port if opened else 0), told
