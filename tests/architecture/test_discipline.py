"""Tasks that somebody holds, errors that somebody handles, assertions that stay on, and one way to start a slot."""

import ast
import sys

from tests.architecture.sources import Source, calls, dotted, expect_none, sources

SPAWNING = {"create_task", "ensure_future"}
GROUPS_ARE_NOT = ("asyncio", "loop")  # a TaskGroup keeps its tasks; these do not
POOLED = {"to_thread", "run_in_executor"}

# Who may put something on the path of modules or load code from a place of its choosing.
PATH_CHANGERS = {
    "node/sandbox/spec.py": "starts contained children from a slot: the only place where a slot gets on a path",
    "node/sandbox/program.py": "starts a whole program that is tried out, from its slot",
    "installers/launcher/__main__.py": "puts the installation in the place of its own folder",
    "installers/run.py": "puts the checkout in the place of its own folder",
    "installers/test.py": "puts the checkout in the place of its own folder",
    "installers/linux/build.py": "puts the checkout in the place of its own folder",
    "installers/windows/build.py": "puts the checkout in the place of its own folder",
}
PATH_NAMERS = {
    "installers/environment.py": "takes PYTHONPATH and PYTHONOPTIMIZE away from what it starts",
    "installers/launcher/starting.py": "starts a program from its app slot, whose tree it has hashed before",
    "installers/windows/fetching.py": "lets pip ask a stand-in of ours for the name of what it fetches",
    "node/update/files/starting.py": "says the same for a supervisor that becomes that program",
    "node/practice/farm.py": "starts farms with the code that runs here, installed or not",
    "node/pod/needs.py": "names what loads code, to find it in the source of a release",
}
LOADERS = {
    *("eval", "exec", "__import__", "importlib.import_module", "importlib.util.spec_from_file_location"),
    *("importlib.machinery.SourceFileLoader", "runpy.run_path", "runpy.run_module", "site.addsitedir"),
}
MAY_LOAD = {
    "node/cli/commands.py": "loads a command of its own table, by name",
    "node/sandbox/inside.py": "loads in a container what a vault will load there",
}
PATH_ATTRIBUTES = {"sys.path", "sys.path_hooks", "sys.meta_path"}


def task_offences(source: Source) -> list[str]:
    found = []
    for item in source.nodes:
        if not isinstance(item, ast.Expr) or not isinstance(item.value, ast.Call):
            continue
        target = item.value.func
        if isinstance(target, ast.Attribute) and target.attr in SPAWNING:
            holder = ast.unparse(target.value).lower().removesuffix("()")
            if holder.endswith(GROUPS_ARE_NOT):
                found.append(f"{source.name}:{item.lineno} nobody holds this task")
        elif isinstance(target, ast.Name) and target.id in SPAWNING:
            found.append(f"{source.name}:{item.lineno} nobody holds this task")
    return found


def pool_offences(source: Source) -> list[str]:
    return [
        f"{source.name}:{item.lineno} uses a thread that the loop waits for when it closes; gui.disk has one of its own"
        for item in source.nodes
        if (isinstance(item, ast.Attribute) and item.attr in POOLED)
        or (isinstance(item, ast.Name) and item.id in POOLED)
    ]


def is_wide(handler: ast.ExceptHandler) -> bool:
    names = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(name is None or dotted(name) in {"Exception", "BaseException"} for name in names)


def does_nothing(body: list[ast.stmt]) -> bool:
    return all(
        isinstance(item, (ast.Pass, ast.Continue))
        or (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))
        for item in body
    )


def error_offences(source: Source) -> list[str]:
    found = []
    for item in source.nodes:
        if isinstance(item, ast.ExceptHandler) and item.type is None:
            found.append(f"{source.name}:{item.lineno} catches everything, even the end of the process")
        elif isinstance(item, ast.ExceptHandler) and is_wide(item) and does_nothing(item.body):
            found.append(f"{source.name}:{item.lineno} swallows every error")
        elif isinstance(item, ast.Call) and dotted(item.func).endswith("suppress"):
            wide = [name for argument in item.args if (name := dotted(argument)) in {"Exception", "BaseException"}]
            found += [f"{source.name}:{item.lineno} suppresses every {name}" for name in wide]
    return found


