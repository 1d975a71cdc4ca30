"""What is said to people of the programs that the launcher has left for others."""

from __future__ import annotations

from typing import Final

from node.api.told import NOTHING, Told, told

BACK: Final = told("program.back", "The version from before runs again.")
BACK_INSTALLED: Final = told("program.back_installed", "The version that was installed runs again.")
RECORD_DAMAGED: Final = told(
    "program.record_damaged", "Which version of Perennial itself was in use could not be read from the disk."
)
RECORD_NEWER: Final = told(
    "program.record_newer",
    "Which version of Perennial itself was in use is written down in a newer way than the installed start program"
    " knows; install Perennial anew to go on with that version.",
)


INSTALLED_FAILED: Final = told(
    "program.installed_failed", "The version of Perennial itself that was installed last did not come to work."
)


def failed(version: str) -> Told:
    return told("program.failed", f"Version {version} of Perennial itself has failed to start.", version=version)


def silent(version: str) -> Told:
    return told(
        "program.silent", f"Version {version} of Perennial itself was started, but did not come to work.",
        version=version,
    )  # fmt: skip


def damaged(version: str) -> Told:
    return told("program.damaged", f"Version {version} of Perennial itself is damaged on the disk.", version=version)


def left(why: str, version: str, *, is_installed_back: bool) -> Told:
    """Why a program was left, and what runs instead; nothing for a reason that is not known here.

    ``version``: "" for the installed one.
    """
    back = BACK_INSTALLED if is_installed_back else BACK
    if why in REASONS and not version:
        return INSTALLED_FAILED.then(back)
    if why in WITHOUT_VERSION:
        return WITHOUT_VERSION[why].then(back)
    return REASONS[why](version).then(back) if why in REASONS else NOTHING


WITHOUT_VERSION: Final = {"record_damaged": RECORD_DAMAGED, "record_newer": RECORD_NEWER}
REASONS: Final = {"failed": failed, "silent": silent, "damaged": damaged}
