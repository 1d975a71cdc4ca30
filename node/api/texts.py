"""What is said to people, in one place: the sentence of the status, and the sentences of errors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.api.schema import Handover, NodeState, Space

SILENT_S_MAX: Final = 20.0  # a vault that has not answered for so long is said to be silent
LOOKING_S: Final = 30.0  # after so long without a neighbour something is wrong
FULL_BYTES: Final = 4 << 20  # with less left of the limit it is the limit that is reached, not the disk
UNITS: Final = ("B", "kB", "MB", "GB", "TB", "PB")


@dataclass(frozen=True, slots=True)
class Health:
    """All that the status sentence is made of, as it is at one moment."""

    silent_s: float | None  # seconds since the vault last answered; None: not once in this run
    failures: int  # how often in a row it did not start or ended by itself
    failure: str  # why, the last time
    disk_trouble: str  # why the home cannot be written, else ""
    settings_trouble: str  # why the defaults hold, else ""
    other_trouble: str  # something else that the farmer should know, else ""
    space: Space
    up_s: float  # how long the vault has been reachable
    peer_count: int
    trial_of: str  # the version on trial, else ""
    version: str  # the version in use
    store_trouble: str = ""  # code of what keeps the vault's store from taking chunks, else ""
    handover: Handover | None = None  # what of its chunks the vault has given to others
    leave_s: float | None = None  # while the node is being stopped: how long the vault may hand over


def status_sentence(health: Health) -> tuple[NodeState, str]:
    """Say how it stands, the most pressing first."""
    if health.leave_s is not None:
        return "attention", leaving(health.handover, health.leave_s)
    if health.disk_trouble:
        return "problem", f"The disk cannot be written, so nothing new is stored: {health.disk_trouble}."
    if health.failures > 1:
        return "problem", f"The vault does not keep running ({health.failure}); it is started again and again."
    if health.silent_s is None and health.failures:
        return "starting", f"The vault is started again ({health.failure})."
    if health.silent_s is None:
        return "starting", "The vault is starting."
    if health.silent_s > SILENT_S_MAX:
        return "problem", f"The vault has not answered for {health.silent_s:.0f} seconds."
    if health.store_trouble.startswith("storage"):
        return "problem", "The disk with the chunks is not there, or refuses; nothing new is stored until it is back."
    if health.store_trouble and health.space.quota_bytes - health.space.used_bytes > FULL_BYTES:
        return "problem", "The disk is full, so nothing new is stored; make room on it, or lend less."
    if health.handover is not None and health.handover.left:
        change = f"{size(health.space.used_bytes)} -> {size(health.space.quota_bytes)}"
        return "attention", f"Shrinking {change}: {_handed(health.handover)} handed over."
    if health.settings_trouble or health.other_trouble:
        return "attention", health.settings_trouble or health.other_trouble
    if health.space.used_bytes > health.space.quota_bytes:
        return "attention", f"{_lent(health.space)}: over the limit, so nothing new is stored."
    if health.peer_count == 0 and health.up_s < LOOKING_S:
        return "starting", "The vault runs and looks for other vaults."
    if health.peer_count == 0:
        return "attention", "The vault runs, but it has reached no other vault yet."
    if health.trial_of:
        return "trial", f"Version {health.trial_of} is being tried out; version {health.version} keeps your chunks."
    return "fine", f"All is well: {_lent(health.space)}, connected to {count(health.peer_count, 'vault')}."


def leaving(handover: Handover | None, leave_s: float) -> str:
    """What happens while the node is being stopped."""
    chunks = "its chunks" if handover is None else _handed(handover)
    return f"Perennial is being stopped: handing over {chunks}, at most {leave_s:.0f} s." if leave_s else stopping()


def left(handover: Handover) -> str:
    """What was reached when the node was stopped."""
    rest = "the rest is copied from other holders" if handover.left else "nothing waits for this computer"
    return f"Perennial has stopped: {_handed(handover)} handed over; {rest}."


def _handed(handover: Handover) -> str:
    return f"{handover.done} of {count(handover.done + handover.left, 'chunk')}"


def _lent(space: Space) -> str:
    return f"{size(space.used_bytes)} of {size(space.quota_bytes)} in use"


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


def keyring_damaged(name: str) -> str:
    return f"The keyring holds something else than a key under the name {name}."


def no_keyring() -> str:
    return "This system offers no keyring that encrypts, so the private key cannot be kept."


def keyring_failed(why: str) -> str:
    return f"The keyring of this system refused: {why}."


def keyring_slow(seconds: float) -> str:
    return f"The keyring of this system did not answer within {seconds:.0f} seconds; unlock it and start again."


def key_in_file() -> str:
    return "practice: the private key lies in a file"


# The vault.


def vault_unavailable() -> str:
    return "The vault is not running at the moment; it is being started."


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
            return f"Too few vaults could take this: {message}."
    return message


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


def joining(vaults: int) -> str:
    return f"Perennial now tries to meet {count(vaults, 'vault')} of this invitation, now and at its next start."


def joining_later(vaults: int) -> str:
    return f"Kept: Perennial tries to meet {count(vaults, 'vault')} of this invitation when it is started."


# The disk.


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


def empty_chunk() -> str:
    return "A chunk has at least one byte."


def no_address() -> str:
    return "An address has 64 digits, each 0 to 9 or a to f."


def malformed(why: str) -> str:
    return f"The request is malformed: {why}."


def unknown_path(path: str) -> str:
    return f"There is nothing at {path[:200]}."


def wrong_method(method: str, path: str) -> str:
    return f"{method[:20]} is not possible at {path[:200]}."


def too_many_listeners(count_max: int) -> str:
    return f"There are {count_max} listeners already."


def internal() -> str:
    return "Something went wrong inside; the log says what."
