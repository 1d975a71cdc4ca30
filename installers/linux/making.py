"""``python -m installers.linux.making deb|rpm|folder --out DIR [--packages DIR]``: a package from this checkout.

Prints one line for each step, with sizes and times; the last line names the file.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from installers import building, installation
from installers.linux import deb, rpm, staging
from node.pod.errors import PodError
from node.pod.runtime import contents, making

ROOT = Path(__file__).resolve().parents[2]
KINDS = {"deb": deb.pack, "folder": staging.put_down, "rpm": rpm.pack}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="installers/linux/build.py", description="Build a package for Linux.")
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("--out", type=Path, required=True, help="where the package goes")
    parser.add_argument("--packages", type=Path, help="what was fetched before; what is missing is fetched into it")
    building.add_here(parser)
    asked = parser.parse_args(arguments)
    out = asked.here / asked.out
    try:
        out.mkdir(parents=True, exist_ok=True)
        # Beside the package, because a folder for temporary files may be small.
        with tempfile.TemporaryDirectory(prefix=".making-", dir=out) as scratch:
            packages = asked.here / asked.packages if asked.packages else Path(scratch, "packages")
            package = build(asked.kind, out, packages, Path(scratch))
    except (PodError, staging.NotBuilt, OSError) as error:
        print(f"The package cannot be built: {error}", file=sys.stderr)
        return 1
    print(package)
    return 0


def build(kind: str, out: Path, packages: Path, scratch: Path) -> Path:
    """Build one package in ``out``.  Blocking, for minutes.

    Raises:
        PodError, NotBuilt, OSError: It cannot be built.
    """
    begun_s = time.monotonic()
    runtime = scratch / "runtime"
    made = making.make(ROOT, contents.PLATFORM, packages, runtime)
    say(f"runtime {made.tree[:16]}: {made.files:,} files, {made.size_bytes:,} bytes", begun_s)
    staged = staging.stage(
        ROOT, installation.version(ROOT), runtime, made.tree, scratch / "root", staging.time_of_files()
    )
    say(f"installation: {staged.size_bytes:,} bytes, app {staged.app[:16]}", begun_s)
    package = KINDS[kind](staged, out, scratch)
    say(f"{package.name}: {staged.size_bytes if package.is_dir() else package.stat().st_size:,} bytes", begun_s)
    return package


def say(line: str, begun_s: float) -> None:
    print(f"{time.monotonic() - begun_s:6.1f} s  {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
