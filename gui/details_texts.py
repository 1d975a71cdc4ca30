"""The words of the Details page: the one page on which the exact words are used."""

from __future__ import annotations

from typing import Final

from node.api.schema import KeyPlace, SandboxLevel

DETAILS: Final = "Details"
LEAD: Final = "For the curious, in exact words. There is nothing to do here."
NOT_HEARD: Final = "Nothing answers on this computer, so only what lies on its disk is shown."
NODE: Final = "This node"
EVENTS: Final = "Last events"
NO_EVENTS: Final = "Nothing has happened since this window was opened."
LOG: Final = "Last lines of the log"
NO_LOG: Final = "There is no log yet."
API: Final = "Local API and metrics"
API_LEAD: Final = (
    "Programs of this account can ask the node what this window asks. It answers on a Unix socket that no other"
    " account can open; there is no password to it."
)
SAVED: Final = "Saved."
NO_DIAGNOSTICS: Final = "The version that runs makes no diagnostics file yet."
SAVE_TITLE: Final = "Save a diagnostics file"

STATE: Final = "State"
VERSION: Final = "Version"
TREE: Final = "Tree hash"
FARM: Final = "Vault id"
KEY: Final = "Private key"
SANDBOX: Final = "Sandbox"
PEERS: Final = "Peers"
SPACE: Final = "Space"
HOME: Final = "Home"
DEVELOPERS: Final = "Developers"
NOISE: Final = "Decoy trials"

KEY_PLACES: Final[dict[KeyPlace, str]] = {
    "keyring": "In the keyring of this system.",
    "passphrase": "In a file behind a passphrase, which is asked for at every start.",
    "unprotected": "Unprotected: in a file that every program of this account can read.",
}
KEY_OF_PRACTICE: Final = "Unprotected, as in every practice network: in a file of this home."
SANDBOX_LEVELS: Final[dict[SandboxLevel, str]] = {
    "full": "full: the vault reaches its own folder and the network, and nothing else",
    "partial": "partial",
    "none": "none: the vault can do whatever this account can do",
}
UNTRIED: Final = "never tried on such a system"


def farm(digits: str) -> str:
    return f"{digits}… (the first 8 of 64 digits)"


def peers(peers: int, subnets: int) -> str:
    return f"{peers:,} vaults in {subnets:,} subnets"


def space(used: int, quota: int, chunks: int) -> str:
    return f"{used:,} of {quota:,} bytes, {chunks:,} chunks"


def since(version: str, moment: str) -> str:
    return f"{version}, in use since {moment}"


def sandbox(level: SandboxLevel, reasons: tuple[str, ...], *, is_tried: bool) -> str:
    """The level, and why it is no better."""
    parts = [SANDBOX_LEVELS[level], *([] if is_tried else [UNTRIED]), *reasons]
    return "; ".join(parts)


def noise(outcome: str, blocks: int, moment: str) -> str:
    return f"the version in use beside itself: {outcome} after {blocks:,} blocks, {moment}"


def commands(socket: str, port: int, token_file: str) -> str:
    """How to ask the API and the metrics by hand."""
    curl = f"curl --unix-socket '{socket}' http://perennial"
    lines = [f"{curl}/v1/status", f"{curl}/v1/openapi.json", f"{curl}/metrics"]
    if port:
        lines += ["", f"# Also on 127.0.0.1, with the token of this run from {token_file}:"]
        lines += [f'curl -H "Authorization: Bearer TOKEN" http://127.0.0.1:{port}/v1/status']
    return "\n".join(lines)


def not_saved(why: str) -> str:
    return f"It could not be saved: {why}"


def no_log(why: str) -> str:
    return f"The log cannot be read: {why}"
