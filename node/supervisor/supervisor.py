"""All of the supervisor together: one home, its keys, its vault, its updates, and what is told of them."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping

from node.api import health, pauses, schema, texts, told
from node.sandbox.piped import CAN_TAKE_OVER
from node.sandbox.report import SandboxReport
from node.supervisor import diagnostics
from node.supervisor.assigning import Assigning
from node.supervisor.bootstrap import Bootstrap
from node.supervisor.errors import StateError
from node.supervisor.events import EventLog, publish_changes
from node.supervisor.finishing import Finisher
from node.supervisor.heads import HeadQueue
from node.supervisor.home import Home
from node.supervisor.host import UpdateHost
from node.supervisor.keys import Keys
from node.supervisor.launch import VaultLauncher
from node.supervisor.leaving import LEAVE_S, farewell
from node.supervisor.lending import Lending
from node.supervisor.looking import Looking
from node.supervisor.meeting import Meeting
from node.supervisor.pacing import Pacing
from node.supervisor.pausing import Kept, Lasts
from node.supervisor.ports import Assignment, Launcher, Slot
from node.supervisor.programs import Programs
from node.supervisor.sharing import Sharing
from node.supervisor.shipped import in_use, version_of
from node.supervisor.state import StateFile
from node.supervisor.succession import Inheritance
from node.supervisor.surroundings.senses import senses_here
from node.supervisor.surroundings.watcher import Watcher
from node.supervisor.updating import open_updates
from node.supervisor.vault_child import VaultChild
from node.update import developers
from node.update.driver import Updates
from node.update.errors import SlotDamaged, StateUnreadable
from node.update.files.programs import Program
from node.update.files.slots import NOTHING_INSTALLED, Slots
from node.update.files.starting import Installation
from node.update.watching import LITTERED
from node.vault import control
from node.vault.limiting import Limits
from node.vault.noting import Met
from node.vault.ports import Entropy, Random
from node.vault.storage.quota import RESERVE_BYTES

log = logging.getLogger(__name__)


class Supervisor:
    """Decides for one home.  Fulfils ``node.api.handlers.Node`` and ``ports.Surroundings``.

    Belongs to one event loop and to the process that holds the home's lock.
    """

    def __init__(
        self,
        home: Home,
        keys: Keys,
        *,
        random: Random,
        entropy: Entropy = os.urandom,
        launcher: Launcher | None = None,
        utc_s: Callable[[], float] = time.time,
        inheritance: Inheritance | None = None,
    ) -> None:
        """Open what the home holds, and what the program before in this process has handed on.  Blocking.

        Raises:
            UpdateError: No vault version can be had.
        """
        home.remove_leftovers()
        self.home = home
        self.keys = keys
        self._programs = Programs(home, installation := Installation.here())
        self.slots = Slots(home.slots, installed=installation.trees() if installation else NOTHING_INSTALLED)
        self.events = EventLog(utc_s(), inheritance.newest_event if inheritance else 0)
        self.successor: Program | None = None  # what this process shall become, once ``run`` has returned
        self._utc_s = utc_s
        self._lending = Lending(home, self._set_quota, self._used_bytes)
        self._changed = asyncio.Event()
        kept = StateFile(home.state / "pause.json", Kept, self._lending.ballast.give_up)
        self._pacing = Pacing(
            kept, lambda: self._lending.settings, self._keep_to, on_change=self.changed,
            watcher=None if home.is_practice else Watcher(senses_here()), utc_s=utc_s,
        )  # fmt: skip
        self._heads = HeadQueue()
        self.updates_trouble = told.NOTHING  # why none are taken
        self._held = SandboxReport("none")  # until a vault has run
        self._updating: asyncio.Task[None] | None = None
        self._finisher = Finisher()
        self.vault = VaultChild(
            tree_hash=self.slots.choose("vault", utc_s()),
            record=home.last_record(),
            bind=home.marker.bind,
            keys=keys,
            launcher=launcher or VaultLauncher(home.vault, home.logs / "vault.log"),
            surroundings=self,
            utc_s=utc_s,
            inherited=inheritance.vault if inheritance else None,
        )
        self._sharing = Sharing(self.vault)
        self.looking = Looking(home, self.vault, entropy, utc_s, self.changed)
        self.looking.is_back = self._lending.measure_soon
        bootstrap = Bootstrap(home)
        self._giving = Assigning(home, bootstrap, lambda: self._lending.settings.local_discovery, self._pacing.limits)
        self.host = UpdateHost(home, self.vault, self.slot, entropy, utc_s, self._giving)
        self.host.contacts = lambda: bootstrap.contacts
        self._meeting = Meeting(home, bootstrap, self.vault, self.host.moved)
        self._updates = self._open_updates(random, entropy)

    def _open_updates(self, random: Random, entropy: Entropy) -> Updates | None:
        """The updates of this home; without them, if what was kept of them cannot be read, the vault goes on."""
        try:
            return open_updates(
                self.home, self.slots, self.host, self.keys, random=random, entropy=entropy, utc_s=self._utc_s,
                lending=self._lending, hold=self._pacing.hold, become=self.become, on_change=self.changed,
            )  # fmt: skip
        except (StateUnreadable, OSError) as error:
            log.warning("updates not opened reason=%s", error)
            self.updates_trouble = texts.updates_wait(texts.reason(error))
            return None

    async def run(self, hold_on: Callable[[], Awaitable[None]]) -> None:
        """Run vault and updates until ``stop`` or ``become``.  ``hold_on`` is called whenever the disk works."""
        async with asyncio.TaskGroup() as tasks:
            self._updating = tasks.create_task(self._keep_updating(), name="updates")
            others = [
                tasks.create_task(self._keep_measuring(), name="measure"),
                tasks.create_task(publish_changes(self, self._changed, self._utc_s), name="publish"),
                tasks.create_task(self._meeting.run(), name="meeting"),
                tasks.create_task(self.looking.run(hold_on), name="looking"),
                tasks.create_task(self._pacing.run(), name="pacing"),
            ]
            if self._updates is not None:
                others.append(tasks.create_task(self._heads.judge(self._updates.offered), name="heads"))
            await self.vault.keep_running()
            for task in (self._updating, *others):
                task.cancel()

    def stop(self, leave_s: float = LEAVE_S) -> None:
        """Make ``run`` let the vault hand over what it holds, and return; called again, end it at once.

        ``leave_s`` is how long that may take; where nobody can be reached, nothing is waited for.
        """
        self.vault.stop(leave_s if self.vault.state is None or self.vault.state.peer_count else 0.0)
        if self._updating is not None:
            self._updating.cancel()  # so that the twins of a trial end while the vault drains

    def become(self, program: Program) -> None:
        """Make ``run`` return, so that whoever called it can become that program; if it can, the vault goes on."""
        self.successor = program
        if self._updating is not None:
            self._updating.cancel()  # a trial is put down as at a stop, and goes on in the next program
        (self.vault.leave_on if CAN_TAKE_OVER else self.vault.stop)()

    def home_moved(self) -> None:
        """The home is on another file system, on which no vault that runs has any rights: no release is to blame."""
        if self._updates is not None:
            self._updates.host_fault("the disk was pulled out")
        self.host.moved()

    # What the API asks for.

    def status(self) -> schema.Status:
        found = self._health()
        state, said = health.status_sentence(found)
        figures = self.vault.state
        return schema.Status(
            state=state,
            sentence=said.sentence,
            said=said.said,
            is_practice=self.home.is_practice,
            space=self._space(),
            peer_count=figures.peer_count if figures else 0,
            subnet_count=figures.subnet_count if figures else 0,
            in_use=in_use(self.slots, self.vault.tree_hash, self.updates(), self._utc_s()),
            sandbox=self._sandbox().level,
            farm=self.keys.vault_id.hex()[:8],
            last_event=self.events.newest,
            handover=self.vault.handover,
            key_place=self.home.key_place,
            sandbox_reasons=self._sandbox().reasons,
            is_sandbox_tried=self._sandbox().is_tried,
            checks=found.checks,
            pauses=self._pacing.verdict.reasons,
            is_eased=self._pacing.verdict.is_eased,
            surroundings=self._pacing.around,
            program=self._programs.in_use,
        )

    def farewell(self) -> str:
        """Once ``run`` has returned: what was reached with handing chunks over; "" if there was nothing to do."""
        return farewell(self.vault.state, self.vault.handover)

    def _sandbox(self) -> SandboxReport:
        """What holds the vault in use; between two runs what held the last one, for the next will be held alike."""
        if self.vault.run is not None:
            self._held = self.vault.run.report
        return self._held

    def updates(self) -> schema.Updates:
        found = self._updates.updates() if self._updates else schema.Updates((), ())
        return self._programs.added_to(developers.stopped(found, self.updates_trouble))

    def trial(self) -> schema.TrialView | None:
        return self._updates.trial() if self._updates else None

    def settings(self) -> schema.Settings:
        return self._lending.shown()

    async def pause(self, lasts: Lasts) -> schema.Status:
        """Raises StateError when the pause could not be kept; nothing changed."""
        await self._finisher.carry_out(self._pacing.pause(lasts))
        return self.status()

    async def resume(self) -> schema.Status:
        """Raises StateError when that could not be kept; nothing changed."""
        await self._finisher.carry_out(self._pacing.resume())
        return self.status()

    async def patch_settings(self, patch: schema.SettingsPatch) -> schema.Settings:
        """Change what is given.  Once begun it is carried out, even if the caller goes away.

        Raises:
            SettingsError: A value is out of range or could not be kept; nothing changed.
        """
        return await self._finisher.carry_out(self._patch_settings(patch))

    async def put_chunk(self, content: bytes) -> schema.StoredChunk:
        """Store a chunk in the network.  Raises VaultUnavailable or RequestRefused when it could not be stored."""
        return await self._sharing.put(content)

    async def get_chunk(self, address: bytes) -> bytes:
        """Fetch a chunk from the network.  Raises VaultUnavailable or RequestRefused when it cannot be had now."""
        return await self._sharing.get(address)

    async def network(self) -> schema.NetworkView:
        return await self.looking.network()

    async def invitation(self, at: str = "") -> schema.Invitation:
        """Raises VaultUnavailable when nobody could reach the vault, InvitationError if ``at`` is no address."""
        return await self._meeting.invitation(at)

    async def join(self, text: str) -> schema.Joined:
        """Once begun it is carried out; raises InvitationError or StateError when it was not taken."""
        return await self._finisher.carry_out(self._meeting.join(text))

    def head(self) -> bytes:
        """The head that the vault carries, with the proof while updates are halted; b"" before the first one."""
        return self.host.head

    async def offer_head(self, content: bytes) -> schema.HeadAnswer:
        """Judge a head that a person brings.  Once begun it is carried out."""
        if self._updates is None:
            raise StateError(self.updates_trouble)
        return await self._finisher.carry_out(self._updates.offered(content, b""))

    def counters(self) -> Mapping[str, int]:
        return self.vault.state.counters if self.vault.state else {}

    async def diagnostics(self) -> bytes:
        return await diagnostics.of_node(self.home.path, self, self._utc_s())

    # What the vault in use needs and tells.

    def whole_slot(self, tree_hash: str) -> str:
        try:
            self.slots.verify("vault", tree_hash)
        except SlotDamaged as error:
            log.warning("slot not usable reason=%s", error)
            return self.slots.choose("vault", self._utc_s())
        self.slots.starts("vault", tree_hash)
        return tree_hash

    def slot(self, tree_hash: str) -> Slot:
        path = self.slots.verify("vault", tree_hash)
        pycache = self.slots.pycache("vault", tree_hash)
        return Slot(tree_hash, path, pycache, self.slots.capabilities("vault", tree_hash))

    def assignment(self, *, bind: str, is_standby: bool) -> Assignment:
        share = self._lending.share_bytes
        return self._giving.make(bind=bind, quota_bytes=share, head=self.host.head, is_standby=is_standby)

    async def store_rests(self, tree_hash: str) -> None:
        await self._lending.see_to_store(tree_hash)

    def save_record(self, record: bytes) -> None:
        self.home.keep_record(record)

    def head_seen(self, seen: control.HeadSeen) -> None:
        self._heads.put(seen)

    def met(self, seen: Met) -> None:
        self.host.met(seen.vaults)

    async def listening(self, given: Assignment | None) -> bool:
        try:
            await asyncio.to_thread(self.slots.has_started, "vault", self.vault.tree_hash)
        except OSError as error:
            log.warning("not noted that the version serves reason=%s", error)
        return await self.host.tell_changed(given, lambda: self._lending.share_bytes)

    async def leaving(self) -> None:
        await self._meeting.keep_now()

    def vault_failed(self, reason: str, *, is_late: bool) -> None:
        if self._updates is not None:
            self._updates.vault_failed(reason, is_hosts_fault=self._lending.disk.is_at_fault, is_late=is_late)

    def changed(self) -> None:
        self._changed.set()

    # Within.

    async def _patch_settings(self, patch: schema.SettingsPatch) -> schema.Settings:
        await self._lending.change(patch)
        await self._pacing.settings_changed()
        self.changed()
        return self.settings()

    async def _keep_measuring(self) -> None:
        await self._lending.keep_measuring(self.vault.wait_until_settled, self._measured, self._littered)

    def _measured(self) -> None:
        if self._updates is not None and self._lending.disk.is_at_fault:
            self._updates.host_fault(self._lending.disk.trouble)
        self.changed()

    def _littered(self) -> None:
        if self._updates is not None:
            self._updates.watching.found_at_fault(LITTERED)
        self.vault.end(LITTERED)

    async def _set_quota(self, share_bytes: int) -> None:
        await self.host.set_quota(share_bytes)

    async def _keep_to(self, limits: Limits) -> None:
        await self.host.keep_to(limits)

    async def _keep_updating(self) -> None:
        """Updates may stop; the vault goes on, and the farmer is told."""
        if self._updates is None:
            return
        try:
            await self._updates.run()
        except Exception:
            log.exception("updates have stopped")
            self.updates_trouble = texts.updates_stopped()
            self.changed()

    def _used_bytes(self) -> int:
        return self.vault.state.used_bytes if self.vault.state else 0

    def _space(self) -> schema.Space:
        figures = self.vault.state
        return schema.Space(
            used_bytes=self._lending.rest_bytes + self._used_bytes(),
            quota_bytes=self._lending.settings.quota_bytes,
            chunk_count=figures.chunk_count if figures else 0,
            free_bytes=self._lending.disk.told_free_bytes,
        )

    def _health(self) -> health.Health:
        figures, updates = self.vault.state, self.updates()
        trial = self.trial()
        found = health.Health(
            silent_s=self.vault.silent_s(),
            failures=self.vault.failures,
            failure=self.vault.failure,
            disk_trouble=self._lending.disk.trouble,
            settings_trouble=self._lending.trouble,
            other_trouble=developers.trouble(updates, self.vault.tree_hash),
            space=self._space(),
            free_bytes=self._lending.disk.free_bytes,
            reserve_bytes=RESERVE_BYTES,
            up_s=self.vault.up_s(),
            peer_count=figures.peer_count if figures else 0,
            has_met=self.vault.has_met,
            trial_of=trial.version if trial and trial.phase == "on_trial" else "",
            version=version_of(self.slots, self.vault.tree_hash, self.updates()),
            store_trouble=figures.trouble if figures else "",
            handover=self.vault.handover,
            leave_s=self.vault.leave_s if self.vault.is_stopping else None,
            pause=pauses.sentence(self._pacing.verdict.reasons),
        )
        return self.looking.added_to(found)
