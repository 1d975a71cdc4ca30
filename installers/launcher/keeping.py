"""Starts a program, waits for its end or its mark, and starts what comes after it.

    count the start  ->  start  ->  wait  ->  it ended on purpose              ->  end
                                          ->  it failed, or was silent         ->  count the next start
                                          ->  another program is current now   ->  count its start
                                          ->  it has written that it is well   ->  wait for its end

A window is only started again; all else that is asked for becomes the program that it asks.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from . import choosing, history, package, record, trees, words
from .arguments import Asked, asked
from .choosing import Left
from .lock import held
from .processes import Process, System, become
from .record import INSTALLED, Pair, Record
from .starting import CACHE, CRASHED_CODE, Kind, Places, command, environ, places_of

STATED_CODE = 1  # of a program: it said why it cannot run here
USAGE_CODE = 2  # of a program: nobody can tell what it was asked for
BUSY_CODE = 69  # of a program: it lacks what only a person can give, or the home is in use
RESTART_CODE = 75  # of a program: start the one that is current now
INTERRUPTED_CODE = 130
STOPPED_CODE = 143
REFUSALS = (STATED_CODE, USAGE_CODE, BUSY_CODE)  # with which it blames another; that need not be so
# Somebody wished so, or whoever asks must ask otherwise: it says nothing of the program.
NOBODYS_FAULT = (0, USAGE_CODE, BUSY_CODE, INTERRUPTED_CODE, STOPPED_CODE, -1, -2, -15)


class Limits(NamedTuple):
    """In seconds.  Tests hand in shorter ones."""

    healthy_max: float = 180.0  # from its start until a program has said that it is well
    look: float = 5.0  # between two looks at the record
    retry: float = 2.0  # between a failure and the next start
    stop_max: float = 35.0  # for a program that was asked to end; less than any window or system waits for us
    window_young: float = 60.0  # a window that fails within them shows nothing


Reason = Literal["", "failed", "silent"]


def main(arguments: Sequence[str]) -> int:
    """Do what was asked for; return the exit code."""
    wish = asked(arguments, os.environ, sys.platform, Path(os.path.expanduser("~")))  # noqa: PTH111 - this never fails
    places = places_of(Path(__file__).resolve().parent.parent, wish.home)
    return carry_out(wish, places, arguments, Limits())


def carry_out(wish: Asked, places: Places, arguments: Sequence[str], limits: Limits) -> int:
    try:
        if wish.kind == "window":
            return Window(places, arguments, limits, System()).keep()
        if wish.kind == "node":
            with held(places.slots) as is_ours:
                if is_ours:
                    return Node(places, arguments, limits, System()).keep()
        return _become(places, "node" if wish.kind == "node" else "other", arguments)
    except OSError as error:
        words.say(words.not_started(error.strerror or str(error)))
        return STATED_CODE


def _become(places: Places, kind: Kind, arguments: Sequence[str]) -> int:
    found, _ = record.read(places.slots)
    pair = choosing.first_whole(found, lambda one: _is_whole(places, one, is_runtime_read=False))
    given = environ(places, is_kept=False)
    with contextlib.suppress(OSError):
        return become(command(places, pair, kind, arguments), given)
    return become(command(places, INSTALLED, kind, arguments), given)


def _is_whole(places: Places, pair: Pair, *, is_runtime_read: bool) -> bool:
    if pair.app and not trees.is_whole(places.app(pair), pair.app):
        return False
    if pair.runtime and is_runtime_read:
        return trees.is_whole(places.runtime(pair), pair.runtime)
    return True


class Window:
    """The tray app.  Its starts are not counted: it tries the programs in their order, each once."""

    def __init__(self, places: Places, arguments: Sequence[str], limits: Limits, system: System) -> None:
        self._places = places
        self._arguments = arguments
        self._limits = limits
        self._system = system

    def keep(self) -> int:
        failed: frozenset[Pair] = frozenset()
        pair = self._choose(failed)
        while True:
            started_s = time.monotonic()
            code = self._run(pair)
            is_young = time.monotonic() - started_s < self._limits.window_young
            after = self._choose(failed)
            is_wished = code == RESTART_CODE and not (is_young and after == pair)
            is_failed = is_young and _is_crash(code) and not is_wished
            if self._system.is_stopping or not (is_wished or (is_failed and pair != INSTALLED)):
                return _shown(code)
            if is_failed:
                failed |= {pair}
                after = self._choose(failed)
                words.say(words.left(pair.name, "failed", after.name))
            pair = after

    def _choose(self, failed: frozenset[Pair]) -> Pair:
        found, _ = record.read(self._places.slots)
        return choosing.first_whole(found, lambda one: _is_whole(self._places, one, is_runtime_read=False), failed)

    def _run(self, pair: Pair) -> int:
        try:
            process = self._system.start(command(self._places, pair, "window", self._arguments), environ(self._places))
        except OSError as error:
            words.say(words.not_started(error.strerror or str(error)))
            return CRASHED_CODE
        while (code := process.wait(self._limits.healthy_max)) is None:
            pass
        return code


class Node:
    """A node that is to keep running.  The only one that counts starts and changes which program is current."""

    def __init__(self, places: Places, arguments: Sequence[str], limits: Limits, system: System) -> None:
        self._places = places
        self._arguments = arguments
        self._limits = limits
        self._system = system
        self._memory: tuple[Record, Record] | None = None  # what should stand on the disk, and what stood there
        self._doubted: Pair | None = None  # while another one is current to show whether it was to blame
        self._ran_s = 0.0  # the last program, in looks
        self._short_runs = 0  # one after the other, where nothing is counted on the disk
        self.is_watched_by_person = os.isatty(0)  # who sees it hang can end it

    def keep(self) -> int:
        """Start programs until one ends on purpose or none is left."""
        why: Reason = ""
        if (doubted := self._read().instead_of) is not None:  # a power cut has left it open
            self._write(doubted)
        self._use_newer_package()
        self._drop_old_caches()
        while not self._system.is_stopping:
            pair, is_counted = self._next(why)
            code, why = self._run(pair)
            if code == RESTART_CODE and self._read().current != pair and not self._system.is_stopping:
                why = ""
                continue
            is_no_better = self._end_doubt()
            if not why or is_no_better:
                if not is_no_better and self._is_doubted(code):
                    continue
                return STATED_CODE if code == BUSY_CODE else _shown(code) or (STATED_CODE if why else 0)
            if self._is_last(is_counted=is_counted):
                words.say(words.gave_up(pair.name, why))
                return _shown(code) or STATED_CODE
            _remove(self._places.cache(self._read().current))  # all else of it is compared with its hash
            self._system.rest(self._limits.retry)
        return STOPPED_CODE

    # Which one.

    def _use_newer_package(self) -> None:
        found = self._read()
        newer = package.newer(self._places, found.current) if found.current != INSTALLED else None
        if newer is None:
            return
        words.say(words.newer(found.current.name))
        self._write(choosing.installed_anew(found))
        with contextlib.suppress(OSError):  # then it is begun with once more after it has failed
            package.note(self._places.slots, newer)

    def _next(self, why: Reason) -> tuple[Pair, bool]:
        """The program to start, its start counted; or that there is nothing to count on."""
        trouble = record.read(self._places.slots)[1]
        if trouble in ("newer", "damaged"):
            words.say(words.unreadable(str(self._places.slots / record.NAME), trouble))
            self._tell(Left(INSTALLED, INSTALLED, "record_newer" if trouble == "newer" else "record_damaged"))
        if trouble in ("none", "newer"):
            if why:
                words.say(words.again(INSTALLED.name, "ended"))
            return INSTALLED, False
        before = self._read()
        is_doubtful = not choosing.is_well(before)
        after, given_up = choosing.next_start(
            before, lambda pair: _is_whole(self._places, pair, is_runtime_read=is_doubtful or pair != before.current),
            why or "failed",
        )  # fmt: skip
        for left in given_up:
            words.say(words.left(left.program.name, left.why, left.to.name))
            self._tell(left)
        if why and not given_up:
            words.say(words.again(after.current.name, "ended" if choosing.is_well(before) else why))
        self._write(after)
        return after.current, True

    def _is_last(self, *, is_counted: bool) -> bool:
        """After a failure: whether there is nothing left to start."""
        if is_counted:
            return choosing.is_last(self._read())
        # Nobody has written whether it was well; that it has run for as long as that may take says as much.
        self._short_runs = 0 if self._ran_s >= self._limits.healthy_max else self._short_runs + 1
        return self._short_runs >= choosing.STARTS_MAX

    def _is_doubted(self, code: int) -> bool:
        """Take the start of the current one back; whether what comes after it shall show that it was not to blame."""
        found = self._read()
        after = choosing.taken_back(found)
        if code in REFUSALS and not self._system.is_stopping and not self.is_watched_by_person:
            after = choosing.refused(after, int(time.time()))
        if after != found:
            self._write(after)
        if after.instead_of is None:
            return False
        self._doubted = found.current
        words.say(words.doubted(found.current.name, after.current.name))
        return True

    def _end_doubt(self) -> bool:
        """Whether one was open: the other one has fared no better, and all is as it was."""
        found = self._read()
        self._look_at_doubt(found)
        doubted = found.instead_of
        if doubted is not None:
            self._write(doubted._replace(refusals=0, refused_s=0))
        return doubted is not None

    def _look_at_doubt(self, found: Record) -> None:
        """The other one is well, where it has written so: then the doubted one was to blame."""
        if self._doubted is not None and found.instead_of is None:
            self._tell(Left(self._doubted, found.current, "failed"))
            self._doubted = None

    # One run of it.

    def _run(self, pair: Pair) -> tuple[int, Reason]:
        """Its exit code, and how it failed; "" if it did not."""
        try:
            process = self._system.start(command(self._places, pair, "node", self._arguments), environ(self._places))
        except OSError as error:
            words.say(words.not_started(error.strerror or str(error)))
            return CRASHED_CODE, "failed"
        process.tie()
        code = self._wait(process, pair)
        if code is None:
            words.say(words.hangs(self._limits.healthy_max))
            return self._end(process), "silent"
        is_its_own = code not in NOBODYS_FAULT and not self._system.is_stopping
        if code == STATED_CODE and self._read().is_proven:
            is_its_own = False  # it has run here before: what it lacks now, it has said
        return code, "failed" if is_its_own else ""

    def _wait(self, process: Process, pair: Pair) -> int | None:
        """Its exit code; None once it has not said for too long that it is well."""
        waited_s = self._ran_s = 0.0
        while True:
            code = process.wait(self._limits.look)
            if code is not None:
                return code
            self._ran_s += self._limits.look
            if self._system.is_stopping:
                return self._end(process)
            found, trouble = record.read(self._places.slots)  # of one that cannot be read nothing is asked
            if not trouble:
                self._look_at_doubt(found)
            if found.current != pair:  # it has become another program, and starts anew
                pair, waited_s = found.current, 0.0
            # Looks are counted, not hours: a computer that slept in between has let nobody say anything.
            waited_s += self._limits.look
            is_excused = choosing.is_last(found) or self._memory is not None or self.is_watched_by_person
            if choosing.is_well(found) or is_excused:
                waited_s = 0.0
            if waited_s >= self._limits.healthy_max:
                return None

    def _end(self, process: Process) -> int:
        """Ask it to end, if nobody has yet, and end it when it does not listen."""
        if not self._system.is_stopping:
            process.stop()
        if (code := process.wait(self._limits.stop_max)) is None:
            process.kill()
            while (code := process.wait(self._limits.look)) is None:
                pass
        return code

    # What is kept.

    def _read(self) -> Record:
        found, _ = record.read(self._places.slots)
        if self._memory is not None:
            wanted, stood = self._memory
            if found == stood:
                return wanted
            self._memory = None
        return found

    def _write(self, wanted: Record) -> None:
        stood, _ = record.read(self._places.slots)
        try:
            record.write(self._places.slots, wanted)
            self._memory = None
        except OSError as error:
            words.say(words.not_kept(str(self._places.slots / record.NAME), error.strerror or str(error)))
            self._memory = wanted, stood

    def _tell(self, left: Left) -> None:
        with contextlib.suppress(OSError):  # it is told above; nothing is decided by what stands there
            history.add(self._places.slots.parent / "state", time.time(), left)

    def _drop_old_caches(self) -> None:
        found = self._read()
        wanted = {self._places.cache(pair) for pair in (found.current, found.previous or INSTALLED, INSTALLED)}
        with contextlib.suppress(OSError):
            for folder in set((self._places.slots / CACHE).iterdir()) - wanted:
                _remove(folder)


def _remove(folder: Path) -> None:
    try:
        import shutil  # noqa: PLC0415 - it takes its time, and is seldom wanted
    except ImportError:
        return  # another Python was installed meanwhile; with it, byte code has another name
    shutil.rmtree(folder, ignore_errors=True)


def _is_crash(code: int) -> bool:
    return code < 0 or code > 2


def _shown(code: int) -> int:
    """As shells say it: an end by a signal is 128 and its number."""
    return 128 - code if code < 0 else code
