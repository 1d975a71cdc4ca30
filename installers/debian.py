"""What pip cannot bring: what of it is missing, and what installs it.

The table is debian-packages.txt.  On systems outside of Debian's family the missing libraries are still
named; which package holds them is for the person to find.
"""

import ctypes
import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

APT_S_MAX = 900  # a slow mirror, or a second package manager that holds the lock
APT_TAIL_MAX = 4000  # characters
TABLE = Path(__file__).with_name("debian-packages.txt")


@dataclass(frozen=True, slots=True)
class Package:
    name: str
    proof: str  # as explained in the table

    def is_present(self) -> bool:
        if self.proof.startswith("import:"):
            importlib.invalidate_caches()  # it may have been installed just now
            return importlib.util.find_spec(self.proof.removeprefix("import:")) is not None
        if self.proof.startswith("/"):
            return Path(self.proof).exists()
        if ".so" not in self.proof:
            return shutil.which(self.proof) is not None
        try:
            # Only the loader knows all its places: the cache, the default folders, LD_LIBRARY_PATH.
            ctypes.CDLL(self.proof)
        except OSError:
            return False
        return True


def read_table(text: str) -> dict[str, list[Package]]:
    groups: dict[str, list[Package]] = {}
    packages: list[Package] = []
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if len(words) == 1:
            packages = groups.setdefault(words[0].strip("[]"), [])
        elif words:
            name, proof = words
            packages.append(Package(name, proof))
    return groups


def missing(groups: Iterable[str]) -> list[Package]:
    """Return what is not there of these groups of the table; nothing on Windows and macOS, where Qt brings all."""
    if sys.platform != "linux":
        return []
    table = read_table(TABLE.read_text(encoding="utf-8"))
    return [package for group in groups for package in table[group] if not package.is_present()]


def can_install() -> bool:
    return sys.platform == "linux" and os.geteuid() == 0 and shutil.which("apt-get") is not None


def provide(groups: Iterable[str]) -> list[Package]:
    """Install what is missing when this is allowed; return what is missing still.  Blocking, up to minutes."""
    groups = list(groups)
    packages = missing(groups)
    if packages and can_install():
        install([package.name for package in packages])
        packages = missing(groups)
    return packages


def command(names: Iterable[str]) -> str:
    return "apt-get install -y --no-install-recommends " + " ".join(names)


def advice(packages: list[Package]) -> str:
    """Return the sentence that names what is missing and the exact command that installs it."""
    if shutil.which("apt-get") is None:
        return f"these are missing on this system: {', '.join(package.proof for package in packages)}"
    names = [package.name for package in packages]
    return f"system packages are missing; install them with:\n    sudo {command(names)}"


def install(names: list[str]) -> None:
    """Let apt-get install the packages; what it says is shown only when it fails."""
    print(f"Installing system packages: {' '.join(names)}", file=sys.stderr, flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=120"]
    # A machine just made has no package lists; an update that fails says nothing yet about the next step.
    for step in ([*apt, "update"], [*apt, *command(names).split()[1:]]):
        try:
            done = subprocess.run(
                step,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=APT_S_MAX,
                check=False,
            )
        except subprocess.TimeoutExpired:
            print(f"{' '.join(step)} took more than {APT_S_MAX} s", file=sys.stderr)
            return
        if done.returncode != 0:
            print(done.stdout[-APT_TAIL_MAX:], file=sys.stderr, flush=True)
