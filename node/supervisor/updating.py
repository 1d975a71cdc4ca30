"""Opens the updates of a home: what they may use, and how patient they are."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

from node.supervisor.app_updating import Rules, open_apps
from node.supervisor.home import Home
from node.supervisor.host import UpdateHost
from node.supervisor.keys import Keys
from node.supervisor.lending import Lending
from node.supervisor.space import GRAIN_BYTES
from node.trial import profile
from node.trial.notes import Platform
from node.trial.waves import ORDINARY, WITHOUT_WAVES
from node.update import events, rollouts
from node.update.driver import Updates
from node.update.files.programs import Program
from node.update.files.slots import Slots
from node.update.jobs import Means
from node.update.rollouts import Author, Rollouts
from node.update.store import Store
from node.update.trials.folders import TrialFolders
from node.vault.ports import Entropy, Random

TWIN_BYTES_MAX: Final = 1 << 30
TWIN_PART: Final = 4  # of what the farm's limit has left; both twins together take half of it
# Where it has little left, or nothing, the own vault makes room for so much: with less next to no data are tested.
TWIN_BYTES_LEAST: Final = 64 << 20
LIMIT_PART: Final = 8  # of a small limit; both twins together take a quarter of it
TWIN_BYTES_MIN: Final = 16 << 20


def open_updates(
    home: Home,
    slots: Slots,
    host: UpdateHost,
    keys: Keys,
    *,
    random: Random,
    entropy: Entropy,
    utc_s: Callable[[], float],
    lending: Lending,
    hold: Callable[[], str],
    become: Callable[[Program], None],
    on_change: Callable[[], None],
) -> Updates:
    """Go on with the updates as they were left.  Blocking.

    Args:
        home: Whose updates.
        slots: Its vault versions.
        host: What they may ask of the node.
        keys: What the farm's notes are signed with; from now on it knows how far releases are numbered.
        random: For decisions that nobody may guess, such as how long a trial lasts.
        entropy: For keys of twins.
        utc_s: The calendar.
        lending: The farmer's limit, what is kept for the way back, and what is held back of the disk.
        hold: Why nothing may be tried out now, if the farmer has a pause.
        become: Makes this process become another program; the vault goes on.
        on_change: Called in the loop when there is something new to tell.

    Raises:
        StateUnreadable: What was kept is damaged.
        OSError: It cannot be read.
    """
    practiced = profile.PRACTICE if home.is_practice else profile.REAL
    notes = _notes(home, host, keys, random, utc_s, on_change)
    limits = events.PRACTICE if home.is_practice else events.REAL
    opened: list[Updates] = []
    apps = open_apps(
        home, slots, host, become,
        Rules(notes, hold, lambda: opened[0], lambda: random.random() * limits.stagger_s_max),
        limits=limits, utc_s=utc_s, on_change=on_change, make_room=lending.ballast.give_up,
    )  # fmt: skip
    means = Means(
        host=host,
        slots=slots,
        store=Store(home.state),
        kept=lending.kept,
        trials=TrialFolders(home.vault, home.state / "folders.json"),
        profile=practiced,
        rollouts=notes,
        is_rolled_out=notes.is_rolled_out,
        urgent=profile.PRACTICE_URGENT if home.is_practice else profile.URGENT,
        quota_bytes=lambda: twin_bytes(lending.left_bytes(), lending.settings.quota_bytes),
        random=random,
        entropy=entropy,
        utc_s=utc_s,
        on_change=on_change,
        hold=hold,
        make_room=lending.ballast.give_up,
        apps=apps,
    )
    updates = Updates.open(home.root, means, limits)
    opened.append(updates)
    host.head = updates.head
    host.met = notes.met
    keys.highest_release = lambda: updates.judge.highest_release
    return updates


def _notes(
    home: Home,
    host: UpdateHost,
    keys: Keys,
    random: Random,
    utc_s: Callable[[], float],
    on_change: Callable[[], None],
) -> Rollouts:
    return Rollouts(
        home.state,
        Author(vault_id=keys.vault_id, seed=keys.membership_seed, sign=keys.sign, platform=_platform()),
        host,
        plan=WITHOUT_WAVES if home.is_practice else ORDINARY,
        asking=rollouts.PRACTICE if home.is_practice else rollouts.REAL,
        random=random,
        utc_s=utc_s,
        on_change=on_change,
    )


def _platform() -> Platform:
    names: dict[str, Platform] = {"linux": "linux", "win32": "windows", "darwin": "macos"}
    return names.get(sys.platform, "other")


def twin_bytes(left_bytes: int, limit_bytes: int) -> int:
    """How much each twin may store when the farmer's limit has ``left_bytes`` left; in steps, as the own vault."""
    least = max(TWIN_BYTES_MIN, min(TWIN_BYTES_LEAST, limit_bytes // LIMIT_PART))
    return min(TWIN_BYTES_MAX, max(least, left_bytes // TWIN_PART)) // GRAIN_BYTES * GRAIN_BYTES
