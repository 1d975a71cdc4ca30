"""The handbook's own files: which chapters there are, what is in them, and where a link in one leads.

Nothing outside of the handbook's folder is ever read, whatever a link says.  A chapter keeps its name in every
language: ``farmer.de.md`` is what ``farmer.md`` says in German, where that is spoken.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from gui.language import LANGUAGE

FIRST: Final = ("farmer.md", "threat-model.md", "failures-of-others.md", "pods.md")  # others follow by their titles
DECISIONS: Final = "decisions/"  # the chapter that lists them, and the folder in which they lie
INDEX: Final = "README.md"  # in that folder: the chapter, if it is there
CHAPTERS_MAX: Final = 400
CHAPTER_BYTES_MAX: Final = 1 << 20
_TITLE: Final = re.compile(r"^#\s+(.+?)\s*#*\s*$", re.MULTILINE)
_SECTION: Final = re.compile(r"^##\s+(.+?)\s*#*\s*$", re.MULTILINE)
_TRANSLATED: Final = re.compile(r"\.[a-z]{2}\.md$")
_NO_SLUG: Final = re.compile(r"[^\w\- ]")


@dataclass(frozen=True, slots=True)
class Chapter:
    """``name``: its path in the handbook; ``sections``: the headings of its second level."""

    name: str
    title: str
    sections: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """``chapter`` and ``heading`` (both may be "": here) if it stays in the handbook, else the whole ``address``."""

    chapter: str = ""
    heading: str = ""
    address: str = ""


def handbook_folder() -> Path:
    """Where the handbook lies: beside the app's own files, in a checkout as in a slot."""
    return Path(__file__).resolve().parents[1] / "resources" / "handbook"


def icon_file() -> Path:
    """The app's own picture, for those who show it beside our words."""
    return handbook_folder().parent / "icons" / "perennial-64.png"


def contents(folder: Path) -> tuple[Chapter, ...]:
    """The chapters, those for the person at home first and the decisions last.  Blocking, but short."""
    names = [path.name for path in sorted(folder.glob("*.md")) if not _TRANSLATED.search(path.name)]
    found = {name: _chapter(folder, name) for name in names[:CHAPTERS_MAX]}
    first = [found.pop(name) for name in FIRST if name in found]
    chapters = [*first, *sorted(found.values(), key=lambda one: one.title)]
    if any((folder / DECISIONS).glob("*.md")):
        chapters.append(_chapter(folder, DECISIONS))
    return tuple(chapters)


def text_of(folder: Path, name: str, language: str = LANGUAGE) -> str:
    """A chapter as Markdown, in English where it is not translated; "" if there is none.  Blocking, but short."""
    if name == DECISIONS:
        paths = sorted((folder / DECISIONS).glob("*.md"))[:CHAPTERS_MAX]
        titles = (f"- [{_title(_read(path), path.stem)}]({path.name})\n" for path in paths)
        return _read(folder / DECISIONS / INDEX) or "# Decisions\n\n" + "".join(titles)
    path = (folder / name).resolve()
    is_inside = path.is_relative_to(folder.resolve()) and path.suffix == ".md"
    return (_read(path.with_suffix(f".{language}.md")) or _read(path)) if is_inside else ""


def follow(here: str, target: str) -> Link:
    """Where a link in chapter ``here`` leads."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return Link(address=target)
    if not parts.path:
        return Link(heading=unquote(parts.fragment))
    name = posixpath.normpath(posixpath.join(posixpath.dirname(here), unquote(parts.path)))
    if name == DECISIONS.rstrip("/"):
        return Link(DECISIONS)
    is_inside = not name.startswith(("..", "/")) and name.endswith(".md")
    return Link(name, unquote(parts.fragment)) if is_inside else Link(address=target)


def slug(heading: str) -> str:
    """The name by which links call a heading."""
    return _NO_SLUG.sub("", heading.lower()).replace(" ", "-")


def _chapter(folder: Path, name: str) -> Chapter:
    text = text_of(folder, name)
    return Chapter(name, _title(text, name), tuple(_SECTION.findall(text)))


def _title(text: str, name: str) -> str:
    found = _TITLE.search(text)
    return found[1] if found else name


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(CHAPTER_BYTES_MAX).decode("utf-8", "replace")
    except OSError:
        return ""
