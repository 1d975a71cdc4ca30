"""What is kept of a running trial: small, whole, for nobody else to read, never more than was acknowledged."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from node.trial import PRACTICE, ChunkLost, Trial
from node.trial.ratchet import STEPS_MAX, Estimate, Estimates
from node.update.errors import StateUnreadable
from node.update.store import Store
from node.update.trials import state as trial_state
from node.update.trials.observations import ACKNOWLEDGED_MAX
from node.update.trials.rehearsal import TrialResult
from node.update.trials.restarts import Restart
from node.update.trials.state import Acknowledged, KeptTrial, KeptTwin, TrialFile
from node.vault.storage.filesystem import write_durably
from tests.trial_world import World

KEPT = KeptTrial(
    number=3,
    started_s=1.5,
    quota_bytes=1 << 20,
    trial=Trial(profile=PRACTICE).dump(),
    twins={"candidate": KeptTwin("c" * 64, "ab", b"1" * 32), "control": KeptTwin("d" * 64, "cd", b"2" * 32)},
    restarts=(Restart(20.0, True), Restart(30.0, False)),
)


def address(number: int) -> bytes:
    return number.to_bytes(32, "big")


def acknowledged(candidate: int, control: int) -> Acknowledged:
    """So many chunks of each; the control's are others."""
    return {
        "candidate": dict.fromkeys(map(address, range(candidate))),
        "control": dict.fromkeys(map(address, range(10**6, 10**6 + control))),
    }


@pytest.fixture
def file(tmp_path: Path) -> TrialFile:
    return TrialFile(tmp_path / "trial")


def save(file: TrialFile, chunks: Acknowledged, kept: KeptTrial = KEPT) -> None:
    file.save(kept, file.unkept(chunks))


def test_nothing_is_kept_before_the_first_trial(file: TrialFile):
    assert file.load() is None


@pytest.mark.parametrize("sizes", [(0, 0), (1, 0), (3, 5), (999, 1), (1000, 0), (1200, 1900)])
def test_what_was_kept_is_found_again(file: TrialFile, tmp_path: Path, sizes: tuple[int, int]):
    chunks = acknowledged(*sizes)
    save(file, chunks)

    cut = TrialFile(tmp_path / "trial").load()

    assert cut is not None
    assert (cut.kept, cut.acknowledged) == (KEPT, chunks)


