"""An update that changes five modules of the app as it is: what a farm with the version before it fetches."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from node.pod.build import build_tree, write
from node.trust.layers import APP_FOLDERS
from tests.architecture.sources import ROOT
from tests.benchmarks.install_client import fetched_in_order
from tests.benchmarks.rows import Row, at_most
from tests.benchmarks.vaults import temporary_folder

FETCHED_BYTES_MAX: Final = 15_000
CHANGED: Final = (
    *("node/update/files/slots.py", "node/update/driver.py", "node/supervisor/supervisor.py", "node/trial/trial.py"),
    "gui/window.py",
)
FUNCTION: Final = """

def _is_{name}_within(first: float, second: float, limit: float) -> bool:
    \"\"\"Whether two figures of {name} are no further apart than they may be.\"\"\"
    assert limit > 0, limit
    return abs(first - second) <= limit * max(abs(first), abs(second))
"""


def measure() -> list[Row]:
    with temporary_folder() as folder:
        source = folder / "checkout"
        for name in APP_FOLDERS:
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        old = build_tree(source, "0.1.0", layer="app")
        for name in CHANGED:
            change(source / name)
        new = build_tree(source, "0.1.1", layer="app", before=[old])
        write(old, folder / "old")
        write(new, folder / "new")
        before, after = fetched_in_order(folder / "home/slots", folder / "old", folder / "new")
        (whole,) = fetched_in_order(folder / "other/slots", folder / "new")
    detail: dict[str, float | str] = {
        **after, "modules": len(CHANGED), "whole_app_bytes": whole["fetched_bytes"],
        "first_bytes": before["fetched_bytes"], "files": len(new.files), "manifest_bytes": len(new.manifest),
    }  # fmt: skip
    what = "an update that changes 5 Python modules"
    return [at_most(f"{what}, fetched", after["fetched_bytes"], FETCHED_BYTES_MAX, "bytes", detail)]


def change(module: Path) -> None:
    """A few lines here and there, and a new function, as a small update has them."""
    lines = module.read_text(encoding="utf-8").splitlines()
    for number in (len(lines) // 4, len(lines) // 2, 3 * len(lines) // 4):
        lines[number] += f"  # looked at again, number {number}"
    text = "\n".join(lines) + FUNCTION.format(name=module.stem)
    module.write_text(text, encoding="utf-8")
