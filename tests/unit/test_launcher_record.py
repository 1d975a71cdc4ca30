"""What the launcher keeps on the disk, and what it does where that cannot be read or written."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from installers.launcher import history, record
from installers.launcher.choosing import STARTS_MAX, Left
from installers.launcher.keeping import STOPPED_CODE, Limits
from installers.launcher.lock import held
from installers.launcher.record import INSTALLED, Pair, Record
from node.update.files import programs
from tests.crashes.platter import Platter, put_down
from tests.launcher_world import HEALTHY_S_MAX, LATE_S, PretendedSystem, World

WHOLE = {"format": 1, "current": {"app": "", "runtime": ""}, "previous": None, "starts": 0, "is_proven": True}
WRONG: tuple[dict[str, object], ...] = (
    {"format": 0},
    {"starts": -1},
    {"starts": True},
    {"is_proven": 1},
    {"current": {"app": "", "runtime": "../../elsewhere"}},
    {"previous": {"app": "a" * 65, "runtime": ""}},
    {"more": "m" * record.BYTES_MAX},
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


class TestTheRecord:
    @pytest.mark.parametrize(
        "content",
        [
            *(b"", b"{", b"\0" * 99, b"[]", b'{"format": 1}', b'{"format": "1"}', b"[" * 70_000),
            *(json.dumps({**WHOLE, **wrong}).encode() for wrong in WRONG),
        ],
    )
    def test_that_is_damaged_starts_the_installed_program_and_is_written_anew(
        self, world: World, content: bytes, capsys: pytest.CaptureFixture[str]
    ):
        (world.slots / record.NAME).write_bytes(content)
        system = PretendedSystem(world)
        assert world.launch(system) == 0
        assert system.started == [INSTALLED]
        assert "programs.json is damaged" in capsys.readouterr().err
        assert world.told == [("", "", "record_damaged")]
        assert record.read(world.slots) == (Record(), "")

    def test_that_is_no_file_starts_the_installed_program(self, world: World, capsys: pytest.CaptureFixture[str]):
        (world.slots / record.NAME).mkdir()
        system = PretendedSystem(world)
        assert world.launch(system) == 0
        assert system.started == [INSTALLED]
        assert "programs.json is damaged" in capsys.readouterr().err

    def test_of_a_newer_format_starts_the_installed_program_says_so_and_stays(
        self, world: World, capsys: pytest.CaptureFixture[str]
    ):
        newer = json.dumps({"format": 2, "programs": ["x"]}).encode()
        (world.slots / record.NAME).write_bytes(newer)
        system = PretendedSystem(world)
        for _ in range(3):
            assert world.launch(system) == 0
        assert system.started == [INSTALLED] * 3
        assert "newer version than this launcher" in capsys.readouterr().err
        assert world.told == [("", "", "record_newer")]
        assert (world.slots / record.NAME).read_bytes() == newer

    def test_that_does_not_exist_starts_the_installed_program_and_is_not_made(self, world: World):
        system = PretendedSystem(world)
        assert world.launch(system) == 0
        assert system.started == [INSTALLED]
        assert not (world.slots / record.NAME).exists()

    def test_is_read_alike_by_the_launcher_and_the_supervisor(self, world: World):
        one, two = Pair("a" * 64, "b" * 64), Pair("c" * 64)
        record.write(world.slots, Record(one, two, 2, is_proven=False))
        found = programs.read(world.slots)
        assert found == programs.Programs(programs.Program(*one), programs.Program(*two), 2, is_proven=False)
        programs.write(world.slots, found)
        assert record.read(world.slots) == (Record(one, two, 2, is_proven=False), "")
        programs.write(world.slots, programs.Programs())
        assert record.read(world.slots) == (Record(), "")

    def test_that_cannot_be_written_is_remembered_as_long_as_the_launcher_lives(
        self, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        bad, good = world.slot("crashes", "bad"), world.slot("crashes", "good")
        world.point(bad, good)
        monkeypatch.setattr(os, "replace", no_space)
        system = PretendedSystem(world)
        assert world.launch(system) == 0
        assert system.started == [bad] * STARTS_MAX + [good] * STARTS_MAX + [INSTALLED]
        assert "No space left on device" in capsys.readouterr().err

    def test_that_cannot_be_written_is_no_reason_to_end_a_program_that_cannot_write_either(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ):
        silent = world.slot("hangs", "silent")
        world.point(silent, world.slot("well", "good"))
        monkeypatch.setattr(os, "replace", no_space)
        system = PretendedSystem(world)
        system.patience_s = 10 * HEALTHY_S_MAX
        assert world.launch(system) == STOPPED_CODE
        assert (system.started, system.ended_by) == ([silent], [])

    def test_that_could_not_be_written_is_believed_again_once_a_program_has_written_it(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ):
        old, new = world.slot("wants_a_restart", "old"), world.slot("well", "new")
        world.point(old, None, is_proven=True)
        system = PretendedSystem(world)
        start, replace = system.start, os.replace

        def start_and_point(command: list[str], environ: dict[str, str]) -> object:
            monkeypatch.setattr(os, "replace", replace)
            if not system.started:
                world.point(new, old)
            return start(command, environ)

        system.start = start_and_point  # type: ignore[assignment, method-assign]
        monkeypatch.setattr(os, "replace", no_space)
        assert world.launch(system) == 0
        assert system.started == [old, new]
        assert world.record == Record(new, old, 0, is_proven=True)

    def test_once_written_survives_a_power_cut(self, world: World):
        steps = [Record(), *(Record(Pair(letter * 64), None, 1, is_proven=False) for letter in "abc")]
        written = [0]
        platter = Platter(world.slots, lambda: written[0])
        with platter.watched():
            for number, step in enumerate(steps[1:], start=1):
                record.write(world.slots, step)
                written[0] = number
        for disk, done in platter.moments.items():
            put_down(disk, world.slots)
            assert all(record.read(world.slots)[0] in steps[count : count + 2] for count in done)

    def test_is_whole_also_where_the_disk_takes_it_in_parts(self, world: World, monkeypatch: pytest.MonkeyPatch):
        usual = os.write
        monkeypatch.setattr(os, "write", lambda descriptor, content: usual(descriptor, content[:7]))
        record.write(world.slots, Record(Pair("a" * 64), None, 1, is_proven=False))
        assert record.read(world.slots) == (Record(Pair("a" * 64), None, 1, is_proven=False), "")

    def test_that_cannot_be_written_leaves_nothing_behind(self, world: World, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(os, "replace", no_space)
        with pytest.raises(OSError, match="No space left"):
            record.write(world.slots, Record())
        assert list(world.slots.iterdir()) == []


def test_where_nothing_can_be_written_there_is_nothing_to_guard(world: World):
    with held(world.slots / "that_is_not_there") as is_ours:
        assert is_ours


class TestTheInstalledProgramWhereNothingIsCounted:
    """As long as no other was ever in use, or where only a newer launcher could count."""

    RECORDS = pytest.mark.parametrize("content", [None, b'{"format": 2}'])

    @RECORDS
    def test_is_started_again_whenever_it_has_run_for_a_while(self, world: World, content: bytes | None):
        self.hold(world, content)
        world.behaviours["app"] = "crashes_late"
        system = PretendedSystem(world)
        system.patience_s = 10 * LATE_S
        assert world.launch(system, Limits(healthy_max=LATE_S / 2)) == STOPPED_CODE
        assert len(system.started) > 2 * STARTS_MAX

    @RECORDS
    def test_is_not_started_without_end_when_it_never_does(
        self, world: World, content: bytes | None, capsys: pytest.CaptureFixture[str]
    ):
        self.hold(world, content)
        world.behaviours["app"] = "crashes_late"
        system = PretendedSystem(world)
        assert world.launch(system) == 70
        assert system.started == [INSTALLED] * STARTS_MAX
        said = capsys.readouterr().err
        assert said.count("the installed version has ended by itself; it is started once more") == STARTS_MAX - 1
        assert said.endswith("the installed version has failed to start, and there is nothing else to start.\n")

    def hold(self, world: World, content: bytes | None) -> None:
        if content is not None:
            (world.slots / record.NAME).write_bytes(content)


class TestTheHistory:
    def test_is_bounded_and_says_the_same_thing_once(self, tmp_path: Path):
        for number in range(3 * history.ENTRIES_MAX):
            left = Left(Pair(f"{number // 2:064x}"), INSTALLED, "failed")
            history.add(tmp_path, float(number), left)
        entries = json.loads((tmp_path / history.NAME).read_bytes())["entries"]
        last = range(history.ENTRIES_MAX + 1, 3 * history.ENTRIES_MAX, 2)
        assert [one["at_s"] for one in entries] == [float(number) for number in last]
        assert (tmp_path / history.NAME).stat().st_size < history.BYTES_MAX

    def test_that_is_damaged_begins_anew(self, tmp_path: Path):
        (tmp_path / history.NAME).write_bytes(b"\0")
        history.add(tmp_path, 1.0, Left(INSTALLED, INSTALLED, "record_newer"))
        assert len(json.loads((tmp_path / history.NAME).read_bytes())["entries"]) == 1


def no_space(*_: object) -> None:
    raise OSError(28, "No space left on device")
