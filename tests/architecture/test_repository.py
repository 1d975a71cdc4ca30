"""What stands in the repository: no address, no path of one machine, nothing unfinished, one owner of our names."""

import ast
import importlib.metadata
import io
import re
import sys
import tokenize

from tests.architecture.sources import ROOT, Source, expect_none, sources, texts

TOP_LEVEL = {"pyproject.toml", "README.md", "LICENSE", "gui", "node", "resources", "installers", "tests"}
MADE_BY_TOOLS = re.compile(r"\..*|.*\.egg-info|build|dist|__pycache__")

# Spelled in parts, so that this file does not hold what it looks for.
REGISTRIES = (
    *(("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("crates", "io")),
    *(("debian", "org"), ("ubuntu", "com"), ("proxy.golang", "org"), ("anaconda", "org")),
)
REGISTRY = re.compile(r"(?<![\w-])(" + "|".join(rf"{name}\.{end}" for name, end in REGISTRIES) + r")\b", re.IGNORECASE)
FOLDERS_OF_ONE_MACHINE = ("work", "farm", "tmp/bash" + "_jobs", "root/\\.py" + "env", "opt/py" + "pi")
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(" + "|".join(FOLDERS_OF_ONE_MACHINE) + r")/\w")

# Words of how the work is organised, which says nothing to who reads the result.
ORGANISATION = re.compile(
    r"\b(issue\s+#?\d+|issues?\s+(list|tracker|show|board)|sub-?agents?|helper (session|agent)s?|prototypes?"
    r"|(this|last|next|previous|earlier|later) session|coding session|language model)\b",
    re.IGNORECASE,
)
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")
FORBIDDEN = (ORGANISATION, UNFINISHED)

# How a map names a module: as a file, as code, or in a column of its own.
LISTED = re.compile(r"\b(\w+)\.py\b|``(\w+)``|(?:^|  )(\w+)(?=  )", re.MULTILINE)


def address_offences(name: str, text: str) -> list[str]:
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if REGISTRY.search(line):
            found.append(f"{name}:{number} names a registry's address")
        if MACHINE_PATH.search(line):
            found.append(f"{name}:{number} names a path of one machine")
    return found


def prose(name: str, text: str) -> list[tuple[int, str]]:
    """Return the lines that people read: all of a document, the comments and docstrings of a program."""
    if not name.endswith(".py"):
        return list(enumerate(text.splitlines(), 1))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    places = [item for item in Source(name, text).nodes if isinstance(item, documented)]
    return comments(text) + [(getattr(item, "lineno", 1), ast.get_docstring(item) or "") for item in places]


def comments(text: str) -> list[tuple[int, str]]:
    """Return those of a program; none of one that has a forbidden word nowhere, for finding them takes long."""
    if not any(pattern.search(text) for pattern in FORBIDDEN):
        return []
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]


def word_offences(name: str, text: str) -> list[str]:
    return [
        f"{name}:{number} says {match.group()!r}"
        for number, line in prose(name, text)
        for pattern in FORBIDDEN
        if (match := pattern.search(line))
    ]


def command_offences(name: str, text: str) -> list[str]:
    """Debian has no `python`, and its python3 knows nothing of what is locked: modules are run by that of .venv."""
    return [f"{name} says {match.group()!r}" for match in re.finditer(r"(?<![\w/.-])python3? -m \w+", text)]


def top_level_offences(names: set[str]) -> list[str]:
    return [f"{name} at the top level" for name in sorted(names - TOP_LEVEL) if not MADE_BY_TOOLS.fullmatch(name)]


def owners(name: str, distributions: dict[str, list[str]]) -> set[str]:
    return {owner.lower() for owner in distributions.get(name, [])}


def shadow_offences(names: set[str]) -> list[str]:
    """A folder tests/node would be imported in the place of ours; so would a module named like the standard library."""
    tests = [f"{name} hides our node" for name in sorted(names) if name.startswith("tests/node/")]
    top = [name for name in sorted(names) if name.count("/") == 1 and name.startswith(("gui/", "node/", "installers/"))]
    return tests + [
        f"{name} is named like a module of Python" for name in top if Source(name, "").module.split(".")[-1] in HIDEABLE
    ]


def map_offences(files: dict[str, str]) -> list[str]:
    """A package that lists one module of its own in its front page lists all of them."""
    found = []
    for name, text in files.items():
        folder, _, file = name.rpartition("/")
        siblings = {other.rpartition("/")[2] for other in files if other.rpartition("/")[0] == folder}
        names = LISTED.findall(ast.get_docstring(Source(name, text).tree) or "")
        listed = siblings.intersection(f"{name}.py" for forms in names for name in forms)
        if file == "__init__.py" and len(listed) > 1:
            found += [f"{name} does not say what {other} is" for other in sorted(siblings - listed - {"__init__.py"})]
    return found


# installers/test.py is a door, started by its name and never imported as `test`.
HIDEABLE = sys.stdlib_module_names - {"test"}


def test_no_file_names_a_registry_or_a_path_of_one_machine():
    expect_none(offence for name, text in texts() for offence in address_offences(name, text))


def test_no_text_speaks_of_how_the_work_is_organised_or_is_unfinished():
    expect_none(offence for name, text in texts() for offence in word_offences(name, text))


def test_what_a_person_is_told_to_type_is_there_to_be_typed():
    told = [ROOT / "README.md", *(ROOT / "resources" / "handbook").rglob("*.md")]
    assert {"README.md", "pods.md", "0001-layout.md"} <= {path.name for path in told}
    expect_none(offence for path in told for offence in command_offences(path.name, path.read_text(encoding="utf-8")))


def test_the_top_level_is_the_agreed_one():
    expect_none(top_level_offences({path.name for path in ROOT.iterdir()}))


def test_nobody_else_owns_our_import_names():
    distributions = {name: list(found) for name, found in importlib.metadata.packages_distributions().items()}
    assert owners("node", distributions) == {"perennial"}
    assert owners("gui", distributions) == {"perennial"}


def test_every_map_of_a_package_is_whole():
    expect_none(map_offences({source.name: source.text for source in sources("node/", "gui/")}))


def test_nothing_hides_our_modules_or_pythons():
    names = {source.name for source in sources("node/", "gui/", "installers/", "tests/")}
    assert shadow_offences(names) == []
    assert "tests/__init__.py" in names


class TestThePlantedOffenceIsFound:
    def test_an_address(self):
        assert address_offences("a.txt", "--index-url https://py" + "pi.org/simple") != []
        assert address_offences("a.txt", "https://files.python" + "hosted.org/packages") != []
        assert address_offences("a.py", "PATH = '/wo" + "rk/main'") != []
        assert address_offences("a.md", "see /ro" + "ot/.pyenv/versions") != []

    def test_words_that_only_the_makers_understand(self):
        assert word_offences("a.md", "As issue 12 asks") != []
        assert word_offences("a.py", "# learned from the proto" + "type\n") != []
        assert word_offences("a.py", "x = 1  # TO" + "DO: more\n") != []
        assert word_offences("a.py", 'def f():\n    """Like last sess' + 'ion."""\n') != []

    def test_a_python_that_is_not_there(self):
        assert command_offences("a.md", "`python -m tests.crashes`") != []
        assert command_offences("a.md", "python3 -m installers.lock") != []
        assert command_offences("a.md", "`.venv/bin/python -m tests.crashes`, or python3 installers/run.py") == []

    def test_a_stranger_at_the_top_level(self):
        assert top_level_offences({"node", ".git", "perennial.egg-info"}) == []
        assert top_level_offences({"docs"}) != []

    def test_a_second_owner(self):
        assert owners("node", {"node": ["perennial", "Node"]}) == {"perennial", "node"}

    def test_a_module_that_is_missing_from_its_map(self):
        files = dict.fromkeys(("gui/a.py", "gui/b.py", "gui/c.py"), "") | {"gui/__init__.py": '"""a.py b.py"""'}
        assert map_offences(files) == ["gui/__init__.py does not say what c.py is"]
        for written in ("``a`` does, ``b`` looks", "Both:\n\na   does\nb   looks", "Both:\n\na  does    b  looks"):
            assert map_offences(files | {"gui/__init__.py": f'"""{written}"""'}) != []
        assert map_offences(files | {"gui/__init__.py": '"""The tray app."""'}) == []

    def test_a_folder_that_hides_ours(self):
        assert shadow_offences({"tests/node/test_a.py"}) != []
        assert shadow_offences({"gui/types.py"}) != []
        assert shadow_offences({"node/vault/core/types.py"}) == []


def test_a_certificate_may_be_issued_and_a_desktop_has_a_session():
    assert word_offences("a.md", "The supervisor issues a certificate. An X session. A D-Bus session bus.") == []
