"""What is said to people, in one place; the sentence of the status is in ``health``."""

from __future__ import annotations

import errno
import re
from pathlib import Path
from typing import Final

from node.api.told import Told, told

# What the vault says of a chunk that too few took: "1 holders took the chunk, 3 are needed (4 x resource.quota)".
TOO_FEW: Final = re.compile(r"([0-9]{1,4}) holders took the chunk, ([0-9]{1,4}) are needed(?: \((.{1,200})\))?")
FULL: Final = re.compile(r"([0-9]{1,4}) x (?:resource\.quota|share)\b")
DISK_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
IT_IS_FULL: Final = "it is full"
NO_MORE_FILES: Final = "it takes no more files"  # though it has room: a file system may have a number of them at most
LOW: Final = re.compile(r"only [0-9.]{1,5} [kMGTP]?B are free")
UNITS: Final = ("B", "kB", "MB", "GB", "TB", "PB")


def size(count_bytes: int) -> str:
    """A size for people, in powers of 1000 as disks are sold: ``1.5 GB``."""
    amount, unit = float(count_bytes), UNITS[0]
    for unit in UNITS:
        if amount < 999.5 or unit == UNITS[-1]:
            break
        amount /= 1000
    return f"{amount:.1f} {unit}" if amount < 9.95 and unit != "B" else f"{amount:.0f} {unit}"


