"""Write the Debian packages of a runtime: ``.venv/bin/python -m installers.lock_runtime``.

On Debian 12, with fresh package lists (``apt-get update``): each package is pinned to the version that apt would
install, by the hash that the archive's signed lists give.
"""

import subprocess
import sys
from pathlib import Path

from node.pod.runtime.contents import DEBIAN_PACKAGES
from node.pod.runtime.making import DEBIAN_LOCK

ROOT = Path(__file__).resolve().parent.parent
STEP_S_MAX = 60
HEADER = """\
# Written by installers/lock_runtime.py; do not edit.  What of them becomes part: node/pod/runtime/contents.py.
"""


def main() -> int:
    found = {name: ask(name) for name in DEBIAN_PACKAGES}
    lines = [f"{name} {said['Version']} sha256:{said['SHA256']}\n" for name, said in found.items()]
    (ROOT / DEBIAN_LOCK).write_text(HEADER + "".join(lines), encoding="utf-8")
    return 0


def ask(name: str) -> dict[str, str]:
    """What the package lists say of the newest version; one that is installed but no longer listed does not count.

    Raises:
        SystemExit: They know of none.
    """
    command = ["apt-cache", "show", f"{name}:amd64"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=STEP_S_MAX, check=False)
    for stanza in done.stdout.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line and line[0] != " ")
        if {"Version", "SHA256"} <= fields.keys():
            return fields  # apt-cache names the newest first
    raise SystemExit(f"{name} is in no package list of this machine")


if __name__ == "__main__":
    sys.exit(main())
