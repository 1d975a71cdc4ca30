"""The words of the Details page: the one page on which the exact words are used."""

from __future__ import annotations

from typing import Final

from gui.language import number, translate
from node.api.schema import KeyPlace, SandboxLevel

DETAILS: Final = translate("details", "Details")
LEAD: Final = translate("details", "For the curious, in exact words. There is nothing to do here.")
NOT_HEARD: Final = translate("details", "Nothing answers on this computer, so only what lies on its disk is shown.")
NODE: Final = translate("details", "This node")
EVENTS: Final = translate("details", "Last events")
NO_EVENTS: Final = translate("details", "Nothing has happened since this window was opened.")
LOG: Final = translate("details", "Last lines of the log")
NO_LOG: Final = translate("details", "There is no log yet.")
NO_ANSWER: Final = translate("details", "its disk does not answer")
API: Final = translate("details", "Local API and metrics")
API_LEAD: Final = translate(
    "details",
    "Programs of this account can ask the node what this window asks. It answers on a Unix socket that no other"
    " account can open; there is no password to it.",
)
SAVED: Final = translate("details", "Saved.")
NO_DIAGNOSTICS: Final = translate("details", "The version that runs makes no diagnostics file yet.")
SAVE_TITLE: Final = translate("details", "Save a diagnostics file")

STATE: Final = translate("details", "State")
VERSION: Final = translate("details", "Version")
TREE: Final = translate("details", "Tree hash")
PROGRAM: Final = translate("details", "App and runtime")
FARM: Final = translate("details", "Vault id")
KEY: Final = translate("details", "Private key")
SANDBOX: Final = translate("details", "Sandbox")
PEERS: Final = translate("details", "Peers")
SPACE: Final = translate("details", "Space")
HOME: Final = translate("details", "Home")
DEVELOPERS: Final = translate("details", "Developers")
NOISE: Final = translate("details", "Decoy trials")

KEY_PLACES: Final[dict[KeyPlace, str]] = {
    "keyring": translate("details", "In the keyring of this system."),
    "passphrase": translate("details", "In a file behind a passphrase, which is asked for at every start."),
    "unprotected": translate("details", "Unprotected: in a file that every program of this account can read."),
}
KEY_OF_PRACTICE: Final = translate("details", "Unprotected, as in every practice network: in a file of this home.")
SANDBOX_LEVELS: Final[dict[SandboxLevel, str]] = {
    "full": translate("details", "full: the vault reaches its own folder and the network, and nothing else"),
    "partial": translate("details", "partial"),
    "none": translate("details", "none: the vault can do whatever this account can do"),
}
UNTRIED: Final = translate("details", "never tried on such a system")


def farm(digits: str) -> str:
    return translate("details", "{digits}… (the first 8 of 64 digits)").format(digits=digits)


def peers(peers: int, subnets: int) -> str:
    return translate("details", "{peers} vaults in {subnets} subnets").format(
        peers=number(peers), subnets=number(subnets)
    )


def space(used: int, quota: int, chunks: int) -> str:
    return translate("details", "{used} of {quota} bytes, {chunks} chunks").format(
        used=number(used), quota=number(quota), chunks=number(chunks)
    )


def since(version: str, moment: str) -> str:
    return translate("details", "{version}, in use since {moment}").format(version=version, moment=moment)


def program(version: str, app: str, runtime: str) -> str:
    """What the node itself is; without tree hashes the one that was installed."""
    trees = "; ".join(tree for tree in (app, runtime) if tree)
    return f"{version}; {trees or translate('details', 'as installed')}"


def sandbox(level: SandboxLevel, reasons: tuple[str, ...], *, is_tried: bool) -> str:
    """The level, and why it is no better."""
    parts = [SANDBOX_LEVELS[level], *([] if is_tried else [UNTRIED]), *reasons]
    return "; ".join(parts)


def noise(outcome: str, blocks: int, moment: str) -> str:
    return translate("details", "the version in use beside itself: {outcome} after {blocks} blocks, {moment}").format(
        outcome=outcome, blocks=number(blocks), moment=moment
    )


def commands(socket: str, port: int, token_file: str) -> str:
    """How to ask the API and the metrics by hand."""
    curl = f"curl --unix-socket '{socket}' http://perennial"
    lines = [f"{curl}/v1/status", f"{curl}/v1/openapi.json", f"{curl}/metrics"]
    if port:
        told = translate("details", "Also on 127.0.0.1, with the token of this run from {token_file}:")
        lines += ["", f"# {told.format(token_file=token_file)}"]
        lines += [f'curl -H "Authorization: Bearer TOKEN" http://127.0.0.1:{port}/v1/status']
    return "\n".join(lines)


def not_saved(why: str) -> str:
    return translate("details", "It could not be saved: {why}").format(why=why)


def no_log(why: str) -> str:
    return translate("details", "The log cannot be read: {why}").format(why=why)
