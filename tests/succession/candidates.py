"""Candidate apps: this very app, each with one change, and what the succession rehearsal must say of it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.practice.releases import Change, apply
from tests.succession.world import ROOT

LAYER: Final = ("node", "gui", "resources")


@dataclass(frozen=True, slots=True)
class Candidate:
    """``changes``: passages of files below the app's folder.  ``reason``: what stands in why it is refused."""

    name: str
    does: str
    changes: tuple[Change, ...] = ()
    reason: str = ""

    @property
    def verdict(self) -> str:
        return "refused" if self.reason else "passed"


CANDIDATES: Final = (
    Candidate("equal", "is today's app under another name"),
    Candidate(
        "crashes",
        "ends as soon as it runs",
        (
            Change(
                "node/supervisor/supervisor.py",
                "        async with asyncio.TaskGroup() as tasks:\n            self._updating",
                '        raise AssertionError("it has forgotten why")\n'
                "        async with asyncio.TaskGroup() as tasks:\n            self._updating",
            ),
        ),
        "it did not come up: it ended by itself, with 'AssertionError: it has forgotten why'",
    ),
    Candidate(
        "hangs",
        "never answers its API",
        (
            Change(
                "node/api/server.py",
                "        door.remove(self._home)\n        if inherited is not None:\n",
                "        await asyncio.Event().wait()\n        if inherited is not None:\n",
            ),
        ),
        "it did not come up within",
    ),
    Candidate(
        "other-history",
        "keeps the history of the app in another format, and reads both",
        (
            Change("node/update/app_store.py", "FORMAT: Final = 1\n", "FORMAT: Final = 2\n"),
            Change(
                "node/update/app_store.py", "        if saved.format != FORMAT:\n", "        if saved.format > 2:\n"
            ),
        ),
        "today's program cannot read what it has left",
    ),
    Candidate(
        "other-serial",
        "keeps the newest serial of its certificates in another way",
        (
            Change(
                "node/supervisor/state.py",
                "    serial: int\n",
                "    serial: int\n    is_new: bool = True\n",
            ),
        ),
        "today's program cannot go on with what it has left: it did not come up",
    ),
    Candidate(
        "other-settings",
        "takes today's settings for damaged",
        (Change("node/supervisor/settings.py", "    if version > VERSION:\n", "    if version >= VERSION:\n"),),
        "it reads another quota_bytes in today's settings",
    ),
    Candidate(
        "newer-settings",
        "writes settings that today's app cannot read",
        (
            Change(
                "node/supervisor/settings.py",
                "        replace_file(path, msgspec.json.encode(checked(settings)), make_room)\n",
                "        newer = msgspec.structs.replace(checked(settings), version=VERSION + 1)\n"
                "        replace_file(path, msgspec.json.encode(newer), make_room)\n",
            ),
        ),
        "today's program cannot read what it has left",
    ),
    Candidate(
        "never-promotes",
        "tries every version out and uses none",
        (
            Change(
                "node/update/jobs.py",
                "        return events.TrialEnded(self._now(), result.outcome, result.reason)\n",
                '        return events.TrialEnded(self._now(), "keep", result.reason)\n',
            ),
        ),
        "it never took a good version of the vault into use",
    ),
    Candidate(
        "promotes-untried",
        "uses every version that enough developers signed",
        (
            Change(
                "node/update/lifecycle.py",
                '            return entered(replace(state, trials=state.trials + 1), "on_trial", StartTrial())\n',
                '            return entered(state, "promoting", Switch(state.tree_hash))\n',
            ),
        ),
        "it took a version of the vault into use without trying it out",
    ),
    Candidate(
        "never-goes-back",
        "says that it has gone back, and has not",
        (
            Change(
                "node/update/jobs.py",
                '        means, trouble = self._means, ""\n        before = ',
                "        return events.Returned(self._now(), await self._last_serial())\n        before = ",
            ),
        ),
        "it did not go back from a version of the vault that failed",
    ),
    Candidate(
        "never-succeeded",
        "cannot become another app",
        (
            Change(
                "node/supervisor/app_host.py",
                "        self._become(program)\n",
                "        return\n",
            ),
        ),
        "it did not become a later app",
    ),
    Candidate(
        "drops-its-vault",
        "becomes another app and starts its vault anew for that",
        (
            Change(
                "node/supervisor/vault_child.py",
                "        return await watched.hand_on(self._now()) if watched is not None else None\n",
                "        if watched is not None:\n            await watched.run.drain()\n        return None\n",
            ),
        ),
        "the vault did not go on while it became a later app",
    ),
    Candidate(
        "never-comes-back",
        "stays a later app although that was recalled",
        (
            Change(
                "node/update/apps.py",
                "            if name in self._policy.recalls().names and not",
                "            if not name and not",
            ),
        ),
        "it did not come back from a later app that was recalled",
    ),
    Candidate(
        "a-page-raises",
        "has a page that cannot be shown",
        (
            Change(
                "gui/pages/network.py",
                "        if story == self._story:\n            return\n",
                "        self.lead.setText(story.leading)\n",
            ),
        ),
        "its window could not open every page",
    ),
)


def write(candidate: Candidate, target: Path) -> Path:
    """Write the app's layer, changed, to ``target``.

    Raises:
        PracticeError: A passage to change is not there exactly once.
    """
    for name in LAYER:
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__", "screenshots"))
    for change in candidate.changes:
        apply(target, change)
    return target
