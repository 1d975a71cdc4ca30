"""Write what the app says in each language: ``.venv/bin/python -m installers.translate``.

Reads every ``translate("context", "text")`` of ``gui``, brings ``resources/translations/*.ts`` up to date with Qt's
``lupdate`` (what is no longer said is dropped, what is new is left open), and makes the ``.qm`` files, which the app
reads, with ``lrelease``.  Ends with 1 if a text is still open.

``lupdate`` overlooks a plural whose count is no plain number, so it is given the same texts written plainly.
"""

import ast
import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "resources" / "translations"
LANGUAGES = ("en", "de")
STEP_S_MAX = 60
UPDATE = ("-silent", "-no-obsolete", "-locations", "none", "-disable-heuristic", "similartext")
_COUNTED = 4  # a call with so many arguments has a plural


@dataclass(frozen=True, slots=True)
class Text:
    context: str
    text: str
    comment: str = ""
    has_plural: bool = False


def main() -> int:
    said = sorted(
        {one for path in (ROOT / "gui").rglob("*.py") for one in texts(path.read_text(encoding="utf-8"), path.name)},
        key=lambda one: (one.context, one.text, one.comment),
    )
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "texts.py"
        plain.write_text("".join(f"{_call(one)}\n" for one in said), encoding="utf-8")
        for language in LANGUAGES:
            # English has its texts already, but not their plural forms.
            only = ("-pluralonly",) if language == "en" else ()
            languages = ("-source-language", "en", "-target-language", language)
            _run("lupdate", *UPDATE, *only, *languages, str(plain), "-ts", _file(language, "ts"))
    for language in LANGUAGES:
        release(language, Path(_file(language, "qm")))
    still_open = [name for name in LANGUAGES if 'type="unfinished"' in Path(_file(name, "ts")).read_text("utf-8")]
    for language in still_open:
        print(f'{_file(language, "ts")}: not all is translated; look for type="unfinished"')
    return 1 if still_open else 0


def texts(source: str, name: str) -> Iterator[Text]:
    """What a source says through ``translate``.

    Raises:
        ValueError: A call does not name its text literally, so nobody could translate it.
    """
    for item in ast.walk(ast.parse(source)):
        if isinstance(item, ast.Call) and isinstance(item.func, ast.Name) and item.func.id == "translate":
            words = [word.value if isinstance(word, ast.Constant) else None for word in item.args[: _COUNTED - 1]]
            if len(words) < 2 or not all(isinstance(word, str) for word in words) or item.keywords:
                raise ValueError(f"{name}:{item.lineno} does not say literally what is to be translated")
            context, text, comment = (*map(str, words), "")[:3]
            yield Text(context, text, comment, has_plural=len(item.args) == _COUNTED)


def release(language: str, target: Path) -> None:
    """Make the file that the app reads; from the same texts always the same bytes."""
    _run("lrelease", "-silent", _file(language, "ts"), "-qm", str(target))


def _call(one: Text) -> str:
    words = ", ".join(_quoted(word) for word in (one.context, one.text, one.comment))
    return f"translate({words}{', 1' if one.has_plural else ''})"


def _quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _file(language: str, ending: str) -> str:
    return str(FOLDER / f"perennial_{language}.{ending}")


def _run(tool: str, *arguments: str) -> None:
    """Run one of the tools that lie beside PySide6's own files."""
    found = importlib.util.find_spec("PySide6")
    folders = found.submodule_search_locations if found is not None else None
    if not folders:
        raise SystemExit("PySide6 is not installed here: start this with the Python in .venv")
    subprocess.run([str(Path(folders[0]) / tool), *arguments], check=True, timeout=STEP_S_MAX)


if __name__ == "__main__":
    sys.exit(main())
