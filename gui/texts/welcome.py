"""Every word of the first run, and of the page that asks for a passphrase.  Plain language, as in ``gui.texts.app``."""

from __future__ import annotations

from typing import Final

from gui.language import translate
from gui.texts.app import amount
from node.api.schema import KeyPlace, NodeState

BACK: Final = translate("welcome", "Back")
GO_ON: Final = translate("welcome", "Go on")
JOIN: Final = translate("welcome", "Join the network")
DONE: Final = translate("welcome", "Done")

TITLE: Final = translate("welcome", "Lend a little space")
LEAD: Final = translate(
    "welcome",
    "Your computer keeps small pieces of other people's data. Together with many others it keeps them safe, without any"
    " company in the middle.",
)
DOES: Final = (
    translate("welcome", "It stays in the background and lets your work go first"),
    translate("welcome", "It renews itself, and tries each new version out before it uses it"),
)
NEVER: Final = (
    translate("welcome", "It reads none of your files; Updates says how firmly your system holds it to that"),
    translate("welcome", "It never restarts your computer"),
)
PRACTICE_MEANS: Final = translate(
    "welcome", "Only want to look? A practice network is eight small computers inside this one."
)

CHOICE_TITLE: Final = translate("welcome", "Where, and how much?")
CHOICE_LEAD: Final = translate("welcome", "A tenth of what is free is a good start. You can change it at any time.")
CHOICE_PICTURE: Final = translate("welcome", "A bed with a seed in it; its filled part is the space you lend")
FOLDER: Final = translate("welcome", "In this folder")
SPACE: Final = translate("welcome", "Disk space to lend")
SLOWLY: Final = translate("welcome", "Nothing is taken at once: the space fills slowly, over weeks.")
LOOKING: Final = translate("welcome", "Looking at this computer. This takes a moment.")
LOOK_AGAIN: Final = translate("welcome", "Look again")
FREE_UNKNOWN: Final = translate("welcome", "This disk does not say how much is free on it.")
TOO_FULL: Final = translate("welcome", "There is too little room on this disk. Make some, then look again.")

NETWORK: Final = translate("welcome", "Which network")
SHIPPED: Final = translate("welcome", "The one that this program was made for.")
CHOOSE_FILE: Final = translate("welcome", "Choose the file of the network.")
NO_FILE: Final = translate("welcome", "No file chosen yet")
CHOOSE: Final = translate("welcome", "Choose a file…")
CHOOSE_TITLE: Final = translate("welcome", "The file of the network")
FINGERPRINT: Final = translate("welcome", "Fingerprint")
FINGERPRINT_WHY: Final = translate(
    "welcome",
    "64 digits and letters that the people of the network tell you, in another way than they gave you the file. It"
    " shows that the file is really theirs.",
)
TYPE_FINGERPRINT: Final = translate("welcome", "Type the fingerprint that the people of the network told you.")
NO_FINGERPRINT: Final = translate("welcome", "A fingerprint has only the digits 0 to 9 and the letters a to f.")

KEY: Final = translate("welcome", "Where its key lies")
KEY_WHY: Final = translate(
    "welcome", "By its key your computer is known in the network. Your system has no safe place for it now:"
)
KEY_PLACES: Final[dict[KeyPlace, str]] = {
    "passphrase": translate("welcome", "Behind a passphrase"),
    "unprotected": translate("welcome", "Unprotected, in a file"),
}
KEY_MEANS: Final[dict[KeyPlace, str]] = {
    "passphrase": (
        translate(
            "welcome",
            "It is asked for at every start, also after you log in. If you forget it, your computer begins anew as a"
            " stranger; nobody can give it back to you.",
        )
    ),
    "unprotected": (
        translate(
            "welcome",
            "It starts without asking. But every program of yours can read the key and pass itself off as your"
            " computer. Perennial will go on saying so.",
        )
    ),
}
PHRASE: Final = translate("welcome", "Passphrase")
REPEAT: Final = translate("welcome", "The same once more")
NOT_THE_SAME: Final = translate("welcome", "The passphrase is not the same both times.")

