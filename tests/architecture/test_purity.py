"""What decides computes; clocks, chance, disks and processes belong to the edges, which hand them in."""

from tests.architecture.sources import Source, calls, expect_none, imports, is_below, sources

PURE = ("node.vault.core", "node.vault.share", "node.trust", "node.trial", "node.update.lifecycle")
ALSO_PURE = (
    *("node.vault.errors", "node.vault.ports", "node.vault.control", "node.vault.noting"),
    "node.vault.rating",
    *("node.vault.load", "node.vault.limiting"),
    *("node.api.schema", "node.api.texts", "node.api.doctor_texts", "node.api.request_texts", "node.api.pauses"),
    *("node.api.routes", "node.api.openapi", "node.api.metrics", "node.supervisor.scrub"),
    *("node.supervisor.pausing", "node.supervisor.rates", "node.rehearsal.seen"),
)

IMPURE_MODULES = {
    *("aiohttp", "asyncio", "concurrent", "ctypes", "fcntl", "http", "importlib", "io", "iroh", "multiprocessing"),
    *("os", "pathlib", "platform", "psutil", "random", "secrets", "select", "shutil", "signal", "socket", "sqlite3"),
    *("ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid"),
}
# Names of which a pure module may use the type.  What they do is in FORBIDDEN_CALLS.
TYPES_ONLY = {"pathlib.Path", "pathlib.PurePosixPath", "random.Random"}
IMPURE_CALLS = {"open", "print", "input", "exec", "eval", "__import__", "breakpoint"}

CLOCKS = {
    *("time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.sleep"),
    *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today"),
}
CHANCE = {
    *("os.urandom", "os.getrandom", "random.Random", "random.SystemRandom", "random.random", "random.randrange"),
    *("random.randint", "random.randbytes", "random.choice", "random.choices", "random.sample", "random.shuffle"),
    *("random.uniform", "random.expovariate", "random.gauss", "random.seed", "uuid.uuid1", "uuid.uuid4"),
    *("secrets.token_bytes", "secrets.token_hex", "secrets.token_urlsafe", "secrets.randbelow", "secrets.choice"),
}
FORBIDDEN_CALLS = CLOCKS | CHANCE
# The modules at the outermost edge, where real clocks and real chance enter; everybody else is handed them.
EDGES = {
    "node.vault.__main__": "the main of the vault's process joins the core with this machine",
    "node.vault.clock": "is the clock that these mains hand in",
    "node.prober.__main__": "the main of the prober's process does the same",
    "node.cli": "what a person started on this machine, now",
    "node.practice": "plays people, farms and chance on this machine",
    "node.rehearsal": "plays developers and neighbours on this machine",
    "node.pod.network": "makes keys and writes dates, by a person's hand",
    "node.supervisor.home": "names a file that nobody else may guess",
    "node.sandbox.probe": "tries out what this machine really forbids",
    "gui.__main__": "the main of the window's process",
    "gui.clock": "is the time of day that the app hands in",
    "gui.app": "joins the window with this machine",
}


def import_offences(source: Source) -> list[str]:
    if not is_below(source.module, *PURE, *ALSO_PURE):
        return []
    return [
        f"{source.name}:{line} a pure module imports {name}"
        for line, name in imports(source)
        if name.split(".")[0] in IMPURE_MODULES and name not in TYPES_ONLY
    ]


def call_offences(source: Source) -> list[str]:
    found = [
        f"{source.name}:{line} calls {name}; let it be handed in"
        for line, name in calls(source)
        if name in FORBIDDEN_CALLS and not is_below(source.module, *EDGES)
    ]
    if is_below(source.module, *PURE, *ALSO_PURE):
        found += [
            f"{source.name}:{line} a pure module calls {name}" for line, name in calls(source) if name in IMPURE_CALLS
        ]
    return found


def test_what_decides_imports_nothing_that_acts():
    expect_none(offence for source in sources("node/") for offence in import_offences(source))


def test_clocks_and_chance_enter_at_the_edges_only():
    expect_none(offence for source in sources("node/", "gui/") for offence in call_offences(source))


def test_every_pure_folder_and_every_edge_exists():
    modules = {source.module for source in sources("node/")}
    named = {name for name in (*PURE, *ALSO_PURE, *EDGES) if name.startswith("node.")}
    assert {name for name in named if not any(is_below(module, name) for module in modules)} == set()


class TestThePlantedOffenceIsFound:
    def test_a_core_that_imports_what_acts(self):
        assert import_offences(Source("node/vault/core/lookup.py", "import time")) != []
        assert import_offences(Source("node/trust/chain.py", "from os import path")) != []
        assert import_offences(Source("node/trial/rule.py", "def late():\n    import asyncio.tasks")) != []
        assert import_offences(Source("node/update/lifecycle.py", "import socket as plug")) != []

    def test_a_clock_that_is_read_under_another_name(self):
        assert call_offences(Source("node/update/jobs.py", "from time import monotonic as now\nnow()")) != []
        assert call_offences(Source("node/update/jobs.py", "import datetime as d\nd.datetime.now()")) != []
        assert call_offences(Source("node/supervisor/state.py", "from datetime import datetime\ndatetime.now()")) != []

    def test_chance_that_is_drawn_in_passing(self):
        assert call_offences(Source("node/trial/timing.py", "import random\nrandom.expovariate(1)")) != []
        assert call_offences(Source("gui/window.py", "import uuid\nuuid.uuid4()")) != []

    def test_a_core_that_reads_a_file_or_talks(self):
        assert call_offences(Source("node/vault/share/tree.py", "open('x')")) != []
        assert call_offences(Source("node/trial/verdict.py", "print('promoted')")) != []


def test_what_is_allowed_passes():
    handed_in = "def decide(now_s, random):\n    return now_s() + random.random()"
    assert call_offences(Source("node/trial/timing.py", handed_in)) == []
    assert call_offences(Source("node/vault/__main__.py", "import time\ntime.monotonic()")) == []
    assert import_offences(Source("node/update/jobs.py", "import os")) == []
