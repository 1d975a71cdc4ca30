"""What is so on that Windows: files, registry, answers of the API."""

from __future__ import annotations

import ast
import hashlib
import http.client
import json
import sys
from pathlib import Path
from typing import Any, Final

from installers.windows.contents import is_executable
from node.vault.share.tree import tree_hash

ANSWER_S_MAX: Final = 20.0
RUN_KEY: Final = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run"
ELSEWHERE: Final = ("jeepney",)  # imported on Linux only
UNINSTALL_KEY: Final = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\Perennial"


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def tree_of(folder: Path) -> str:
    """The tree hash as Python on Windows would take it."""
    return tree_hash(
        (name, is_executable(name), hashlib.sha256((folder / name).read_bytes()).hexdigest())
        for name in files_below(folder)
    )


def third_party(app: Path) -> set[str]:
    """The modules of others that node/ and gui/ import on Windows."""
    found = set()
    for path in (*app.glob("node/**/*.py"), *app.glob("gui/**/*.py")):
        for item in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(item, ast.Import):
                found |= {alias.name for alias in item.names}
            elif isinstance(item, ast.ImportFrom) and item.level == 0:
                found.add(item.module or "")
    own = {"node", "gui", *sys.stdlib_module_names, *ELSEWHERE}
    return {name for name in found if name.partition(".")[0] not in own}


def ask(home: Path, *, token: str | None = None, host: str = "") -> tuple[int, Any]:
    """Ask the node's API for its status, as another program of this computer; return the code and the answer."""
    said = json.loads((home / "api.json").read_bytes())
    connection = http.client.HTTPConnection("127.0.0.1", said["port"], timeout=ANSWER_S_MAX)
    headers = {"Authorization": f"Bearer {said['token'] if token is None else token}"}
    try:
        connection.request("GET", "/v1/status", headers=headers | ({"Host": host} if host else {}))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()