STARTING: Final = translate("welcome", "Starting. This takes a moment; your system may ask you for a password.")
NOT_STARTED: Final = translate("welcome", "It did not start, and nothing is lost.")

TITLES: Final[dict[str, str]] = {
    "top": translate("welcome", "Done. It lives up here"),
    "bottom": translate("welcome", "Done. It lives down here"),
    "bar": translate("welcome", "Done. It lives by the clock"),
    "none": translate("welcome", "Done. It goes on by itself"),
}
IN_TRAY: Final = translate(
    "welcome",
    "You can close this window. The small plant tells how things are; a sign beside it means that something is"
    " different.",
)
NO_TRAY: Final = translate(
    "welcome",
    "This desktop has no place for a small icon. It goes on when you close the window; start it again to see it. These"
    " are its signs:",
)
TRAY_PICTURES: Final[dict[str, str]] = {
    "top": translate("welcome", "The bar at the top of the screen, with the small plant in it"),
    "bottom": translate("welcome", "The bar at the bottom of the screen, with the small plant in it"),
    "bar": translate("welcome", "The bar with the clock, and the small plant in it"),
    "none": translate("welcome", "A plant, and a seedling beside it"),
}
SIGNS: Final[tuple[tuple[NodeState, str], ...]] = (
    ("fine", translate("welcome", "fine")),
    ("trial", translate("welcome", "new version tried")),
    ("paused", translate("welcome", "paused")),
    ("attention", translate("welcome", "needs you")),
    ("problem", translate("welcome", "does not run")),
    ("starting", translate("welcome", "starting")),
)
NOT_KNOWN_YET: Final = translate("welcome", "Not known yet how many others were found")
INVITED: Final = translate(
    "welcome", "An invitation lets it find others further away. Somebody who takes part already can give you one."
)
INVITATION: Final = translate("welcome", "Invitation")
TAKE: Final = translate("welcome", "Use it")
NO_INVITATION: Final = translate("welcome", "Paste the invitation first.")

ASK_TITLE: Final = translate("welcome", "Your passphrase, please")
ASK_LEAD: Final = translate(
    "welcome", "The key of this computer lies behind it. Until it is given, Perennial does not run."
)
ASK_NEW_LEAD: Final = translate(
    "welcome", "The key of this computer is still to be made. Choose the passphrase behind which it lies."
)
NOT_KEPT: Final = translate("welcome", "It is handed on and not kept.")
START: Final = translate("welcome", "Start")
OPENING: Final = translate("welcome", "Opening. This takes a moment.")
WRONG: Final = translate("welcome", "That passphrase does not open the key. Try it once more.")
ASKS_AT_LOGIN: Final = translate("welcome", "It asks for your passphrase then, and helps once it is given")
WANTED: Final = translate("welcome", "Needs you: your passphrase")

UNPROTECTED: Final = translate("welcome", "Key unprotected")
UNPROTECTED_WHY: Final = translate("welcome", "The key of this computer lies unprotected in a file.")


def step(number: int, steps: int) -> str:
    return translate("welcome", "Step {number} of {steps}").format(number=number, steps=steps)


def free(free_bytes: int) -> str:
    return translate("welcome", "{free} free on this disk").format(free=amount(free_bytes))


def leaves(free_bytes: int) -> str:
    return translate("welcome", "leaves you {free}").format(free=amount(free_bytes))


def fingerprint_length(typed: int, wanted: int) -> str:
    return translate("welcome", "A fingerprint has {wanted} digits and letters; so far there are {typed}.").format(
        wanted=wanted, typed=typed
    )


def too_short(typed: int, least: int) -> str:
    if not typed:
        told = translate("welcome", "Choose a passphrase of at least {least} letters and signs.")
        return told.format(least=least)
    told = translate("welcome", "The passphrase has at least {least} letters and signs; so far there are {typed}.")
    return told.format(least=least, typed=typed)


def found_so_far(others: int) -> str:
    if not others:
        return translate("welcome", "It goes on looking for others on your local network.")
    return translate("welcome", "%n other computer(s) found so far.", "", others)


def not_started(why: str) -> str:
    return f"{NOT_STARTED} {why}"
