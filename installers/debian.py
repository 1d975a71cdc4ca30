"""Libraries that pip cannot bring: which are missing, and what installs them.

The table is debian-packages.txt.  On other systems than Debian's family the names of the libraries are
still told; which package holds them is for the person to find.
"""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

APT_S_MAX = 900  # a slow mirror and a second package manager that holds the lock
TABLE = Path(__file__).with_name("debian-packages.txt")


@dataclass(frozen=True, slots=True)
class Package:
    name: str
    proof: str  # a library's name, a program's name or an absolute path

    def is_present(self) -> bool:
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


def command(names: Iterable[str]) -> str:
    return "apt-get install -y --no-install-recommends " + " ".join(names)


def advice(packages: list[Package]) -> str:
    """Return the sentence that names what is missing and the exact command that installs it."""
    if shutil.which("apt-get") is None:
        return f"these libraries are missing: {', '.join(package.proof for package in packages)}"
    names = [package.name for package in packages]
    return f"system packages are missing; install them with:\n    sudo {command(names)}"


def install(names: list[str]) -> bool:
    """Install the packages as root; return whether apt-get said that it succeeded.  Blocking, up to minutes."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    wait = ["-q", "-o", "DPkg::Lock::Timeout=120"]
    # A machine just made has no package lists; that this step fails does not mean that the next one does.
    steps = (["apt-get", *wait, "update"], ["apt-get", *wait, *command(names).split()[1:]])
    succeeded = False
    for step in steps:
        try:
            # Standard output belongs to the program that is started afterwards; this is talk.
            done = subprocess.run(
                step, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr, timeout=APT_S_MAX, check=False
            )
        except subprocess.TimeoutExpired:
            return False
        succeeded = done.returncode == 0
    return succeeded
