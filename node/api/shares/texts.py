"""What is said to people about shares."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from node.api.texts import count, printable, reason, size
from node.vault.share.names import NAME_BYTES_MAX, PATH_BYTES_MAX, PATH_NAMES_MAX, Fault

FAULTS: Final[dict[Fault, str]] = {
    "separator": "it holds a slash or a backslash",
    "device": "Windows keeps it for a device",
    "bytes": "it is not written in UTF-8",
    "control": "it holds a line break, a tab or another sign that cannot be seen",
    "turning": "it holds a sign that turns the direction of writing",
    "long": f"it is longer than {NAME_BYTES_MAX} bytes",
    "spelling": "its letters are put together in an unusual way",
    "deep": f"it lies more than {PATH_NAMES_MAX} names deep",
    "path_long": f"with the folders above it, it is longer than {PATH_BYTES_MAX} bytes",
}


def shown(path: Path | str) -> str:
    """A path as it may be shown on any terminal."""
    return printable(str(path))


# Where somebody works.


def here_gone() -> str:
    return "The folder in which you are is not there any more; go to another one."


# What cannot be put.


def no_source(path: Path) -> str:
    return f"There is nothing at {shown(path)}."


def unreadable(path: Path, error: OSError) -> str:
    return f"{shown(path)} cannot be read: {reason(error)}."


def leads_nowhere(path: Path) -> str:
    return f"{shown(path)} is a link that leads nowhere."


def link_loop(path: Path) -> str:
    return f"{shown(path)} leads back to a folder that it lies in, so that it has no end."


def circling(path: Path) -> str:
    return f"{shown(path)} is a link that leads back to itself, so that it has no end."


def odd_file(path: Path) -> str:
    return f"{shown(path)} is neither a file nor a folder."


def no_name(fault: Fault) -> str:
    if fault == "none":
        return "A share needs a name."
    return f"This name cannot be shared: {FAULTS[fault]}. Give it another one."


def stream_too_long(bytes_max: int) -> str:
    return f"This is more than a share may hold, which is at most {size(bytes_max)}."


def odd_name(path: Path, fault: Fault) -> str:
    if fault == "none":
        return f"{shown(path)} has no name of its own, so it cannot be shared."
    return f"{shown(path)} has a name that cannot be shared: {FAULTS[fault]}. Give it another one."


def nodes_own(path: Path) -> str:
    return f"{shown(path)} belongs to the node, which keeps its keys there; it is never shared."


def hiding_length(path: Path) -> str:
    return f"{shown(path)} holds more than the system says, so it cannot be shared; copy it first."


def same_name(path: Path) -> str:
    return f"{shown(path)} stands beside another one whose name looks the same; rename one of them."


def too_many(path: Path, count_max: int) -> str:
    return f"{shown(path)} holds more than {count_max} names."


def many_folders(path: Path) -> str:
    return f"{shown(path)} holds too many folders for what lies in them; pack it into one file first."


def too_long(path: Path, bytes_max: int) -> str:
    return f"{shown(path)} is larger than {size(bytes_max)}."


def changed(path: Path) -> str:
    return f"{shown(path)} changed while it was put."


# What was stored.


def led_outside(links: int) -> str:
    what = "what it leads to" if links == 1 else "what they lead to"
    return f"{count(links, 'link')} in it led outside of it; {what} went along."


# What cannot be stored or fetched.


def not_stored(why: str) -> str:
    return f"A part could not be stored: {why} The same command goes on from there."


def not_found(address: str) -> str:
    return f"Nobody reachable holds the share {address[:16]}…."


def not_fetched(why: str) -> str:
    return f"A part of the share could not be fetched: {why}"


def not_a_share(address: str) -> str:
    return f"{address[:16]}… is no share that this version of Perennial understands."


def broken_share(why: str) -> str:
    return f"The share breaks the rules, so nothing of it is kept: {why}."


# Where it cannot be written.


def target_exists(target: Path) -> str:
    return f"{shown(target)} is there already; name another place with -o."


def target_long(target: Path) -> str:
    return f"{shown(target)} is too long for a name here; name another place with -o."


def target_taken(target: Path) -> str:
    return f"Something else stands at {shown(target)} by now; move it away."


def part_in_use(target: Path) -> str:
    return f"Another get is fetching this share to {shown(target)} already."


def part_gone(part: Path) -> str:
    return f"{shown(part)}, in which the share grew, was taken away meanwhile."


def no_folder(folder: Path) -> str:
    return f"There is no folder {shown(folder)}."


def not_written(target: Path, error: OSError) -> str:
    return f"{shown(target)} cannot be written: {reason(error)}."


def no_room(target: Path, needed_bytes: int, free_bytes: int) -> str:
    return f"{shown(target)} needs {size(needed_bytes)}, but only {size(free_bytes)} are free there."


def foreign_part(part: Path) -> str:
    return f"{shown(part)} stands in the way and is not ours; remove it or name another place with -o."


def names_meet(path: str) -> str:
    return f"The share holds {shown(path)} beside another name that is the same on this disk."


def names_many(path: str) -> str:
    return f"The share holds more names around {shown(path)} than can be told apart on this disk."


def impossible_name(path: str) -> str:
    return f"The share holds {shown(path)}, a name that is not possible on this system."


def no_name_here(name: str) -> str:
    return f"The share is called {shown(name)}, which is no name on this system; name a place with -o."


def hidden_name(name: str) -> str:
    return f"The share is called {shown(name)}, a name that is hidden and may mean something; name a place with -o."


def part_kept(part: Path) -> str:
    return f"What is there so far waits in {shown(part)}; the same command goes on from there."


# When it takes long, or is stopped.


def waits(why: str) -> str:
    """``why``: what came of the last try; "" while there is no answer yet."""
    return f"{why} Trying again." if why else "The network has not answered for a part yet; still waiting."


def put_stopped() -> str:
    return "Stopped; the same command goes on from there."


def get_stopped(part: Path | None) -> str:
    """``part``: where what came so far waits, if anything did."""
    return "Stopped; nothing had come yet in this try." if part is None else f"Stopped. {part_kept(part)}"
