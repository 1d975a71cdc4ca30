"""The words of the Help page, around the handbook's own."""

from __future__ import annotations

from typing import Final

HELP: Final = "Help"
CONTENTS: Final = "Contents"
DETAILS: Final = "Details"
SAVE: Final = "Save a diagnostics file…"
SAVE_WHY: Final = "It holds nothing secret and no address, so you can show it to whoever helps you."
COPY: Final = "Copy the address"
COPIED: Final = "Copied"
BACK: Final = "Back"


def leads_out(address: str) -> str:
    return f"This leads out of the handbook, so nothing was opened: {address}"


def no_handbook(folder: str) -> str:
    return f"The handbook is not there. It belongs into {folder}."


def not_there(target: str) -> str:
    return f"There is no such page in the handbook: {target}"