def printable(text: str) -> str:
    """Foreign text as it may be shown on any terminal: nothing in it moves, turns or colours a line, or ends it."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def reason(error: BaseException) -> str:
    """Why the operating system refused, without its number: ``No space left on device``."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def count(number: int, noun: str) -> str:
    """``1 vault``, ``7 vaults``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


# The home.


def no_home(path: Path) -> Told:
    return told("home.none", f"There is no Perennial home at {path} yet.", path=str(path))


def no_shipped_network() -> Told:
    return told(
        "network.none_shipped", "This copy of Perennial was made for no network; bring the file of one (--network)."
    )


def no_network_file(path: Path, why: str) -> Told:
    return told("network.no_file", f"{path} is not the file of a network: {why}.", path=str(path), why=why)


def other_fingerprint(path: Path) -> Told:
    return told(
        "network.other_fingerprint",
        f"{path} is the file of another network than the fingerprint says; nothing was made. Ask where both come from.",
        path=str(path),
    )


def home_of_another_network(path: Path) -> Told:
    return told(
        "network.other",
        f"{path} is a home of another network, and a home never changes its network; choose another folder.",
        path=str(path),
    )


def not_a_home(path: Path) -> Told:
    return told(
        "home.foreign", f"{path} is not a Perennial home: it holds other files and no home.json.", path=str(path)
    )


def unfinished_home(path: Path) -> Told:
    return told(
        "home.unfinished", f"{path} is a Perennial home whose making was interrupted; make it again.", path=str(path)
    )


def already_a_home(path: Path) -> Told:
    return told("home.made", f"{path} is a Perennial home already.", path=str(path))


def not_a_folder(path: Path) -> Told:
    return told("home.no_folder", f"{path} is not a folder.", path=str(path))


def not_ours(path: Path) -> Told:
    return told(
        "home.not_ours", f"{path} belongs to another user, so it cannot be your Perennial home.", path=str(path)
    )


def newer_home(path: Path) -> Told:
    return told(
        "home.newer", f"{path} was made by a newer version of Perennial, which this one cannot read.", path=str(path)
    )


def root_replaced(path: Path) -> Told:
    return told("home.root_replaced", f"{path} is not the genesis root with which this home was made.", path=str(path))


def path_too_long(path: Path, bytes_max: int) -> Told:
    return told(
        "home.long",
        f"The path {path} is too long for a home: at most {bytes_max} bytes.",
        path=str(path),
        most=str(bytes_max),
    )


def odd_path(path: Path) -> Told:
    shown = printable(str(path))
    return told(
        "home.odd_path",
        f"The path {shown} holds characters that not every program can write, so no home can lie there; choose another"
        " folder.",
        path=shown,
    )


def unfit_disk(path: Path) -> Told:
    return told(
        "home.unfit_disk",
        f"The disk on which {path} lies cannot hold a home: it keeps no permissions or knows no sockets, as exFAT, NTFS"
        " and many network disks. Choose a folder on a disk that is formatted for this system.",
        path=str(path),
    )


def home_in_use(path: Path, holder: str) -> Told:
    if holder.isdigit():
        return told(
            "home.in_use_by", f"Perennial already runs on {path} (process {holder}).", path=str(path), pid=holder
        )
    return told("home.in_use", f"Perennial already runs on {path}.", path=str(path))


def port_in_use(bind: str) -> Told:
    return told(
        "port.in_use", f"{bind} is in use by another program, so the node cannot be reached there.", address=bind
    )


def damaged(path: Path, why: str) -> Told:
    return told("file.damaged", f"{path} is damaged: {why}.", path=str(path), why=why)


def unusable(path: Path, error: BaseException) -> Told:
    return told("file.unusable", f"{path} cannot be used: {reason(error)}.", path=str(path), why=reason(error))


# Keys.


def key_gone(path: Path) -> Told:
    return told(
        "key.gone",
        f"The private key of the home {path} is gone; without it this node cannot go on under its vault id. If no"
        " backup brings it back, end this home: perennial leave --give-back; the next start begins anew.",
        path=str(path),
    )


def key_of_another_home(path: Path) -> Told:
    return told(
        "key.other_home",
        f"{path} is the key of another home; two nodes must not run under one vault id.",
        path=str(path),
    )


def keyring_damaged(name: str) -> Told:
    return told("keyring.damaged", f"The keyring holds something else than a key under the name {name}.", name=name)


def no_keyring() -> Told:
    return told("keyring.none", "This system offers no keyring that encrypts, so the private key cannot be kept.")


def keyring_failed(why: str) -> Told:
    why = why.rstrip(".! ")
    return told("keyring.failed", f"The keyring of this system refused: {why}.", why=why)


def keyring_slow(seconds: float) -> Told:
    return told(
        "keyring.slow",
        f"The keyring of this system did not answer within {seconds:.0f} seconds; unlock it and start again.",
        within_s=round(seconds),
    )


def other_key_places(why: Told) -> Told:
    others = told(
        "key.other_places",
        "Where there is no keyring, choose another place for the key: --keys passphrase (a file behind a passphrase,"
        " asked for at every start) or --keys unprotected (a file that every program of this account can read; the"
        " node starts unattended).",
    )
    return why.then(others)


def key_file_bad(path: Path, why: str) -> Told:
    return told("key.file", f"{path}: {why}.", path=str(path), why=why)


def key_kept_elsewhere(path: Path, kept: str, asked: str) -> str:
    return (
        f"The home {path} keeps its key as {kept!r}, not {asked!r}: that is chosen once, when a home is made. Start it"
        f" without --keys."
    )


def passphrase_needed(why: str) -> str:
    return (
        "The key of this home lies behind a passphrase, and there is nobody to ask for it: give it on standard input"
        f" ({why})."
    )


# The vault.


def vault_unavailable() -> Told:
    return told("vault.unavailable", "The vault is not running at the moment; it is being started.")


def vault_too_old() -> Told:
    return told("vault.too_old", "The vault in use is of a version that cannot do this.")


def vault_slow(seconds: float) -> Told:
    return told("vault.slow", f"The vault did not answer within {seconds:.0f} seconds.", within_s=round(seconds))


def vault_busy() -> Told:
    return told("vault.busy", "The vault has so many chunks to store or fetch that this one has to wait.")


def vault_ended(code: int, last_words: str) -> str:
    return f"it ended with code {code}{': ' if last_words else ''}{last_words}"


def vault_silent(seconds: float) -> str:
    return f"it did not answer for {seconds:.0f} seconds"


def vault_not_listening(seconds: float) -> str:
    return f"it was not reachable within {seconds:.0f} seconds"


def slot_mismatch(expected: str, stated: str) -> str:
    return f"its slot is {expected[:16]}, but it says that it was loaded from {stated[:16]}"


def no_common_control(theirs: tuple[int, ...]) -> str:
    return f"it speaks control versions {', '.join(map(str, theirs)) or 'none'}, and this supervisor none of them"


def no_common_wire(theirs: tuple[int, ...]) -> str:
    return f"it speaks versions {', '.join(map(str, theirs)) or 'none'} with others, and this program none of them"


def not_its_record() -> str:
    return "it gave a record that is not its own"


def not_hello(kind: str) -> str:
    return f"its first word was {kind}, not Hello"


def switch_failed(why: str, running: str) -> str:
    return f"The new vault version could not take over: {why}. Version {running} runs again."


def stays(why: str) -> str:
    return f"The new vault version could not be started: {why}. Nothing was changed."


def odd_answer() -> Told:
    return told("vault.odd_answer", "The vault gave an answer that does not belong to the question.")


def updates_stopped() -> Told:
    return told(
        "updates.stopped",
        "Updates have stopped because of a fault in Perennial; your chunks are served as before."
        " Quit it and start it again, and they go on.",
    )


def updates_wait(why: str) -> Told:
    return told(
        "updates.unread",
        f"Updates wait, because what was kept of them cannot be read ({why}); your chunks are served as before.",
        why=why,
    )


def unknown_version() -> str:
    return "unknown"


def stopping() -> str:
    return "Perennial is being stopped."


def refusal(code: str, message: str) -> str:
    """What the vault refused, for a person: what is said between vaults is for developers."""
    match code:
        case "peer.not_found":
            return "Nobody reachable holds this."
        case "peer.unreachable":
            return _too_few(message)
    return message


def _too_few(message: str) -> str:
    """``message`` may be that of any vault version; what is not understood is left out."""
    found = TOO_FEW.fullmatch(message)
    if found is None:
        return "Too few computers can be reached."
    took, needed = int(found[1]), int(found[2])
    without_room = sum(int(number) for number in FULL.findall(found[3] or ""))
    if without_room and took + without_room >= needed:
        return "The network is full."
    return f"Too few computers can be reached: {took} of at least {needed} could take a part of it."


# The disk.


def disk_refuses(error: OSError, *, has_room: bool = False) -> str:
    """Why it takes nothing: ``it is full``.  ``has_room``: it says that it has plenty."""
    if error.errno == errno.ENOSPC and has_room:
        return NO_MORE_FILES
    return IT_IS_FULL if error.errno in DISK_FULL else reason(error)


def updates_wait_for_disk(why: str) -> Told:
    return told(
        "updates.disk",
        f"Updates wait for the disk: {why}. As soon as it takes something again they go on by themselves.",
        why=why,
    )


def disk_low(free_bytes: int) -> str:
    return f"only {size(free_bytes)} are free"


def wants_room(why: str) -> bool:
    """Whether that is why the disk takes nothing, as ``disk_refuses`` or ``disk_low`` have said."""
    return why in (IT_IS_FULL, NO_MORE_FILES) or LOW.fullmatch(why) is not None


# The local API.


def not_running(path: Path) -> Told:
    return told("api.not_running", f"Perennial does not run on {path}.", path=str(path))


def not_entered(path: Path, error: OSError) -> Told:
    return told("api.not_entered", f"{path} cannot be entered: {reason(error)}.", path=str(path), why=reason(error))


def no_answer(seconds: float) -> Told:
    return told("api.no_answer", f"Perennial did not answer within {seconds:.0f} seconds.", within_s=round(seconds))


def broken_answer() -> Told:
    return told(
        "api.broken",
        "Perennial gave an answer that is not understood; perhaps it runs in another version."
        " Quit Perennial and start it again.",
    )


def too_large(bytes_max: int) -> Told:
    return told("api.too_large", f"The request is too large: at most {bytes_max} bytes.", most=str(bytes_max))
