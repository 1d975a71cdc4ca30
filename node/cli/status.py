"""``perennial status``: one sentence, then the details."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from node.api.schema import KeyPlace, ProgramInUse, Status
from node.api.texts import count, size
from node.cli.common import ask_node, print_json, say, shared_options

_KEY_PLACES: Final[dict[KeyPlace, str]] = {
    "keyring": "in the keyring of this system",
    "passphrase": "in a file behind a passphrase",
    "unprotected": "unprotected: in a file that every program of this account can read",
}


@click.command()
@shared_options
def status(home: Path, is_json: bool) -> None:
    """Say in one sentence how the node is, then the details."""
    found = ask_node(home, lambda client: client.status(), is_json=is_json)
    if is_json:
        print_json(found)
        return
    say(found.sentence)
    say("")
    for name, value in _details(found):
        say(f"{name:<10}{value}")


def _details(found: Status) -> list[tuple[str, str]]:
    version = f"{found.in_use.version} ({found.in_use.tree_hash[:8]})" if found.in_use else "none"
    space = (
        f"{size(found.space.used_bytes)} of {size(found.space.quota_bytes)}, {count(found.space.chunk_count, 'chunk')}"
    )
    network = f"{count(found.peer_count, 'vault')} in {count(found.subnet_count, 'subnet')}"
    key = "in a file of this practice home" if found.is_practice else _KEY_PLACES[found.key_place]
    return [
        ("state", found.state + (", practice" if found.is_practice else "")),
        ("farm", found.farm),
        ("version", version),
        *([("program", _program(found.program))] if found.program is not None else []),
        ("space", space),
        ("connected", network),
        ("sandbox", _sandbox(found)),
        ("key", key),
        *((check.name, f"{check.result}: {check.sentence} {check.advice}".rstrip()) for check in found.checks),
        *(("pause", reason.sentence) for reason in found.pauses),
        *([("line", "used less, because somebody works here")] if found.is_eased else []),
    ]


def _program(found: ProgramInUse) -> str:
    """What this node itself is, and where it came from."""
    trees = [f"{name} {tree[:8]}" for name, tree in (("app", found.app), ("runtime", found.runtime)) if tree]
    return f"{found.version} ({', '.join(trees) or 'as installed'})"


def _sandbox(found: Status) -> str:
    """What holds the vault, and why it is no better."""
    level = found.sandbox if found.is_sandbox_tried else f"{found.sandbox}, untested"
    return ": ".join([level, *(["; ".join(found.sandbox_reasons)] if found.sandbox_reasons else [])])
