"""The live picture of a practice network in the terminal: vaults, farms, the trial's evidence, what was decided."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Iterator
from typing import Final

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from node.api.client import ApiError, NotRunning
from node.api.schema import MetricView, Status, TrialView
from node.practice.network import PracticeNetwork
from node.practice.outcome import ReleaseOutcome
from node.supervisor.errors import VaultUnavailable
from node.vault.control import State

LINES_KEPT: Final = 8
POLL_S: Final = 1.0
WAY: Final = ("fetching", "staged", "on_trial", "rehearsing", "promoting", "probation", "confirmed")
TOLD: Final = WAY[2:-1]  # the others are over in a moment, or told with what was decided
ROOMY_ROWS: Final = 38  # a terminal so high has room for a table of the plain vaults
ROOMY_COLUMNS: Final = 110  # and one so wide for every column
FIXED_ROWS: Final = 15  # what is shown besides the lines of the two panels and the table of vaults
FARM_COLUMNS: Final = ("farm", "in use", "new version", "its way", "read", "lost", "raters", "time, × today's")
ONLY_WIDE: Final = ("its way", "raters")
PHASE_WORDS: Final = {
    "announced": "heard of it",
    "fetching": "fetching",
    "staged": "checked, waits",
    "on_trial": "on trial",
    "rehearsing": "rehearsing",
    "promoting": "taking over",
    "probation": "took over, watched",
    "confirmed": "in use",
    "refused": "refused",
    "not_proven": "not proven",
    "returning": "goes back",
    "rolled_back": "taken back",
}


class View:
    """Keeps the newest figures of everyone and draws them."""

    def __init__(self, network: PracticeNetwork, console: Console) -> None:
        self._network = network
        self._console = console
        self._states: dict[str, State] = {}
        self._statuses: dict[str, Status] = {}
        self._trials: dict[str, TrialView | None] = {}
        self._phases: dict[str, str] = {}  # by farm, as they were told
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._outcomes: list[ReleaseOutcome] = []
        self._started_s = time.monotonic()

    def told(self, line: str) -> None:
        """Something happened: a line for the story."""
        self._lines.append(line)
        if not self._console.is_terminal:
            self._console.out(line, highlight=False)

    def decided(self, outcome: ReleaseOutcome) -> None:
        self._outcomes.append(outcome)
        if not self._console.is_terminal:
            self._console.out(outcome.sentence, highlight=False)

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Draw the picture as long as the block runs; on no terminal there are lines only."""
        if not self._console.is_terminal:
            yield
            return
        with Live(get_renderable=self._draw, console=self._console, refresh_per_second=2, transient=True):
            yield

    async def follow(self) -> None:
        """Ask everyone for their figures once a second, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(POLL_S)

    async def look(self) -> None:
        """Ask everyone once; on no terminal, tell which farm has come how far on its way to a new version."""
        for vault in self._network.plain:
            with contextlib.suppress(VaultUnavailable):
                self._states[vault.name] = await vault.state()
        for farm in self._network.farms:
            with contextlib.suppress(NotRunning, ApiError):
                self._statuses[farm.name] = await farm.client.status()
                self._trials[farm.name] = trial = await farm.client.trial()
                self._tell_way(farm.name, trial)

    def _tell_way(self, farm: str, trial: TrialView | None) -> None:
        if trial is None or trial.phase not in TOLD or self._console.is_terminal:
            return
        line = f"{farm}: {trial.version} {PHASE_WORDS[trial.phase]}"
        if self._phases.get(farm) != line:
            self._phases[farm] = line
            self._console.out(line, highlight=False)

    def _draw(self) -> RenderableType:
        size = self._console.size
        is_high, is_wide = size.height >= ROOMY_ROWS, size.width >= ROOMY_COLUMNS
        decided = Text("\n".join(outcome.sentence for outcome in self._outcomes))
        taken = FIXED_ROWS + (len(self._network.plain) + 4) * is_high + len(decided.wrap(self._console, size.width - 4))
        lines = list(self._lines)[-max(1, size.height - taken) :]
        story = Text("\n".join(lines) or "The vaults get to know each other.", no_wrap=not is_high, overflow="ellipsis")
        seconds = time.monotonic() - self._started_s
        title = Text(f"Practice network on this computer, {seconds:.0f} s old", style="bold")
        is_trying = any(trial is not None and trial.phase == "on_trial" for trial in self._trials.values())
        if is_trying and is_wide:
            title.append("; each farm on trial runs two more vaults for it", style="dim")
        parts: list[RenderableType] = [title, self._farms(is_wide=is_wide), _panel(story, "What happens")]
        if self._outcomes:
            parts.append(_panel(decided, "Decided"))
        if is_high:
            parts.insert(1, self._vaults())
        return Group(*parts)

    def _vaults(self) -> Table:
        table = Table(box=box.SIMPLE_HEAD, expand=True)
        for column in ("vault", "knows", "pieces kept", "space used"):
            table.add_column(column)
        for vault in self._network.plain:
            state = self._states.get(vault.name)
            cells = ("…",) * 3 if state is None else (
                f"{state.peer_count} vaults", str(state.chunk_count), f"{state.used_bytes / 1e6:.1f} MB",
            )  # fmt: skip
            table.add_row(vault.name, *cells)
        return table

    def _farms(self, *, is_wide: bool) -> Table:
        table = Table(box=box.SIMPLE_HEAD, expand=True)
        shown = [i for i, column in enumerate(FARM_COLUMNS) if is_wide or column not in ONLY_WIDE]
        for i in shown:
            table.add_column(FARM_COLUMNS[i], no_wrap=True)
        for farm in self._network.farms:
            status, trial = self._statuses.get(farm.name), self._trials.get(farm.name)
            version = status.in_use.version if status is not None and status.in_use is not None else "…"
            cells = (farm.name, version, *_trial_cells(trial))
            table.add_row(*(cells[i] for i in shown))
        return table


def _trial_cells(trial: TrialView | None) -> tuple[str, ...]:
    if trial is None:
        return ("",) * 6
    speed = next((metric for metric in trial.metrics if metric.name == "p50"), None)
    return (
        f"{trial.version} {PHASE_WORDS.get(trial.phase, trial.phase)}",
        _way(trial.phase),
        f"{trial.verified_reads:,}",
        str(trial.lost + trial.wrong),
        str(trial.neighbours_rated),
        _speed_words(speed),
    )


def _speed_words(metric: MetricView | None) -> str:
    if metric is None or metric.estimate is None:
        return "measuring"
    if metric.low is None or metric.high is None:
        return f"about {metric.estimate:.2f}"
    mark = ", good" if metric.is_proven else ", slow" if metric.is_alarming else ""
    # Extreme measurements are cut in the reckoning of the interval, so that it may be only the lower end.
    span = f"{metric.low:.2f} to {metric.high:.2f}"
    if metric.estimate > metric.high * 1.05:
        span = f"at least {metric.high:.2f}"
    return f"{span}{mark}"


def _way(phase: str) -> str:
    """How far a release has come: a filled dot for each step behind it."""
    done = WAY.index(phase) + 1 if phase in WAY else 0
    return "●" * done + "○" * (len(WAY) - done) if done else "✕"


def _panel(content: RenderableType, title: str) -> Panel:
    return Panel(content, title=title, title_align="left", box=box.ROUNDED, border_style="dim")
