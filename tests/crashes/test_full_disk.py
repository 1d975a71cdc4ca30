"""A disk that is full for a while, at any write of an update's way: it goes on by itself, and a person is told why.

Here a few writes of each way; ``python -m tests.crashes --full`` plays every one.
"""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import pytest

from node.update.disk_wait import PAUSE_S, DiskWait
from node.update.errors import StageFailed
from node.update.trials import state as trial_state
from tests.crashes.farm import folder_of
from tests.crashes.full import WRITES_MIN, play_full
from tests.crashes.ways import WAYS
from tests.twin_world import World
from tests.unit.test_trial_cut import Node
from tests.virtual_time import run

pytestmark = pytest.mark.usefixtures("cheap_twins")

EVERY = 70


@pytest.mark.parametrize("name", WAYS)
def test_a_full_disk_at_any_write_changes_nothing_in_the_end(name: str, tmp_path: Path):
    played, of = play_full(name, folder_of(tmp_path), EVERY)

    assert played == -(-of // EVERY)
    assert of > WRITES_MIN


def test_a_trial_that_runs_goes_on_and_says_that_it_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    node, found = Node(World(), tmp_path), []

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async def main() -> None:
        trial = node.run()
        running = asyncio.create_task(trial.run())
        for is_full in (False, True, False):
            with monkeypatch.context() as meanwhile:
                if is_full:
                    meanwhile.setattr(trial_state, "write_durably", full)
                await asyncio.sleep(5.0)
                found.append(trial.keeper.trouble)
        running.cancel()
        await asyncio.wait({running})

    run(main())

    assert found == ["", "it is full", ""]


class TestRoomThatIsHeldBack:
    """It is used for what is short and must be written, and for nothing else."""

    def write(self, rooms: int, writes_refused: int, number: int = errno.ENOSPC) -> tuple[float, int]:
        """Have something written down that is refused so often; how long that took, and how much room is left."""
        left, tries = [object()] * rooms, 0

        def write() -> None:
            nonlocal tries
            tries += 1
            if tries <= writes_refused:
                raise OSError(number, os.strerror(number))

        def make_room() -> bool:
            return bool(left and left.pop())

        async def main() -> float:
            return await DiskWait(lambda: None, make_room).until_kept(write)

        return run(main()), len(left)

    def test_nothing_is_used_while_the_disk_takes_it(self):
        assert self.write(rooms=1, writes_refused=0) == (0.0, 1)

    def test_a_full_disk_is_not_waited_for_as_long_as_there_is_some(self):
        assert self.write(rooms=1, writes_refused=1) == (0.0, 0)

    def test_without_any_the_disk_is_waited_for(self):
        assert self.write(rooms=0, writes_refused=2) == (2 * PAUSE_S, 0)

    def test_a_disk_that_is_not_full_but_broken_gets_none(self):
        assert self.write(rooms=1, writes_refused=1, number=errno.EIO) == (PAUSE_S, 1)


class TestWaiting:
    def wait(self, *errors: Exception) -> tuple[float, list[str], list[str]]:
        """Have something done that fails so at first; for how long that took, and what is said meanwhile and after."""
        left = list(errors)
        said: list[str] = []

        async def work() -> None:
            if left:
                raise left.pop(0)

        async def main() -> tuple[float, list[str], list[str]]:
            waiting = DiskWait(lambda: said.append(waiting.why))
            await waiting.while_full(work)
            return asyncio.get_running_loop().time(), said, [waiting.why]

        return run(main())

    def test_what_the_disk_takes_at_once_is_told_to_nobody(self):
        assert self.wait() == (0.0, [], [""])

    def test_what_is_not_of_the_disk_is_not_waited_for(self):
        with pytest.raises(StageFailed):
            self.wait(StageFailed("the files are too many"))

    def test_another_error_of_the_disk_than_that_it_is_full_is_not_waited_for(self):
        with pytest.raises(OSError):
            self.wait(OSError(errno.EIO, os.strerror(errno.EIO)))

    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
    def test_that_it_is_full_is_waited_for_whatever_it_led_to(self, number: int):
        led_to = StageFailed("the files could not be kept")
        led_to.__cause__ = OSError(number, os.strerror(number))
        grouped = ExceptionGroup("several", [led_to])
        assert self.wait(led_to, grouped) == (2 * PAUSE_S, ["it is full", ""], [""])
