"""``perennial join TEXT``: take an invitation, now or, when the node does not run, for its next start."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from node.api.client import ApiError, Client, NotRunning
from node.api.schema import Joined
from node.cli.common import fail, print_json, say, shared_options
from node.supervisor.errors import SupervisorError
from node.supervisor.home import Home
from node.supervisor.meeting import join_later


@click.command()
@click.argument("text", nargs=-1, required=True)
@shared_options
def join(home: Path, is_json: bool, text: tuple[str, ...]) -> None:
    """Take an invitation, as printed by: perennial invite."""
    try:
        joined = _join(home, " ".join(text))
    except (ApiError, SupervisorError) as error:
        fail(error, is_json=is_json)
    if is_json:
        print_json(joined)
    else:
        say(joined.sentence)


def _join(home: Path, text: str) -> Joined:
    async def ask() -> Joined:
        async with Client(home) as client:
            return await client.join(text)

    try:
        return asyncio.run(ask())
    except NotRunning:
        opened = Home.open(home)
        with opened.lock():
            return join_later(opened, text)
