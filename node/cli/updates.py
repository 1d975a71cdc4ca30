"""``perennial updates``: what became of each release here, and why."""

from __future__ import annotations

import time
from pathlib import Path

import click

from node.api.schema import Update
from node.api.texts import size
from node.cli.common import ask_node, print_json, say, shared_options


@click.command()
@shared_options
def updates(home: Path, is_json: bool) -> None:
    """Show each release, its verdict and why."""
    found = ask_node(home, lambda client: client.updates(), is_json=is_json)
    if is_json:
        print_json(found)
        return
    if found.trouble:
        say(found.trouble)
    if found.developers is not None:
        say(found.developers.sentence)
    for left in found.left_programs:
        say(f"{_time(left.at_s)}  {left.sentence}")
    if not found.items and not found.refused_heads:
        say("No release has been announced yet.")
    for item in found.items:
        _show(item)
    for head in found.refused_heads:
        say(f"{_time(head.at_s)}  metadata {head.digest[:8]} refused: {head.reason}")


def _show(item: Update) -> None:
    outcome = item.verdict or item.phase.replace("_", " ")
    way_back = "; the version from before came back" if item.phase == "recalled" else ""
    say(f"{_time(item.announced_s)}  {item.release}  {outcome}{': ' if item.reason else ''}{item.reason}{way_back}")
    if item.watched_until_s is not None:
        say(f"    in use; watched until {_time(item.watched_until_s)}: until then a fault brings the one before back")
    if item.again_s is not None:
        say(f"    taking over took too long; it is tried again at {_time(item.again_s)}, the version in use goes on")
    if item.exception:
        say(f"    an exception: it is taken without the usual proof, because {item.exception}")
    if item.is_urgent:
        say("    urgent: at least as many pods as for an app release signed it, and its trial takes hours")
    if item.rollout is not None:
        say(f"    {item.rollout.sentence}")
    spent = ", ".join(f"{phase.replace('_', ' ')} {seconds:.0f} s" for phase, seconds in item.seconds.items())
    say(f"    tree {item.tree_hash[:16]}, signed by {', '.join(item.signers)}")
    say(f"    {size(item.bytes_fetched)} fetched{'; ' if spent else ''}{spent}")


def _time(at_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at_s))
