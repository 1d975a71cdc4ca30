"""What must survive a power cut: the chain of heads, every release's way, and what a trial left behind.

    state/chain            the newest verified head and all that binds the next one
    state/updates.json     the way of each release, and the heads that were refused
    state/trial.bin        where the candidate's data lies and what must be in it
    state/trial/           the running trial, see ``trials.state``
    state/decoy/           the same of a decoy trial
    state/decoys.json      the figures of earlier ones
    state/folders.json     the data folders of trials, see ``folders``

Everything blocks.
"""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path
from typing import Final

import msgspec

from node.api.schema import RefusedHead, SelfMeasurement, TrialView
from node.trial.notes import State
from node.trial.ratchet import Estimates
from node.trust.chain import STATE_BYTES_MAX, Chain
from node.trust.errors import TrustError
from node.trust.release import Release
from node.update.errors import StateUnreadable
from node.update.lifecycle import Lifecycle
from node.update.trials.rehearsal import TrialResult
from node.update.trials.state import TrialFile
from node.vault.storage.filesystem import write_durably

FORMAT: Final = 1
FILE_BYTES_MAX: Final = 16 << 20
SLOW_FACTOR: Final = 2

log = logging.getLogger(__name__)


class Record(msgspec.Struct, frozen=True):
    """One release and its way here.  Times are UTC.  ``is_slow``: its trial lasts twice as long, as others say.

    ``said`` is what the farm says of it to others, and ``said_why`` the reason: after a power cut the note follows it.
    """

    release: Release
    way: Lifecycle
    announced_s: float
    decided_s: float | None = None
    bytes_fetched: int = 0
    trial: TrialView | None = None
    estimates: Estimates = {}  # how it compared with what it was to replace
    is_slow: bool = False
    said: State | None = None
    said_why: str = ""

    @property
    def trial_factor(self) -> int:
        """How many times as long as others it is tried out."""
        return self.release.trial_factor * (SLOW_FACTOR if self.is_slow else 1)


class Saved(msgspec.Struct, frozen=True):
    """All releases, in the order in which they became known, and the refused heads, newest first."""

    format: int = FORMAT
    records: tuple[Record, ...] = ()
    refused: tuple[RefusedHead, ...] = ()


class _SavedResult(msgspec.Struct, frozen=True):
    tree_hash: str
    data: str  # seen from the folder of the state, so that a home may be moved; absolute where it was kept long ago
    acknowledged: tuple[bytes, ...]


class Store:
    """Small files in one folder, each replaced as a whole.  ``running`` and ``decoy`` are those of a running trial."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError when the folder cannot be made or read."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._chain = folder / "chain"
        self._updates = folder / "updates.json"
        self._trial = folder / "trial.bin"
        self._decoys = folder / "decoys.json"
        self.running = TrialFile(folder / "trial")
        self.decoy = TrialFile(folder / "decoy")

    def load_chain(self, genesis: bytes) -> Chain:
        """The chain as it was kept; one that starts at ``genesis`` if none was kept yet.

        Raises:
            StateUnreadable: It is damaged or of another network.  It is never replaced by a new one: without
                its history a chain could be rolled back.
        """
        content = _read(self._chain, STATE_BYTES_MAX)
        try:
            chain = Chain.start(genesis) if content is None else Chain.load(content)
        except TrustError as error:
            raise StateUnreadable(str(error)) from error
        if chain.genesis != genesis:
            raise StateUnreadable("the kept chain belongs to another network")
        return chain

    def save_chain(self, chain: Chain) -> None:
        """Raises OSError; then the chain is as it was."""
        write_durably(self._chain, chain.dump())

    def load(self) -> Saved:
        """Raises StateUnreadable when it is damaged or of a newer format."""
        content = _read(self._updates)
        if content is None:
            return Saved()
        try:
            saved = msgspec.json.decode(content, type=Saved)
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise StateUnreadable(f"the history of updates cannot be read: {error}") from error
        if saved.format != FORMAT:
            raise StateUnreadable(f"the history of updates has format {saved.format}")
        return saved

    def save(self, saved: Saved) -> None:
        """Raises OSError; then it is as it was."""
        write_durably(self._updates, msgspec.json.encode(saved))

    def load_result(self, tree_hash: str) -> TrialResult | None:
        """What the trial of that tree left behind, if that is known."""
        try:
            content = _read(self._trial)
            kept = None if content is None else msgspec.msgpack.decode(content, type=_SavedResult)
        except (StateUnreadable, msgspec.DecodeError, RecursionError, UnicodeError):
            return None
        if kept is None or kept.tree_hash != tree_hash:
            return None
        data = Path(os.path.normpath(self._folder / kept.data))
        return TrialResult("promote", "", data, kept.acknowledged)

    def save_result(self, tree_hash: str, result: TrialResult) -> None:
        """Raises OSError."""
        data = os.path.relpath(result.candidate_data, self._folder)
        kept = _SavedResult(tree_hash, data, result.acknowledged)
        write_durably(self._trial, msgspec.msgpack.encode(kept))

    def load_decoys(self) -> tuple[SelfMeasurement, ...]:
        """The figures of earlier decoy trials, newest first.  Damaged ones are none: they decide nothing."""
        try:
            content = _read(self._decoys)
            found = () if content is None else msgspec.json.decode(content, type=tuple[SelfMeasurement, ...])
        except (StateUnreadable, msgspec.DecodeError, RecursionError, UnicodeError) as error:
            log.warning("the figures of decoy trials cannot be read reason=%s", error)
            return ()
        return found

    def save_decoys(self, measured: tuple[SelfMeasurement, ...]) -> None:
        """Raises OSError; then they are as they were."""
        write_durably(self._decoys, msgspec.json.encode(measured))

    def drop_result(self) -> None:
        with contextlib.suppress(OSError):
            self._trial.unlink(missing_ok=True)


def _read(path: Path, bytes_max: int = FILE_BYTES_MAX) -> bytes | None:
    try:
        with path.open("rb") as file:
            content = file.read(bytes_max + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateUnreadable(f"{path.name} cannot be read: {error.strerror or error}") from error
    if len(content) > bytes_max:
        raise StateUnreadable(f"{path.name} is longer than {bytes_max} bytes")
    return content
