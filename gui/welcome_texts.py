"""Every word of the first run, and of the page that asks for a passphrase.  Plain language, as in ``gui.texts``."""

from __future__ import annotations

from typing import Final

from gui.texts import amount, plural
from node.api.schema import KeyPlace, NodeState

BACK: Final = "Back"
GO_ON: Final = "Go on"
JOIN: Final = "Join the network"
DONE: Final = "Done"

TITLE: Final = "Lend a little space"
LEAD: Final = (
    "Your computer keeps small pieces of other people's data. Together with many others it keeps them safe, without any"
    " company in the middle."
)
DOES: Final = (
    "It stays in the background and lets your work go first",
    "It renews itself, and tries each new version out before it uses it",
)
NEVER: Final = (
    "It never reads your files",
    "It never restarts your computer",
)
PRACTICE_MEANS: Final = "Only want to look? A practice network is eight small computers inside this one."

CHOICE_TITLE: Final = "Where, and how much?"
CHOICE_LEAD: Final = "A tenth of what is free is a good start. You can change it at any time."
CHOICE_PICTURE: Final = "A bed with a seed in it; its filled part is the space you lend"
FOLDER: Final = "In this folder"
SPACE: Final = "Disk space to lend"
SLOWLY: Final = "Nothing is taken at once: the space fills slowly, over weeks."
LOOKING: Final = "Looking at this computer. This takes a moment."
LOOK_AGAIN: Final = "Look again"
FREE_UNKNOWN: Final = "This disk does not say how much is free on it."
TOO_FULL: Final = "There is too little room on this disk. Make some, then look again."

NETWORK: Final = "Which network"
SHIPPED: Final = "The one that this program was made for."
CHOOSE_FILE: Final = "Choose the file of the network."
NO_FILE: Final = "No file chosen yet"
CHOOSE: Final = "Choose a file…"
CHOOSE_TITLE: Final = "The file of the network"
FINGERPRINT: Final = "Fingerprint"
FINGERPRINT_WHY: Final = (
    "64 digits and letters that the people of the network tell you, in another way than they gave you the file. It"
    " shows that the file is really theirs."
)
TYPE_FINGERPRINT: Final = "Type the fingerprint that the people of the network told you."
NO_FINGERPRINT: Final = "A fingerprint has only the digits 0 to 9 and the letters a to f."

KEY: Final = "Where its key lies"
KEY_WHY: Final = "By its key your computer is known in the network. Your system has no safe place for it now:"
KEY_PLACES: Final[dict[KeyPlace, str]] = {
    "passphrase": "Behind a passphrase",
    "unprotected": "Unprotected, in a file",
}
KEY_MEANS: Final[dict[KeyPlace, str]] = {
    "passphrase": (
        "It is asked for at every start, also after you log in. If you forget it, your computer begins anew as a"
        " stranger; nobody can give it back to you."
    ),
    "unprotected": (
        "It starts without asking. But every program of yours can read the key and pass itself off as your computer."
        " Perennial will go on saying so."
    ),
}
PHRASE: Final = "Passphrase"
REPEAT: Final = "The same once more"
NOT_THE_SAME: Final = "The passphrase is not the same both times."

STARTING: Final = "Starting. This takes a moment; your system may ask you for a password."
NOT_STARTED: Final = "It did not start, and nothing is lost."

TITLES: Final[dict[str, str]] = {
    "top": "Done. It lives up here",
    "bottom": "Done. It lives down here",
    "bar": "Done. It lives by the clock",
    "none": "Done. It goes on by itself",
}
IN_TRAY: Final = (
    "You can close this window. The small plant tells how things are; a sign beside it means that something is"
    " different."
)
NO_TRAY: Final = (
    "This desktop has no place for a small icon. It goes on when you close the window; start it again to see it. These"
    " are its signs:"
)
TRAY_PICTURES: Final[dict[str, str]] = {
    "top": "The bar at the top of the screen, with the small plant in it",
    "bottom": "The bar at the bottom of the screen, with the small plant in it",
    "bar": "The bar with the clock, and the small plant in it",
    "none": "A plant, and a seedling beside it",
}
SIGNS: Final[tuple[tuple[NodeState, str], ...]] = (
    ("fine", "fine"),
    ("trial", "new version tried"),
    ("paused", "paused"),
    ("attention", "needs you"),
    ("problem", "does not run"),
    ("starting", "starting"),
)
OTHERS: Final = "Others"
NOT_KNOWN_YET: Final = "Not known yet how many others were found"
INVITED: Final = "An invitation lets it find others further away. Somebody who takes part already can give you one."
INVITATION: Final = "Invitation"
TAKE: Final = "Use it"
NO_INVITATION: Final = "Paste the invitation first."

ASK_TITLE: Final = "Your passphrase, please"
ASK_LEAD: Final = "The key of this computer lies behind it. Until it is given, Perennial does not run."
ASK_NEW_LEAD: Final = "The key of this computer is still to be made. Choose the passphrase behind which it lies."
NOT_KEPT: Final = "It is handed on and not kept."
START: Final = "Start"
OPENING: Final = "Opening. This takes a moment."
WRONG: Final = "That passphrase does not open the key. Try it once more."
ASKS_AT_LOGIN: Final = "It asks for your passphrase then, and helps once it is given"
WANTED: Final = "Needs you: your passphrase"

UNPROTECTED: Final = "Key unprotected"
UNPROTECTED_WHY: Final = "The key of this computer lies unprotected in a file."


def step(number: int, steps: int) -> str:
    return f"Step {number} of {steps}"


def free(free_bytes: int) -> str:
    return f"{amount(free_bytes)} free on this disk"


def leaves(free_bytes: int) -> str:
    return f"leaves you {amount(free_bytes)}"


def fingerprint_length(typed: int, wanted: int) -> str:
    return f"A fingerprint has {wanted} digits and letters; so far there are {typed}."


def too_short(typed: int, least: int) -> str:
    if not typed:
        return f"Choose a passphrase of at least {least} letters and signs."
    return f"The passphrase has at least {least} letters and signs; so far there are {typed}."


def found_so_far(others: int) -> str:
    if not others:
        return "It goes on looking for others on your local network."
    return f"{plural(others, 'other computer', 'other computers')} found so far."


def not_started(why: str) -> str:
    return f"{NOT_STARTED} {why}"
