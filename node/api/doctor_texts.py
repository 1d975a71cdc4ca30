"""What the doctor says: what was looked at, and what a person can do about it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from node.api.schema import Finding, SandboxLevel
from node.api.texts import count, reason, size
from node.api.told import Told, told

LEVELS: Final[dict[SandboxLevel, str]] = {
    "full": "A vault is fully contained here",
    "partial": "A vault is contained here only in part",
    "none": "Nothing contains a vault here",
}
NO_TRIALS: Final = "Where a vault can reach a computer's files, no new version is tried out; it serves all the same."


def summary(findings: tuple[Finding, ...]) -> str:
    """The most important of all findings."""
    bad = [finding for finding in findings if finding.result == "bad"]
    if bad:
        return bad[0].sentence if len(bad) == 1 else f"{bad[0].sentence} {len(bad) - 1} more do not work; see below."
    less = [finding for finding in findings if finding.result != "ok"]
    return "Everything that was looked at works." if not less else f"It works; {count(len(less), 'thing')} less well."


# The computer.


def python_fits(version: str) -> str:
    return f"Python {version}."


def python_differs(version: str, oldest: str, newest: str) -> str:
    return f"This is Python {version}; Perennial is made for {oldest} to {newest}."


def other_python(oldest: str, newest: str) -> str:
    return f"Start Perennial with a Python from {oldest} to {newest}."


def system(name: str, landlock_abi: int) -> str:
    return f"{name}{f', Landlock version {landlock_abi}' if landlock_abi else ''}."


def sandbox(level: SandboxLevel, reasons: tuple[str, ...]) -> str:
    return f"{LEVELS[level]}{': ' if reasons else ''}{'; '.join(reasons)}."


def better_sandbox(*, is_linux: bool) -> str:
    if is_linux:
        return f"A newer kernel, and an ordinary user instead of root, contain more. {NO_TRIALS}"
    return f"On Linux a vault is contained best. {NO_TRIALS}"


def keyring_answers() -> str:
    return "The keyring of this system answers."


def keyring_not_needed(place: str) -> str:
    return f"The key of this home lies {place}."


def keyring_slow(seconds: float) -> Told:
    sentence = f"The keyring of this system did not answer within {seconds:.0f} seconds."
    return told("keyring.silent", sentence, within_s=round(seconds))


def unlock_keyring() -> str:
    return "Unlock it, and answer what it asks."


def choose_key_place() -> str:
    return "A home that is made with --keys passphrase or --keys unprotected needs none."


# The home.


def no_home_yet(path: Path) -> str:
    return f"There is no home at {path} yet."


def make_home() -> str:
    return (
        "Start perennial: it leads you into a network, or grows a practice network on this computer. Without a window,"
        " join a network with perennial run --network FILE. Nothing is made before."
    )


def home_whole(path: Path, *, is_practice: bool, is_closed: bool) -> str:
    """``is_closed``: to other users of this computer, as far as that was looked at."""
    return f"{path} is a {'practice ' if is_practice else ''}home{', and closed to others' if is_closed else ''}."


def home_open(path: Path) -> str:
    return f"{path} is open to other users of this computer."


def home_is_closed_at_start() -> str:
    return "Start Perennial: it closes its home to others."


def home_bad() -> str:
    return "Name another folder with --home, or repair what the sentence says."


def disk(free_bytes: int) -> str:
    return f"The disk can be written; {size(free_bytes)} are free."


def disk_of_nothing(free_bytes: int) -> str:
    return f"{size(free_bytes)} are free on the disk where the home would lie."


def disk_bad(trouble: str) -> str:
    return f"The disk of the home cannot be used: {trouble}."


def mend_disk() -> str:
    return "Make room on it, or plug it back in; then start Perennial again if it does not run."


def disk_unknown(error: OSError) -> str:
    return f"The disk did not say how full it is: {reason(error)}."


# The node.


def port_free(bind: str) -> str:
    return f"The node can listen at {bind}."


def port_any() -> str:
    return "The node takes any port that is free."


def port_held() -> str:
    return "The node holds its port."


def other_port() -> str:
    return "End the other program; the node tries again by itself."


def api_answers(port: int) -> str:
    over_tcp = f", and on port {port} of this computer to whoever has the token of api.json" if port else ""
    return f"The local API answers{over_tcp}."


def api_silent(why: str) -> str:
    return f"The local API does not answer: {why}"


def start_again() -> str:
    return "End Perennial and start it again."


def start_node() -> str:
    return "Start perennial, or perennial run without a window."


# The diagnostics file.


def about_file(made: str) -> str:
    return (
        f"Perennial diagnostics, made {made}.\n"
        "Marks such as <path 3> stand for what says who or where this is; the same mark is always the same thing.\n"
        "Read it before you give it away: names within sentences cannot be known.\n"
    )


def log_unreadable(error: OSError) -> str:
    return f"(cannot be read: {reason(error)})"
