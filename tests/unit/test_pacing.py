"""What follows from a pause: kept on disk, told to the vaults at once, and true again after a restart."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from node.api.schema import Surroundings
from node.supervisor.errors import StateError
from node.supervisor.pacing import Pacing
from node.supervisor.pausing import LOOK_S_MAX, SETTLE_S, Kept, Verdict
from node.supervisor.rates import EASED_BYTES_PER_S, limits_of
from node.supervisor.settings import RATE_BYTES_PER_S_MIN, Settings
from node.supervisor.state import StateFile
from node.supervisor.surroundings.watcher import Watcher
from node.vault.limiting import Limits
from tests.virtual_time import run

UTC_S = 1_764_072_000.0


class Scripted(Watcher):
    """Sees what the test says."""

    def __init__(self, found: Surroundings) -> None:
        self.found, self.looks = found, 0

    async def look(self) -> Surroundings:
        self.looks += 1
        return self.found


class Node:
    """One pacing with its settings; ``told`` is what the vaults were told."""

    def __init__(self, folder: Path, found: Surroundings | None = None) -> None:
        self.settings = Settings()
        self.told: list[Limits] = []
        self.changes = 0
        self.sees = Scripted(found or Surroundings())
        now_s = asyncio.get_running_loop().time
        self.pacing = Pacing(
            StateFile(folder / "pause.json", Kept), lambda: self.settings, self._tell, on_change=self._changed,
            watcher=self.sees, utc_s=lambda: UTC_S + now_s(), steady_s=now_s, zone=UTC,
        )  # fmt: skip

    async def _tell(self, limits: Limits) -> None:
        self.told.append(limits)

    def _changed(self) -> None:
        self.changes += 1

    def kinds(self) -> list[str]:
        return [one.kind for one in self.pacing.verdict.reasons]


def play(folder: Path, story: Callable[[Node], Awaitable[None]], found: Surroundings | None = None) -> None:
    """Let ``story`` happen to a node that looks around meanwhile."""

    async def main() -> None:
        node = Node(folder, found)
        running = asyncio.create_task(node.pacing.run())
        await asyncio.sleep(0.01)
        await story(node)
        running.cancel()

    run(main())


def test_a_pause_is_told_to_the_vaults_at_once_and_ends_by_itself(tmp_path: Path):
    async def story(node: Node) -> None:
        changes = node.changes
        await node.pacing.pause("1h")
        assert (node.kinds(), node.pacing.hold() != "") == (["asked"], True)
        assert node.told == [Limits(250_000, EASED_BYTES_PER_S, is_taking=False)]
        await asyncio.sleep(3601.0)
        assert (node.kinds(), node.pacing.hold()) == ([], "")
        assert node.told[1:] == [Limits(1_000_000, 0)]
        assert node.changes == changes + 2  # its begin and its end are news, and nothing else
        assert 300 < node.sees.looks < 400  # every ten seconds, and not all the time
        assert StateFile(tmp_path / "pause.json", Kept).load() == Kept()

    play(tmp_path, story)


def test_before_anybody_has_looked_round_nothing_is_known(tmp_path: Path):
    async def main() -> None:
        assert Node(tmp_path).pacing.around == Surroundings()

    run(main())


def test_a_pause_is_there_from_the_first_moment_after_a_restart(tmp_path: Path):
    async def first(node: Node) -> None:
        await node.pacing.pause("until-resumed")

    async def later(node: Node) -> None:
        assert node.told == []  # the vault that starts is assigned it
        assert not node.pacing.limits().is_taking
        await node.pacing.resume()
        assert node.told == [Limits(1_000_000, 0)]

    play(tmp_path, first)
    play(tmp_path, later)
    play(tmp_path, _is_not_paused)


async def _is_not_paused(node: Node) -> None:
    assert node.kinds() == []


def test_a_pause_that_cannot_be_kept_is_refused_and_nothing_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(_self: object, _value: object) -> None:
        raise StateError("The disk is full.")

    monkeypatch.setattr(StateFile, "save", full)

    async def story(node: Node) -> None:
        with pytest.raises(StateError, match="full"):
            await node.pacing.pause("1h")
        assert (node.kinds(), node.told) == ([], [])

    play(tmp_path, story)


@pytest.mark.parametrize("content", [b"", b"{", b'{"asked":3}', b"\xff"])
def test_a_damaged_file_is_no_pause_and_no_end_of_the_node(tmp_path: Path, content: bytes):
    (tmp_path / "pause.json").write_bytes(content)

    async def story(node: Node) -> None:
        assert node.kinds() == []
        await node.pacing.pause("1h")
        assert node.kinds() == ["asked"]

    play(tmp_path, story)


def test_on_battery_it_pauses_and_says_what_it_sees(tmp_path: Path):
    async def story(node: Node) -> None:
        assert node.kinds() == ["battery"]
        assert node.pacing.around.is_on_battery
        node.sees.found = Surroundings(is_on_battery=False)
        await asyncio.sleep(SETTLE_S + 61.0)
        assert node.kinds() == []
        assert node.changes >= 3

    play(tmp_path, story, Surroundings(is_on_battery=True))


def test_a_change_of_the_settings_is_told_at_once(tmp_path: Path):
    async def story(node: Node) -> None:
        node.settings = Settings(upload_bytes_per_s=400_000)
        await node.pacing.settings_changed()
        assert node.told == [Limits(400_000, 0)]

    play(tmp_path, story)


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the system tells of a new time zone by itself")
def test_the_hours_are_those_of_the_time_zone_into_which_the_computer_was_carried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async def story(node: Node) -> None:
        node.pacing._zone = None  # that of the system
        node.settings = Settings(hours=(datetime.fromtimestamp(UTC_S).hour,))  # noqa: DTZ006  # here
        await node.pacing.settings_changed()
        assert node.kinds() == []
        monkeypatch.setenv("TZ", "Asia/Tokyo")
        await asyncio.sleep(LOOK_S_MAX + 1.0)
        assert node.kinds() == ["hours"]

    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        play(tmp_path, story)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_while_somebody_works_here_a_lower_share_holds_and_chunks_are_taken(tmp_path: Path):
    async def story(node: Node) -> None:
        assert node.pacing.limits() == Limits(250_000, EASED_BYTES_PER_S)

    play(tmp_path, story, Surroundings(is_in_use=True))


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(0, EASED_BYTES_PER_S), (4_000_000, 1_000_000), (RATE_BYTES_PER_S_MIN, RATE_BYTES_PER_S_MIN)],
)
def test_easing_is_a_quarter_but_never_less_than_a_chunk_needs(limit: int, expected: int):
    eased = Verdict(is_eased=True)
    assert limits_of(Settings(upload_bytes_per_s=limit), eased).upload_bytes_per_s == expected
