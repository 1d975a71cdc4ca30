"""Opens the updates of the app: what they may use, and when a release of it may begin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from node.supervisor.app_host import Programs
from node.supervisor.home import Home
from node.supervisor.host import UpdateHost
from node.update.app_jobs import AppMeans
from node.update.app_store import AppStore
from node.update.apps import NO_APPS, UNSETTLED, Apps, NoApps, Policy
from node.update.driver import Updates
from node.update.events import Limits
from node.update.files.programs import Program
from node.update.files.slots import Slots
from node.update.files.starting import Installation
from node.update.rollouts import Rollouts


@dataclass(frozen=True, slots=True)
class Rules:
    """What releases of the vault keep to as well.

    ``hold``: why nothing may be tried out now, if the farmer has a pause.  ``updates`` are those of the vault, once
    they are open; ``stagger`` draws how long a release waits.
    """

    notes: Rollouts
    hold: Callable[[], str]
    updates: Callable[[], Updates]
    stagger: Callable[[], float]

    def policy(self) -> Policy:
        notes, updates = self.notes, self.updates

        def unsettled() -> str:
            return "" if updates().judge.is_current and not is_lapsed() else UNSETTLED

        def is_lapsed() -> bool:
            return "app" in updates().judge.lapsed

        return Policy(
            stagger=self.stagger,
            hold=lambda record: self.hold() or notes.hold(record) or unsettled(),
            halt=lambda record: notes.halted(record) or unsettled(),
            is_seen=lambda: updates().is_seen(),
            is_under_way=notes.is_under_way,
            recalls=lambda: updates().judge.recalls,
            is_lapsed=is_lapsed,
            rollout=lambda name: notes.view(name, is_stretched=False),  # a rehearsal lasts as long as it lasts
            moved=lambda before, after, event: notes.moved(before, after, event, None),
            catch_up=notes.catch_up,
        )


def open_apps(
    home: Home,
    slots: Slots,
    host: UpdateHost,
    become: Callable[[Program], None],
    rules: Rules,
    *,
    limits: Limits,
    utc_s: Callable[[], float],
    on_change: Callable[[], None],
    make_room: Callable[[], bool],
) -> Apps | NoApps:
    """The updates of the app; none where no launcher could start another one.  Blocking.

    Raises:
        StateUnreadable: What was kept is damaged.
    """
    installation = Installation.here()
    if installation is None:
        return NO_APPS
    means = AppMeans(
        host=Programs(home, installation, become), slots=slots, root=home.slots, get_chunk=host.get_chunk, utc_s=utc_s,
        on_change=on_change, make_room=make_room,
    )  # fmt: skip
    return Apps(AppStore(home.state), means, rules.policy(), limits)
