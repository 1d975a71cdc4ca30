"""A node tells its launcher that it is well once it has been for a while, and not before."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from node.api.schema import Check, Status
from node.supervisor.errors import HomeError, HomeInUse, PassphraseWanted, PortInUse, StateError
from node.supervisor.launched import HEALTHY_S, LOOK_S, Proving, Signs, exit_code, prove
from node.update.files import programs
from node.update.files.programs import Program, Programs
from node.update.files.starting import BUSY_CODE, LAUNCHER, UNKEPT, Installation
from tests import virtual_time
from tests.gui.samples import status

NEW, OLD = Program("a" * 64), Program("b" * 64)
WELL = Signs(is_answered=True, is_vault_reachable=True, is_updating=True, is_hosts_fault=False)
ALONE = replace(WELL, is_vault_reachable=False)
LAST = replace(WELL, is_updating=False)
BROKEN_DISK = Check("disk", "bad", "The disk cannot be written.", None)


def proven_after(signs: list[Signs], *, has_run_here: bool = False) -> bool:
    """Whether it is proven, one look every LOOK_S later than the one before."""
    proving = Proving(has_run_here=has_run_here)
    now_s = 0.0
    for now_s, one in zip((LOOK_S * number for number in range(10_000)), signs, strict=False):
        proving = proving.look(now_s, one)
    return proving.is_proven(now_s)


LOOKS = int(HEALTHY_S / LOOK_S) + 1


class TestProving:
    def test_a_program_that_was_well_for_a_minute_is_proven(self):
        assert proven_after([WELL] * LOOKS)
        assert not proven_after([WELL] * (LOOKS - 1))

    def test_a_break_begins_the_minute_anew(self):
        silent = replace(WELL, is_answered=False)
        for bad in (silent, ALONE):
            assert not proven_after([WELL] * (LOOKS - 1) + [bad] + [WELL] * (LOOKS - 1))
            assert proven_after([WELL] * (LOOKS - 1) + [bad] + [WELL] * LOOKS)

    def test_a_new_program_is_not_proven_without_its_vault_unless_that_is_the_disks_fault(self):
        assert not proven_after([ALONE] * 10 * LOOKS)
        assert proven_after([replace(ALONE, is_hosts_fault=True)] * LOOKS)

    def test_a_new_program_that_takes_no_updates_is_not_proven_for_it_could_never_be_mended(self):
        assert not proven_after([LAST] * 10 * LOOKS)
        assert proven_after([replace(LAST, is_hosts_fault=True)] * LOOKS)

    def test_one_that_has_run_here_before_is_not_blamed_for_its_vault_or_for_updates(self):
        assert proven_after([ALONE] * LOOKS, has_run_here=True)
        assert proven_after([LAST] * LOOKS, has_run_here=True)


class TestTheMark:
    def proved(
        self,
        slots: Path,
        seen: Status | None,
        *,
        is_reachable: bool = True,
        is_updating: bool = True,
        seconds: float = 10 * HEALTHY_S,
    ):
        async def ask() -> Status | None:
            return seen

        async def main() -> float:
            began_s = asyncio.get_running_loop().time()
            async with asyncio.timeout(seconds):
                await prove(slots, ask, lambda: is_reachable, lambda: is_updating)
            return asyncio.get_running_loop().time() - began_s

        return virtual_time.run(main())

    def test_is_written_once_and_ends_the_looking(self, tmp_path: Path):
        programs.point(tmp_path, NEW)
        assert HEALTHY_S <= self.proved(tmp_path, status()) <= HEALTHY_S + LOOK_S
        assert programs.read(tmp_path) == Programs(NEW, programs.INSTALLED, 0, is_proven=True)

    def test_is_not_written_for_a_program_that_nobody_hears(self, tmp_path: Path):
        programs.point(tmp_path, NEW)
        with pytest.raises(TimeoutError):
            self.proved(tmp_path, None)
        assert not programs.read(tmp_path).is_proven

    def test_is_not_written_for_a_program_that_takes_no_updates(self, tmp_path: Path):
        programs.point(tmp_path, NEW)
        with pytest.raises(TimeoutError):
            self.proved(tmp_path, status(), is_updating=False)
        assert not programs.read(tmp_path).is_proven

    def test_is_written_for_a_program_that_was_fallen_back_to_whatever_ails_the_vault(self, tmp_path: Path):
        programs.point(tmp_path, OLD)
        programs.mark_proven(tmp_path)
        programs.point(tmp_path, NEW)
        with pytest.raises(TimeoutError):
            self.proved(tmp_path, status(), is_reachable=False)
        programs.point_back(tmp_path, OLD)
        self.proved(tmp_path, status(), is_reachable=False)
        assert programs.read(tmp_path).is_proven

    def test_is_written_where_the_disk_keeps_the_vault_from_running(self, tmp_path: Path):
        programs.point(tmp_path, NEW)
        self.proved(tmp_path, msgspec.structs.replace(status(), checks=(BROKEN_DISK,)), is_reachable=False)
        assert programs.read(tmp_path).is_proven

    def test_is_never_that_of_another_program_which_shall_take_its_place(self, tmp_path: Path):
        programs.point(tmp_path, OLD)

        async def ask() -> Status | None:
            programs.point(tmp_path, NEW)
            return status()

        virtual_time.run(prove(tmp_path, ask, lambda: True, lambda: True))
        assert programs.read(tmp_path) == Programs(NEW, programs.INSTALLED, 1, is_proven=False)

    def test_waits_for_a_disk_that_does_not_take_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        programs.point(tmp_path, NEW)
        usual, refused = os.replace, list[str]()

        def full_at_first(source: str, target: str) -> None:
            if len(refused) < 3:
                refused.append(target)
                raise OSError(28, "No space left on device")
            usual(source, target)

        monkeypatch.setattr(os, "replace", full_at_first)
        self.proved(tmp_path, status())
        assert programs.read(tmp_path).is_proven
        assert len(refused) == 3

    def test_is_of_no_use_where_only_the_installed_program_was_ever_in_use(self, tmp_path: Path):
        assert self.proved(tmp_path, status()) == 0.0
        assert list(tmp_path.iterdir()) == []


class TestTheExitCode:
    def test_blames_no_program_for_what_only_a_person_can_mend(self):
        here = Installation(Path("/opt/perennial"))
        assert {exit_code(error, here) for error in (HomeInUse("x"), PassphraseWanted("x"))} == {BUSY_CODE}
        assert {exit_code(error, here) for error in (HomeError("x"), StateError("x"), PortInUse("x"))} == {1}

    def test_is_as_ever_without_a_launcher(self):
        assert exit_code(HomeInUse("x"), None) == 1

    def test_is_as_ever_where_the_launcher_has_become_the_node_and_a_shell_reads_it(self):
        given = {LAUNCHER: "/opt/perennial/perennial"}
        assert exit_code(HomeInUse("x"), Installation.here(given)) == BUSY_CODE
        assert exit_code(HomeInUse("x"), Installation.here({**given, UNKEPT: "1"})) == 1
