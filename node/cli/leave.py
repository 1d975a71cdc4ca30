"""``perennial leave``: end the node for good, and give the lent space back if the person says so."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

import click

from node.api.client import ApiError
from node.api.texts import size
from node.cli.asking import NoAnswer, ask
from node.cli.commands import UNANSWERED
from node.cli.common import Failure, fail, print_json, say, shared_options, tell
from node.cli.stop import end, locked, not_told
from node.keys.errors import KeyStoreError
from node.supervisor import copies, keys
from node.supervisor.errors import SettingsError, SupervisorError
from node.supervisor.home import Home
from node.supervisor.login import login_start
from node.update.files.trees import size_of

YES: Final = frozenset({"y", "yes", "j", "ja"})
NO: Final = frozenset({"n", "no", "nein"})


@click.command()
@click.option(
    "--give-back/--keep", "is_given_back", default=None,
    help="Delete the home and all in it, or keep it.  Asked for if neither is said.",
)  # fmt: skip
@shared_options
def leave(home: Path, is_given_back: bool | None, is_json: bool) -> None:
    """End the node for good.

    If it runs, it hands over first what it keeps for others.  Then the home is deleted, so that the disk has its space
    back, or kept, so that the node can be started again.  In both cases the app no longer starts at login; a service of
    systemd that starts the node of a kept home is switched off with systemctl --user disable perennial.  Where a copy
    of the home was started as well, the key in the keyring stays for that one, and it is what starts at login.
    """
    try:
        opened = Home.read(home)
        lent_bytes = size_of(opened.path)
        if is_given_back is None:
            is_given_back = _asked(opened.path, lent_bytes, is_json=is_json)
        asyncio.run(end(opened.path, tell=not_told if is_json else tell))
        with locked(opened) as lock:
            copy = copies.other_in_use(opened)
            _end_login_start(opened, copy)
            if is_given_back:
                sys.dont_write_bytecode = True  # that of what is imported from now on would make the folder anew
                opened.delete(lock)
                copies.forget(opened)
        left_key = asyncio.run(_forget_key(opened)) if is_given_back and copy is None else ""
    except (ApiError, SupervisorError, SettingsError) as error:
        fail(error, is_json=is_json)
    if is_json:
        freed_bytes = lent_bytes if is_given_back else 0
        kept_for = str(copy) if copy is not None else ""
        done = {"home": str(opened.path), "is_given_back": is_given_back, "freed_bytes": freed_bytes}
        print_json({**done, "kept_for": kept_for})
        return
    if copy is not None:
        stays = "key and its start at login stay" if opened.key_place == "keyring" else "start at login stays"
        say(f"Its {stays} for {copy}, a copy of this home that was started as well.")
    if left_key:
        say(left_key)
    if is_given_back:
        outcome = "emptied" if opened.path.exists() else "deleted"
        say(f"{opened.path} is {outcome}: {size(lent_bytes)} are free again.")
    else:
        say(f"{opened.path} is kept, with {size(lent_bytes)} in it. perennial leave --give-back deletes it later.")


def _asked(path: Path, lent_bytes: int, *, is_json: bool) -> bool:
    """The one question.

    Raises:
        Failure: Nobody answers it.
    """
    prompt = f"Give the space back? {path} with its {size(lent_bytes)} is deleted then; nothing else is [yes/no]"
    try:
        answer = ask(prompt).strip().lower()
    except NoAnswer as error:
        raise Failure("unanswered", f"{UNANSWERED[:-1]}: {error}.", is_json=is_json) from error
    if answer not in YES | NO:
        raise Failure("unanswered", "That is neither yes nor no, so nothing was done.", is_json=is_json)
    return answer in YES


def _end_login_start(home: Home, copy: Path | None) -> None:
    """Switch it off; or, where a copy of the home is in use, let that be what starts.

    Raises:
        SettingsError: The system refuses.
    """
    start = login_start(copy or home.path, home.marker.name, is_practice=home.is_practice)
    if copy is None:
        start.set(False)
    else:
        start.renew()


async def _forget_key(home: Home) -> str:
    """Remove the key from the keyring; return what to say if that does not succeed."""
    try:
        await keys.forget(home)
    except KeyStoreError as error:
        return f"Its key may still be in the keyring, where it does no harm: {error}"
    return ""