def strings(source: Source) -> list[tuple[int, str]]:
    docstrings = {
        id(item.body[0].value)
        for item in source.nodes
        if isinstance(item, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and item.body
        and isinstance(item.body[0], ast.Expr)
    }
    constants = [item for item in source.nodes if isinstance(item, ast.Constant) and id(item) not in docstrings]
    return [(item.lineno, item.value) for item in constants if isinstance(item.value, str)]


def path_offences(source: Source) -> list[str]:
    if source.name in PATH_CHANGERS:
        return []
    found = [
        f"{source.name}:{item.lineno} touches {dotted(item)}; a slot is started by node.sandbox alone"
        for item in source.nodes
        if isinstance(item, ast.Attribute) and dotted(item) in PATH_ATTRIBUTES
    ]
    if source.name not in PATH_NAMERS:
        found += [
            f"{source.name}:{line} speaks of {word}"
            for line, text in strings(source)
            for word in ("PYTHONPATH", "PYTHONOPTIMIZE", "sys.path", "runpy")
            if word in text
        ]
    found += [f"{source.name}:{line} is -O" for line, text in strings(source) if text in {"-O", "-OO"}]
    if source.name not in MAY_LOAD:
        found += [f"{source.name}:{line} loads code by {name}" for line, name in calls(source) if name in LOADERS]
    return found


def test_every_task_has_an_owner():
    expect_none(offence for source in sources("node/", "gui/", "tests/") for offence in task_offences(source))


def test_nothing_that_hangs_keeps_the_app_from_ending():
    expect_none(offence for source in sources("gui/") for offence in pool_offences(source))


def test_no_error_is_swallowed_unseen():
    checked = sources("node/", "gui/", "installers/")
    expect_none(offence for source in checked for offence in error_offences(source))


def test_only_the_sandbox_puts_a_slot_on_the_path_and_nothing_switches_assertions_off():
    checked = sources("node/", "gui/", "installers/")
    expect_none(offence for source in checked for offence in path_offences(source))


def test_every_exception_from_these_rules_still_exists():
    names = {source.name for source in sources("node/", "installers/")}
    assert {*PATH_CHANGERS, *PATH_NAMERS, *MAY_LOAD} - names == set()


def test_the_tests_run_with_assertions_on():
    assert sys.flags.optimize == 0


class TestThePlantedOffenceIsFound:
    def test_a_task_that_nobody_holds(self):
        assert task_offences(Source("node/a.py", "import asyncio\nasyncio.create_task(f())")) != []
        assert task_offences(Source("node/a.py", "from asyncio import ensure_future\nensure_future(f())")) != []
        assert task_offences(Source("node/a.py", "asyncio.get_running_loop().create_task(f())")) != []
        assert task_offences(Source("node/a.py", "self._loop.create_task(f())")) != []
        assert task_offences(Source("node/a.py", "task = asyncio.create_task(f())\ntasks.create_task(g())")) == []

    def test_a_thread_for_which_the_app_would_wait(self):
        assert pool_offences(Source("gui/a.py", "import asyncio\nawait asyncio.to_thread(f)")) != []
        assert pool_offences(Source("gui/a.py", "from asyncio import to_thread\nawait to_thread(f)")) != []
        assert pool_offences(Source("gui/a.py", "await asyncio.get_running_loop().run_in_executor(None, f)")) != []
        assert pool_offences(Source("gui/a.py", "await Question(f).answer(otherwise=None)")) == []

    def test_an_error_that_is_swallowed(self):
        assert error_offences(Source("node/a.py", "try:\n    f()\nexcept:\n    raise")) != []
        assert error_offences(Source("node/a.py", "try:\n    f()\nexcept Exception:\n    pass")) != []
        assert error_offences(Source("node/a.py", "try:\n    f()\nexcept (OSError, Exception):\n    ...")) != []
        assert error_offences(Source("node/a.py", "with contextlib.suppress(Exception):\n    f()")) != []
        assert error_offences(Source("node/a.py", "try:\n    f()\nexcept OSError:\n    pass")) == []

    def test_a_slot_on_the_path_of_a_privileged_process(self):
        assert path_offences(Source("node/supervisor/launch.py", "import sys\nsys.path.insert(0, slot)")) != []
        assert path_offences(Source("node/supervisor/launch.py", "sys.path = [slot]")) != []
        assert path_offences(Source("node/practice/host.py", "code = 'import sys; sys.path.append(1)'")) != []
        assert path_offences(Source("node/practice/host.py", "env = {'PYTHONPATH': slot}")) != []
        assert path_offences(Source("node/update/jobs.py", "import runpy\nrunpy.run_path(slot)")) != []
        assert path_offences(Source("node/update/jobs.py", "from importlib import import_module as f\nf(x)")) != []

    def test_assertions_that_are_switched_off(self):
        assert path_offences(Source("node/sandbox/child.py", "command = [python, '-O']")) != []
        assert path_offences(Source("node/sandbox/child.py", "env = {'PYTHONOPTIMIZE': '1'}")) != []