def test_each_time_only_what_is_new_is_added_also_by_another_process(tmp_path: Path):
    for number in (10, 700, 1000, 1001, 2500):
        file = TrialFile(tmp_path / "trial")
        file.load()
        chunks = acknowledged(number, number // 2)
        assert len(file.unkept(chunks)) < number * 3 // 2 or number == 10
        save(file, chunks)
        assert file.unkept(chunks) == ()

    cut = TrialFile(tmp_path / "trial").load()
    assert cut is not None
    assert cut.acknowledged == acknowledged(2500, 1250)


def test_a_page_that_a_power_cut_left_ahead_of_its_trial_counts_for_nothing(
    file: TrialFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Nobody may be blamed for a chunk that, as far as the rest knows, was never acknowledged."""
    save(file, acknowledged(5, 5))
    written = write_durably

    def cut(path: Path, content: bytes) -> None:
        if path.name == "run.bin":
            raise OSError
        written(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(trial_state, "write_durably", cut)
        with pytest.raises(OSError):
            save(file, acknowledged(1500, 7))
    found = TrialFile(tmp_path / "trial").load()
    assert found is not None
    assert found.acknowledged == acknowledged(5, 5)

    save(file, acknowledged(1600, 8))  # what could not be kept is kept with the next one

    found = TrialFile(tmp_path / "trial").load()
    assert found is not None
    assert found.acknowledged == acknowledged(1600, 8)


@pytest.mark.parametrize("name", ["run.bin", "chunks-00.bin", "chunks-01.bin"])
@pytest.mark.parametrize("damage", ["cut short", "one bit", "gone", "too long"])
def test_a_damaged_state_is_never_guessed_at(file: TrialFile, tmp_path: Path, name: str, damage: str):
    save(file, acknowledged(1100, 300))
    path = tmp_path / "trial" / name
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
        if name == "run.bin":
            return
    else:
        middle = len(content) // 2
        flipped = content[:middle] + bytes([content[middle] ^ 4]) + content[middle + 1 :]
        path.write_bytes({"cut short": content[:-40], "one bit": flipped, "too long": content * 50}[damage])
        if damage == "too long" and name != "run.bin":
            return  # what is beyond the part that counts is of no interest

    with pytest.raises(StateUnreadable):
        TrialFile(tmp_path / "trial").load()


@pytest.mark.parametrize("folder", ["../elsewhere", "..", "/etc", "", "a/b"])
def test_a_twins_folder_is_a_name_and_no_way_out(file: TrialFile, tmp_path: Path, folder: str):
    twins = KEPT.twins | {"candidate": KeptTwin("c" * 64, folder, b"1" * 32)}
    save(file, acknowledged(1, 1), msgspec.structs.replace(KEPT, twins=twins))
    with pytest.raises(StateUnreadable):
        TrialFile(tmp_path / "trial").load()


def test_what_is_dropped_is_not_gone_on_with(file: TrialFile, tmp_path: Path):
    save(file, acknowledged(1100, 300))
    file.drop()

    assert list((tmp_path / "trial").iterdir()) == []
    assert file.load() is None
    assert len(file.unkept(acknowledged(2, 1))) == 3
    file.drop()


@pytest.mark.skipif(os.name == "nt", reason="there the home's folder is closed to others as a whole")
def test_only_its_owner_may_read_the_private_duration_and_the_identities(file: TrialFile, tmp_path: Path):
    save(file, acknowledged(1100, 1))
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "trial").iterdir()}
    assert (modes, stat.S_IMODE((tmp_path / "trial").stat().st_mode)) == ({0o600}, 0o700)


def test_the_largest_state_fits_and_no_page_grows_with_the_trial(file: TrialFile, tmp_path: Path):
    """200 kB for the trial, whatever it has seen; what both acknowledged lies in pages beside it."""
    names = ("p50", "tail", "cpu", "mem", "bytes", "fail")
    far: Estimates = {name: Estimate(0.1 + len(name), 0.2) for name in names}  # type: ignore[misc]
    world = World(step_s=0.0005, profile=replace(PRACTICE, block_s=1e6, warmup_s=0.0)).start().rate(12)
    world.trial.distances = (far,) * STEPS_MAX
    world.go_on(2.2)
    world.tell(*(ChunkLost(world.now_s, "control", bytes([i % 256]) * 32) for i in range(300)))
    world.trial.tally.note_lost(tuple(i.to_bytes(64, "big") for i in range(999)))
    for i in range(999):
        world.trial.tally.note_wrong(i.to_bytes(64, "big"))
    kept = msgspec.structs.replace(KEPT, trial=world.trial.dump())

    chunks = acknowledged(ACKNOWLEDGED_MAX, ACKNOWLEDGED_MAX)
    file.save(kept, file.unkept(chunks, chunks["candidate"] | chunks["control"]))

    sizes = {path.name: path.stat().st_size for path in (tmp_path / "trial").iterdir()}
    assert sizes.pop("run.bin") < trial_state.RUN_BYTES_MAX * 0.9
    assert max(sizes.values()) <= trial_state.PAGE_BYTES
    assert len(sizes) == trial_state.PAGES_MAX
    cut = TrialFile(tmp_path / "trial").load()
    assert cut is not None
    assert {twin: len(chunks) for twin, chunks in cut.acknowledged.items()} == {
        "candidate": ACKNOWLEDGED_MAX, "control": ACKNOWLEDGED_MAX
    }  # fmt: skip


def test_what_was_handed_over_is_found_again(file: TrialFile, tmp_path: Path):
    chunks = acknowledged(1200, 1100)
    given_up = dict.fromkeys(list(chunks["candidate"])[:700])
    save(file, chunks)
    file.save(KEPT, file.unkept(chunks, given_up))
    assert file.unkept(chunks, given_up) == ()

    again = TrialFile(tmp_path / "trial")
    cut = again.load()

    assert cut is not None
    assert (cut.acknowledged, cut.handed_over) == (chunks, given_up)
    assert again.unkept(chunks, given_up) == ()


def test_a_trial_that_was_kept_before_anything_was_handed_over_goes_on(tmp_path: Path):
    """As it lay on the disk in format 1: without the size of the network."""
    chunks = acknowledged(2, 1)
    records = b"".join(bytes([kind]) + one for kind, twin in enumerate(trial_state.TWINS) for one in chunks[twin])
    kept = msgspec.to_builtins(KEPT, builtin_types=(bytes,))
    del kept["network_size"]
    run = {"format": 1, "kept": kept, "records": 3, "digest": hashlib.sha256(records).digest()}
    content = msgspec.msgpack.encode(run)
    (tmp_path / "trial").mkdir()
    (tmp_path / "trial" / "chunks-00.bin").write_bytes(records)
    (tmp_path / "trial" / "run.bin").write_bytes(hashlib.sha256(content).digest() + content)

    cut = TrialFile(tmp_path / "trial").load()

    assert cut is not None
    assert (cut.kept, cut.acknowledged, cut.handed_over) == (KEPT, chunks, {})


def test_what_a_trial_left_behind_is_found_where_its_home_was_moved_to(tmp_path: Path):
    data = tmp_path / "old" / "vaults" / "ab"
    store = Store(tmp_path / "old" / "state")
    store.save_result("c" * 64, TrialResult("promote", "", data, (b"1" * 32,)))
    (tmp_path / "old").rename(tmp_path / "new")

    found = Store(tmp_path / "new" / "state").load_result("c" * 64)

    assert found == TrialResult("promote", "", tmp_path / "new" / "vaults" / "ab", (b"1" * 32,))
