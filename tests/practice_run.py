"""One practice network for all tests that look at one: in it a good release is published, then one that is forged.

It begins with the first of them and stays until the last, since a release takes a minute and a half.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from queue import Queue
from typing import IO, Any, Final

PERENNIAL: Final = (sys.executable, "-I", "-m", "node.cli")
FARMS: Final = 2  # each runs twins and a prober beside its vault, which two cores feel
RUN_S_MAX: Final = 280.0
END_S_MAX: Final = 60.0


class PracticeRun:
    """A run that goes on."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._lines: Queue[str] = Queue()
        threading.Thread(target=self._read, args=(process.stdout,), daemon=True).start()

    @cached_property
    def farms(self) -> tuple[Path, ...]:
        """The farms' homes.  Blocking, until the network stands."""
        return tuple(Path(farm["home"]) for farm in json.loads(self._line())["farms"])

    @cached_property
    def result(self) -> Any:
        """What ``perennial practice --json`` says when all is decided.  Blocking, minutes."""
        assert self.farms
        return json.loads(self._line())

    def _line(self) -> str:
        line = self._lines.get(timeout=RUN_S_MAX)
        assert line, "it has ended"
        return line

    def _read(self, said: IO[str]) -> None:
        for line in said:
            self._lines.put(line)
        self._lines.put("")


@contextmanager
def practice_run(said: Path) -> Iterator[PracticeRun]:
    """Run it as long as the block; ``said`` takes what it says meanwhile."""
    command = [*PERENNIAL, "practice", "--json", "--keep", "--until-eof", "--releases", "good,forged"]
    with (
        said.open("w") as log,
        subprocess.Popen(
            [*command, "--farms", str(FARMS), "--seed", "1"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
        ) as process,
    ):  # fmt: skip
        try:
            yield PracticeRun(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(END_S_MAX)
