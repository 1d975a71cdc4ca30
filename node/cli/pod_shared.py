"""What the commands of ``perennial pod`` share."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from node.cli.asking import NoAnswer, ask_secret
from node.cli.common import PATH, fail, print_json, say, shared_options
from node.pod.errors import PodError
from node.pod.proposal import Proposal
from node.trust.errors import TrustError

FOLDER: Final = PATH

T = TypeVar("T")
in_network = click.option("--network", "network", type=FOLDER, required=True, help="Folder of the network.")
maybe_in_network = click.option(
    "--network", "network", type=FOLDER, help="Folder of the network; none while it is founded."
)
by_key = click.option("--key", required=True, help="A key file, or else the name of a key in the keyring.")


def as_json(command: Callable[..., T]) -> Callable[..., T]:
    """Give a command ``is_json``.  It takes --home like all others, and needs no home."""

    @shared_options
    @functools.wraps(command)
    def without_home(home: Path, **others: Any) -> T:
        del home
        return command(**others)

    return without_home


@contextlib.contextmanager
def stating_failures(*, is_json: bool) -> Iterator[None]:
    """Turn a stated failure into one sentence, or one JSON object, and exit code 1."""
    try:
        yield
    except (PodError, TrustError) as error:
        fail(error, is_json=is_json)


def answer(is_json: bool, data: dict[str, Any], *sentences: str) -> None:
    """Print what was done: one JSON object, or sentences."""
    if is_json:
        print_json(data)
    else:
        for sentence in sentences:
            say(sentence)


def passphrase() -> str:
    """The passphrase of a key file, from the terminal, or else the next line of standard input."""
    return _secret("Passphrase", is_new=False)


def new_passphrase() -> str:
    """A new passphrase, typed twice at a terminal."""
    return _secret("New passphrase", is_new=True)


def progress(proposal: Proposal) -> tuple[dict[str, Any], list[str]]:
    """How far a signing file is, as data and as sentences."""
    counts = proposal.counts()
    data = {
        "signatures": [{"role": c.role, "signers": list(c.signers), "needed": c.need} for c in counts],
        "is_complete": proposal.is_complete,
    }
    lines = [f"  {c.role}: {', '.join(c.signers) or 'no one yet'} ({c.need} needed)" for c in counts]
    last = "Enough have signed: 'perennial pod finish' is next." if proposal.is_complete else "More must sign."
    return data, ["Signed so far:", *lines, last]


def _secret(prompt: str, *, is_new: bool) -> str:
    try:
        return ask_secret(prompt, is_new=is_new)
    except NoAnswer as error:
        raise PodError(f"a passphrase is needed: there is no terminal to ask at, and {error}") from error
