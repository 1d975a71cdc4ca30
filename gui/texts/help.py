"""The words of the Help page, around the handbook's own."""

from __future__ import annotations

from typing import Final

from gui.language import translate

HELP: Final = translate("help", "Help")
CONTENTS: Final = translate("help", "Contents")
DETAILS: Final = translate("help", "Details")
SAVE: Final = translate("help", "Save a diagnostics file…")
SAVING: Final = translate("help", "Collecting it…")
SAVE_WHY: Final = translate("help", "It holds nothing secret and no address, so you can show it to whoever helps you.")
COPY: Final = translate("help", "Copy the address")
COPIED: Final = translate("help", "Copied")
BACK: Final = translate("help", "Back")


def leads_out(address: str) -> str:
    return translate("help", "This leads out of the handbook, so nothing was opened: {address}").format(address=address)


def no_handbook(folder: str) -> str:
    return translate("help", "The handbook is not there. It belongs into {folder}.").format(folder=folder)


def not_there(target: str) -> str:
    return translate("help", "There is no such page in the handbook: {target}").format(target=target)
