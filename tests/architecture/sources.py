"""The files that the rules look at, and the small questions that every rule asks of them."""

import ast
import functools
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOP_LEVEL = (".ci", "gui", "installers", "node", "resources", "tests")
TOP_FILES = (".gitattributes", ".gitignore", "LICENSE", "README.md", "pyproject.toml")
NOT_OURS = {"__pycache__", "results"}


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file: ``name`` is its path from the root, with ``/``."""

    name: str
    text: str

    @property
    def tree(self) -> ast.Module:
        return _parsed(self.text)[0]

    @property
    def nodes(self) -> tuple[ast.AST, ...]:
        """All that ``ast.walk`` finds, in its order.  No rule may change what every other rule reads."""
        return _parsed(self.text)[1]

    @property
    def module(self) -> str:
        parts = self.name.removesuffix(".py").split("/")
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def package(self) -> str:
        return self.module if self.name.endswith("/__init__.py") else self.module.rpartition(".")[0]


@functools.cache
def _parsed(text: str) -> tuple[ast.Module, tuple[ast.AST, ...]]:
    tree = ast.parse(text)
    return tree, tuple(ast.walk(tree))


def forget() -> None:
    """Let go of the files and trees that the rules share: some hundred megabytes."""
    _parsed.cache_clear()
    texts.cache_clear()


@functools.cache
def texts() -> tuple[tuple[str, str], ...]:
    """Return name and text of every text file of the project; found on disk, so that a new one counts at once."""
    return tuple(_read())


def _read() -> Iterator[tuple[str, str]]:
    for path in (ROOT / name for name in TOP_FILES):
        yield path.name, path.read_text(encoding="utf-8")
    for top in TOP_LEVEL:
        for folder, folders, names in os.walk(ROOT / top):
            folders[:] = sorted(set(folders) - NOT_OURS)
            for name in sorted(names):
                path = Path(folder, name)
                try:
                    yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
                except UnicodeDecodeError:
                    continue  # a picture


def sources(*prefixes: str) -> list[Source]:
    """Return the Python files below these folders; a folder that is empty would make a rule pass for nothing."""
    found = [Source(name, text) for name, text in texts() if name.endswith(".py") and name.startswith(prefixes)]
    assert found, f"no Python below {prefixes}"
    return found


def dotted(node: ast.AST) -> str:
    """Return ``a.b.c`` for such an expression, else an empty string."""
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return node.id if isinstance(node, ast.Name) else ""


def imports(source: Source) -> Iterator[tuple[int, str]]:
    """Yield line and full name of everything imported; ``from a import b`` yields ``a.b``."""
    for item in source.nodes:
        if isinstance(item, ast.Import):
            yield from ((item.lineno, alias.name) for alias in item.names)
        elif isinstance(item, ast.ImportFrom):
            above = source.package.split(".")[: -(item.level - 1) or None] if item.level else []
            base = ".".join([*above, *([item.module] if item.module else [])])
            yield from ((item.lineno, f"{base}.{alias.name}") for alias in item.names)


def calls(source: Source) -> Iterator[tuple[int, str]]:
    """Yield line and name of every call of a builtin or of something imported, under its original name."""
    origin: dict[str, str] = {}
    for item in source.nodes:
        if isinstance(item, ast.Import):
            for alias in item.names:
                top = alias.name.split(".")[0]
                origin[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(item, ast.ImportFrom) and item.module:
            origin |= {alias.asname or alias.name: f"{item.module}.{alias.name}" for alias in item.names}
    for item in source.nodes:
        if isinstance(item, ast.Call) and (name := dotted(item.func)):
            first, dot, rest = name.partition(".")
            if first in origin or not dot:  # else a method of something local, whatever its name
                yield item.lineno, origin.get(first, first) + dot + rest


def expect_none(offences: Iterable[str]) -> None:
    """Fail with every offence on a line of its own."""
    found = list(offences)
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def is_below(name: str, *modules: str) -> bool:
    """Return whether the module ``name`` is one of these or lies inside one of them."""
    return any(name == module or name.startswith(module + ".") for module in modules)
