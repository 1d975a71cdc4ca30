"""Byte code in place of source, made by the tree's own interpreter: ``x.py`` becomes ``x.pyc`` where it lay.

Python takes such a file in the place of its source, whatever ``pycache_prefix`` says; so neither a sandboxed child
nor the first start on a computer has to compile, and no byte code lies outside of what the tree hash covers.

The same source gives the same bytes: no file's time is in them, the names of files that they keep do not say where the
tree lies, and the order of the files, the hash seed and all that the compiler knows of its surroundings are fixed.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

from node.pod.errors import PodError
from node.pod.runtime.contents import INTERPRETER

COMPILE_S_MAX: Final = 300.0
SAID_BYTES_MAX: Final = 500
_ENVIRONMENT: Final = {"LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0", "TZ": "UTC"}

_COMPILE: Final = """
import os, py_compile
found = []
for folder, _, names in os.walk("lib"):
    found += [folder + "/" + name for name in names if name.endswith(".py")]
for path in sorted(found):
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(path, path + "c", dfile="/runtime/" + path, doraise=True, optimize=0, invalidation_mode=mode)
for path in found:
    os.remove(path)
"""


def compile_all(tree: Path) -> None:
    """Compile all source below ``tree`` and remove it.  Blocking, for seconds.

    Raises:
        PodError: A file does not compile, or the interpreter does not start on this machine.
    """
    # Without site, and without -I, which would draw another hash seed each time.
    command = [str(tree.resolve() / INTERPRETER), "-S", "-s", "-P", "-B", "-c", _COMPILE]
    try:
        done = subprocess.run(
            command, cwd=tree, env=_ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=COMPILE_S_MAX, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PodError(f"the new interpreter does not run here: {error}") from error
    if done.returncode != 0:
        said = done.stderr[-SAID_BYTES_MAX:].decode(errors="replace").strip()
        raise PodError(f"the source does not compile: {said}")
    assert not [name for _, _, names in os.walk(tree) for name in names if name.endswith(".py")]
