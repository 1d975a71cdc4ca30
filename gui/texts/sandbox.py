"""Why a version is shut off no better, in everyday words: known by the node's own, in which words of a system stand.

What is not found here is shown as the node says it; a test goes through all that the node can say today.
"""

from __future__ import annotations

import re
from typing import Final

from gui.language import translate

_TEXTS: Final = {
    "this has never been tried on this system": translate("sandbox", "This has never been tried on this system."),
    r"this kernel's Landlock \(ABI (?P<version>\d+)\) cannot restrict the files of a vault": translate(
        "sandbox", "The system's core cannot keep it from other files (Landlock {version})."
    ),
    "it runs as root, although without root's capabilities: every file of root is its own": translate(
        "sandbox", "It runs as the administrator of this computer, whose files are its own."
    ),
    "memory limit: (?P<why>.+)": translate("sandbox", "Its memory could not be limited ({why})."),
    "memory: there is no limit to it": translate("sandbox", "Its memory is not limited."),
    "limits: (?P<why>.+)": translate("sandbox", "The size and number of its files could not be limited ({why})."),
    "capabilities: (?P<why>.+)": translate("sandbox", "Special powers could not be taken from it ({why})."),
    "end with the supervisor: (?P<why>.+)": translate(
        "sandbox", "It could not be made to end with the rest of Perennial ({why})."
    ),
    "no new privileges: (?P<why>.+)": translate("sandbox", "It could not be barred from gaining powers ({why})."),
    "Landlock: (?P<why>.+)": translate("sandbox", "It could not be kept from other files ({why})."),
    "sandbox-exec: (?P<why>.+)": translate("sandbox", "It could not be kept from other files ({why})."),
    "AppContainer: (?P<why>.+)": translate("sandbox", "It could not be kept from other files ({why})."),
    "seccomp: (?P<why>.+)": translate("sandbox", "What it may ask of the system could not be limited ({why})."),
    "there is a self-test for Linux only": translate(
        "sandbox", "On this system nobody has tested yet whether it is held."
    ),
    "the self-test did not run: (?P<why>.+)": translate(
        "sandbox", "The test of whether it is held did not run ({why})."
    ),
    "inside, the self-test could: (?P<what>.+)": translate("sandbox", "A test could do what it should not: {what}."),
    "inside, the self-test could not: (?P<what>.+)": translate(
        "sandbox", "A test could not do what it should: {what}."
    ),
    "there is no sandbox for (?P<system>.+) yet": translate(
        "sandbox", "Nothing shuts it off on this system ({system})."
    ),
    "a job object alone: files and other programs of this account stay open to it": translate(
        "sandbox", "Files and other programs of your account stay open to it."
    ),
    "connecting by TCP stays open to it": translate("sandbox", "It could connect to other computers by TCP, too."),
    "what it has stored can be overwritten by it": translate(
        "sandbox", "It could overwrite what it already keeps for others."
    ),
    "the clipboard stays open to it": translate("sandbox", "The clipboard stays open to it."),
}


def say_shut_off(reason: str) -> str:
    """The reason as a whole sentence; "" for one that is not known."""
    for pattern, text in _TEXTS.items():
        if (found := re.fullmatch(pattern, reason, re.DOTALL)) is not None:
            return text.format(**found.groupdict())
    return ""
