"""What is said to people, in one place; the sentence of the status is in ``health``."""

from __future__ import annotations

import errno
import re
from pathlib import Path
from typing import Final

# What the vault says of a chunk that too few took: "1 holders took the chunk, 3 are needed (4 x resource.quota)".
TOO_FEW: Final = re.compile(r"([0-9]{1,4}) holders took the chunk, ([0-9]{1,4}) are needed(?: \((.{1,200})\))?")
FULL: Final = re.compile(r"([0-9]{1,4}) x (?:resource\.quota|share)\b")
DISK_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
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


def no_home(path: Path) -> str:
    return f"There is no Perennial home at {path} yet."


def no_shipped_network() -> str:
    return "This copy of Perennial was made for no network; bring the file of one (--network)."


def no_network_file(path: Path, why: str) -> str:
    return f"{path} is not the file of a network: {why}."


def other_fingerprint(path: Path) -> str:
    return (
        f"{path} is the file of another network than the fingerprint says; nothing was made. Ask where both come from."
    )


def home_of_another_network(path: Path) -> str:
    return f"{path} is a home of another network, and a home never changes its network; choose another folder."


def not_a_home(path: Path) -> str:
    return f"{path} is not a Perennial home: it holds other files and no home.json."


def unfinished_home(path: Path) -> str:
    return f"{path} is a Perennial home whose making was interrupted; make it again."


def already_a_home(path: Path) -> str:
    return f"{path} is a Perennial home already."


def not_a_folder(path: Path) -> str:
    return f"{path} is not a folder."


def not_ours(path: Path) -> str:
    return f"{path} belongs to another user, so it cannot be your Perennial home."


def newer_home(path: Path) -> str:
    return f"{path} was made by a newer version of Perennial, which this one cannot read."


def root_replaced(path: Path) -> str:
    return f"{path} is not the genesis root with which this home was made."


def path_too_long(path: Path, bytes_max: int) -> str:
    return f"The path {path} is too long for a home: at most {bytes_max} bytes."


def home_in_use(path: Path, holder: str) -> str:
    return f"Perennial already runs on {path}{f' (process {holder})' if holder.isdigit() else ''}."


def port_in_use(bind: str) -> str:
    return f"{bind} is in use by another program, so the node cannot be reached there."


def damaged(path: Path, why: str) -> str:
    return f"{path} is damaged: {why}."


def unusable(path: Path, error: BaseException) -> str:
    return f"{path} cannot be used: {reason(error)}."


# Settings.


def quota_out_of_range(bytes_min: int, bytes_max: int) -> str:
    return f"The disk limit must be between {size(bytes_min)} and {size(bytes_max)} ({bytes_min} to {bytes_max} bytes)."


def quota_over_disk(disk_bytes: int) -> str:
    return f"The disk limit is larger than the disk, which holds {size(disk_bytes)}."


def _default_holds(quota_bytes: int) -> str:
    return f"the disk limit is {size(quota_bytes)} until you set it"


def settings_missing(path: Path, quota_bytes: int) -> str:
    return f"{path} is missing; {_default_holds(quota_bytes)}."


def settings_unreadable(path: Path, why: str, quota_bytes: int) -> str:
    return f"{path} cannot be read ({why}); {_default_holds(quota_bytes)}."


def settings_bad(path: Path, aside: Path, why: str, quota_bytes: int) -> str:
    return f"{path.name} could not be understood ({why}) and lies in {aside} now; {_default_holds(quota_bytes)}."


def settings_newer(version: int) -> str:
    return f"it is of the newer version {version}"


def settings_not_saved(path: Path, error: OSError) -> str:
    return f"The settings could not be saved in {path.parent}: {reason(error)}."


# Keys.


def key_gone(path: Path) -> str:
    return f"The private key of the home {path} is gone; without it this node cannot go on under its vault id."


