"""Functions that fit a screen, files that fit a head, and no state that a thousand nodes would share."""

import ast

from tests.architecture.sources import Source, dotted, expect_none, sources

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 400
HARD_FILE_LINES_MAX = 600
# File -> why it may be longer than 400 lines (never more than 600).
LONG_FILES: dict[str, str] = {}

POSITIONAL_MAX = 6
# Function -> why it may be handed more arguments without their names.
MANY_POSITIONAL = {
    **dict.fromkeys(("answer", "card", "fill"), "takes any number of the same: lines of text, parts of a page"),
    **dict.fromkeys(
        ("_curve", "struct.pack"), "takes any number of the same: points, or values in the order of a format"
    ),
    **dict.fromkeys(
        (
            *("call", "parts.advapi.GetNamedSecurityInfoW", "parts.advapi.SetNamedSecurityInfoW"),
            *("parts.kernel.CreateProcessW", "parts.kernel.UpdateProcThreadAttribute", "self._xcb.xcb_get_property"),
        ),
        "leads into C, where arguments have no names",
    ),
}

MUTABLE_MAKERS = {
    *("list", "dict", "set", "bytearray", "collections.deque", "deque", "defaultdict", "collections.defaultdict"),
    *("Counter", "collections.Counter", "count", "itertools.count", "asyncio.Lock", "asyncio.Queue", "asyncio.Event"),
    *("threading.Lock", "threading.local", "WeakSet", "weakref.WeakSet", "WeakValueDictionary"),
}
CHANGING = {
    *("add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "popleft", "remove"),
    *("reverse", "setdefault", "sort", "update", "put_nowait", "set"),
}


def length_offences(source: Source) -> list[str]:
    found = []
    lines = source.text.count("\n")
    is_test = source.name.startswith("tests/")
    if not is_test and lines > (HARD_FILE_LINES_MAX if source.name in LONG_FILES else FILE_LINES_MAX):
        found.append(f"{source.name} has {lines} lines")
    for item in source.nodes:
        if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (item.end_lineno or item.lineno) - item.lineno + 1
            if length > FUNCTION_LINES_MAX:
                found.append(f"{source.name}:{item.lineno} {item.name} has {length} lines")
    return found


def argument_offences(source: Source) -> list[str]:
    return [
        f"{source.name}:{item.lineno} hands {len(item.args)} arguments to {dotted(item.func)} without their names"
        for item in source.nodes
        if isinstance(item, ast.Call) and len(item.args) > POSITIONAL_MAX and dotted(item.func) not in MANY_POSITIONAL
    ]


def is_mutable(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call):
        return dotted(value.func) in MUTABLE_MAKERS
    return isinstance(value, (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp))


def module_tables(tree: ast.Module) -> dict[str, int]:
    """Return the mutable things that are made when the module is imported, with their lines."""
    found: dict[str, int] = {}
    for item in tree.body:
        targets = (
            item.targets if isinstance(item, ast.Assign) else [item.target] if isinstance(item, ast.AnnAssign) else []
        )
        if targets and is_mutable(item.value):  # type: ignore[attr-defined]  # only assignments have targets
            found |= {target.id: item.lineno for target in targets if isinstance(target, ast.Name)}
    found.pop("__all__", None)
    return found


def changed_name(item: ast.AST) -> str:
    """Return the name of the thing that this node changes in place, if it does so."""
    if isinstance(item, ast.Call) and isinstance(item.func, ast.Attribute) and item.func.attr in CHANGING:
        return dotted(item.func.value)
    if isinstance(item, ast.Subscript) and isinstance(item.ctx, (ast.Store, ast.Del)):
        return dotted(item.value)
    if isinstance(item, ast.AugAssign):
        return dotted(item.target)
    return ""


def state_offences(source: Source) -> list[str]:
    """A table in capitals that nothing changes is a constant; everything else that can change is state."""
    tables = module_tables(source.tree)
    found = [f"{source.name}:{line} {name} is module state" for name, line in tables.items() if name != name.upper()]
    for item in source.nodes:
        if isinstance(item, ast.Global):
            found.append(f"{source.name}:{item.lineno} makes {', '.join(item.names)} module state")
        elif (name := changed_name(item)) in tables:
            found.append(f"{source.name}:{getattr(item, 'lineno', 0)} changes the module's {name}")
    return found


def test_functions_and_files_stay_small():
    checked = sources("node/", "gui/", "installers/", "tests/")
    expect_none(offence for source in checked for offence in length_offences(source))


def test_whoever_hands_over_many_arguments_names_them():
    expect_none(offence for source in sources("node/", "gui/") for offence in argument_offences(source))


def test_no_module_keeps_state():
    expect_none(offence for source in sources("node/", "gui/") for offence in state_offences(source))


class TestThePlantedOffenceIsFound:
    def test_a_function_longer_than_a_screen(self):
        body = "    pass\n" * FUNCTION_LINES_MAX
        assert length_offences(Source("node/a.py", f"async def f():\n{body}")) != []
        assert length_offences(Source("tests/a.py", f"def f():\n{body}")) != []
        assert length_offences(Source("node/a.py", f"def f():\n{body[9:]}")) == []

    def test_a_file_longer_than_a_head(self):
        assert length_offences(Source("node/a.py", "x = 1\n" * (FILE_LINES_MAX + 1))) != []
        assert length_offences(Source("node/a.py", "x = 1\n" * FILE_LINES_MAX)) == []

    def test_many_arguments_without_names(self):
        assert argument_offences(Source("node/a.py", "Note(1, 2, 3, 4, 5, 6, 7)")) != []
        assert argument_offences(Source("node/a.py", "Note(1, 2, 3, 4, 5, 6, seventh=7)")) == []
        assert argument_offences(Source("gui/a.py", "fill(1, 2, 3, 4, 5, 6, 7)")) == []

    def test_a_table_that_is_made_to_be_filled(self):
        assert state_offences(Source("node/a.py", "cache = {}")) != []
        assert state_offences(Source("node/a.py", "import asyncio\nlock: object = asyncio.Lock()")) != []

    def test_a_constant_that_is_changed(self):
        assert state_offences(Source("node/a.py", "SEEN = set()\ndef f(x):\n    SEEN.add(x)")) != []
        assert state_offences(Source("node/a.py", "SEEN = {}\ndef f(x):\n    SEEN[x] = 1")) != []
        assert state_offences(Source("node/a.py", "N = 0\ndef f():\n    global N\n    N += 1")) != []

    def test_a_constant_is_none(self):
        assert state_offences(Source("node/a.py", "NAMES = {'a': 1}\ndef f(x):\n    return NAMES[x]")) == []