def key_of_another_home(path: Path) -> str:
    return f"{path} is the key of another home; two nodes must not run under one vault id."


def keyring_damaged(name: str) -> str:
    return f"The keyring holds something else than a key under the name {name}."


def no_keyring() -> str:
    return "This system offers no keyring that encrypts, so the private key cannot be kept."


def keyring_failed(why: str) -> str:
    return f"The keyring of this system refused: {why.rstrip('.! ')}."


def keyring_slow(seconds: float) -> str:
    return f"The keyring of this system did not answer within {seconds:.0f} seconds; unlock it and start again."


def other_key_places(why: str) -> str:
    return (
        f"{why} Where there is no keyring, choose another place for the key: --keys passphrase (a file behind a"
        " passphrase, asked for at every start) or --keys unprotected (a file that every program of this account can"
        " read; the node starts unattended)."
    )


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


def vault_unavailable() -> str:
    return "The vault is not running at the moment; it is being started."


def vault_too_old() -> str:
    return "The vault in use is of a version that cannot do this."


def vault_slow(seconds: float) -> str:
    return f"The vault did not answer within {seconds:.0f} seconds."


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


def not_its_record() -> str:
    return "it gave a record that is not its own"


def not_hello(kind: str) -> str:
    return f"its first word was {kind}, not Hello"


def switch_failed(why: str, running: str) -> str:
    return f"The new vault version could not take over: {why}. Version {running} runs again."


def stays(why: str) -> str:
    return f"The new vault version could not be started: {why}. Nothing was changed."


def odd_answer() -> str:
    return "The vault gave an answer that does not belong to the question."


def updates_stopped() -> str:
    return "Updates have stopped because of a fault in Perennial; your chunks are served as before."


def updates_wait(why: str) -> str:
    return f"Updates wait, because what was kept of them cannot be read ({why}); your chunks are served as before."


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


# Invitations.


def no_invitation(prefix: str) -> str:
    return f"This is no invitation: one starts with {prefix}."


def invitation_too_long(characters_max: int) -> str:
    return f"This is too long for an invitation, which has at most {characters_max} characters."


def invitation_version(*, is_newer: bool) -> str:
    return f"This invitation is of {'a newer' if is_newer else 'an older'} version of Perennial than this one reads."


def invitation_mistyped() -> str:
    return "This invitation is mistyped or incomplete; copy it once more."


def invitation_foreign() -> str:
    return "This invitation is to another network than the one of this home, which stays in its own."


def nobody_to_invite_to() -> str:
    return "The vault does not know yet where it can be reached, so there is nobody to invite to; try again soon."


def invitation_own() -> str:
    return "This is the invitation of this home itself; give it to others, or take one of theirs."


def joining(vaults: int) -> str:
    return f"Perennial now tries to meet {count(vaults, 'vault')} of this invitation, now and at its next start."


def joining_later(vaults: int) -> str:
    return f"Kept: Perennial tries to meet {count(vaults, 'vault')} of this invitation when it is started."


# The disk.


def disk_refuses(error: OSError) -> str:
    """Why it takes nothing: ``it is full``."""
    return "it is full" if error.errno in DISK_FULL else reason(error)


def updates_wait_for_disk(why: str) -> str:
    return f"The disk does not take what updates must write: {why}. They go on by themselves once it does."


def disk_low(free_bytes: int) -> str:
    return f"only {size(free_bytes)} are free"


# The local API.


def not_running(path: Path) -> str:
    return f"Perennial does not run on {path}."


def not_entered(path: Path, error: OSError) -> str:
    return f"{path} cannot be entered: {reason(error)}."


def no_answer(seconds: float) -> str:
    return f"Perennial did not answer within {seconds:.0f} seconds."


def broken_answer() -> str:
    return "Perennial gave an answer that is not understood; perhaps it runs in another version."


def too_large(bytes_max: int) -> str:
    return f"The request is too large: at most {bytes_max} bytes."
