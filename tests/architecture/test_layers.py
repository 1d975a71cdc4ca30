"""Who may import whom, and which foreign package belongs to one folder alone."""

from tests.architecture.sources import Source, expect_none, imports, is_below, sources

# Each package with what it may import of ours besides itself.  Whatever is not listed is forbidden.
# A package stands for all that is in it; with ".__init__" for its front page alone.
FRONT = ("node.__init__", "node.vault.__init__")
PURE_VAULT = (
    *("node.vault.core", "node.vault.share", "node.vault.errors", "node.vault.ports", "node.vault.control"),
    *("node.vault.noting", "node.vault.rating", "node.vault.load", "node.vault.looks", "node.vault.limiting"),
    *FRONT,
)
SCHEMA = (
    *("node.api.schema", "node.api.texts", "node.api.health", "node.api.checks", "node.api.check_texts"),
    *(
        "node.api.doctor_texts",
        "node.api.pauses",
        "node.api.told",
        "node.api.program_texts",
        "node.api.wishes",
        "node.api.invitation_texts",
        "node.api.__init__",
    ),
)
SERVING = ("node.api.routes", "node.api.openapi", "node.api.metrics", "node.api.request_texts")
DECIDING = ("node.trust", "node.trial")
ACTING = ("node.sandbox", "node.prober", "node.update")
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "node.vault.core": PURE_VAULT,
    "node.vault.share": ("node.vault.errors",),
    "node.vault.errors": (),
    "node.vault.ports": ("node.vault.core.identity", "node.vault.looks"),
    "node.vault.control": (
        *("node.vault.errors", "node.vault.noting", "node.vault.rating", "node.vault.load", "node.vault.looks"),
        "node.vault.limiting",
    ),
    "node.vault.noting": (),
    "node.vault.rating": (),
    "node.vault.load": (),
    "node.vault.looks": (),
    "node.vault.limiting": (),
    "node.vault.storage": (
        *("node.vault.share", "node.vault.errors", "node.vault.ports", "node.vault.core.held", *FRONT),
    ),
    "node.vault.transport": (
        *("node.vault.core", "node.vault.errors", "node.vault.ports", "node.vault.looks", "node.vault.limiting"),
        *FRONT,
    ),
    "node.vault": FRONT,
    "node.trust": PURE_VAULT,
    "node.trial": PURE_VAULT,
    "node.sandbox": ("node.vault", "node.trust", *FRONT),
    "node.prober": ("node.vault", *FRONT),
    "node.update": ("node.vault", *DECIDING, "node.sandbox", "node.prober", *SCHEMA, *FRONT),
    "node.keys": ("node.trust", *SCHEMA, *FRONT),
    "node.supervisor": ("node.vault", "node.keys", *DECIDING, *ACTING, *SCHEMA, "node.api.door", *FRONT),
    "node.api.schema": (),
    "node.api.texts": ("node.api.told",),
    "node.api.told": ("node.api.schema",),
    "node.api.health": ("node.api.checks", "node.api.schema", "node.api.texts", "node.api.told"),
    "node.api.doctor_texts": ("node.api.schema", "node.api.texts", "node.api.told"),
    "node.api.request_texts": ("node.api.texts", "node.api.told"),
    "node.api.door": (),
    "node.api.client": (*PURE_VAULT, *SCHEMA, "node.api.door"),
    "node.api.checks": ("node.api.schema", "node.api.check_texts", "node.api.told", "node.vault.looks"),
    "node.api.check_texts": ("node.api.texts", "node.api.told"),
    "node.api.pauses": ("node.api.schema",),
    "node.api.program_texts": ("node.api.told",),
    "node.api.wishes": ("node.api.texts", "node.api.told"),
    "node.api.invitation_texts": ("node.api.texts", "node.api.told"),
    "node.api.shares": (*PURE_VAULT, *SCHEMA, "node.api.client", "node.vault.storage.filesystem"),
    "node.api.routes": (*PURE_VAULT, *SCHEMA),
    "node.api.openapi": (*SCHEMA, "node.api.routes"),
    "node.api.metrics": SCHEMA,
    "node.api.handlers": (*PURE_VAULT, *SCHEMA, *SERVING, "node.api.shares"),
    "node.api.server": (*PURE_VAULT, *SCHEMA, *SERVING, "node.api.handlers", "node.api.door", "node.supervisor"),
    "node.api": (),
    "node.pod": ("node.vault", "node.keys", "node.trust", "node.api.client", *SCHEMA, *FRONT),
    "node.practice": ("node.vault", *DECIDING, *ACTING, "node.supervisor", "node.pod", "node.api", *FRONT),
    "node.rehearsal": (
        *("node.vault", *DECIDING, *ACTING, "node.supervisor", "node.pod", "node.practice", "node.api", *FRONT),
    ),
    "node.cli": ("node", "gui.__main__"),  # `perennial` without a command is the tray app
    "gui": ("node.api.client", "node.api.schema"),
}

OWNERS = {
    "iroh": "node.vault.transport",
    "zeroconf": "node.vault.transport",
    "segno": "node.cli",
    "qasync": "gui",
    "PySide6": "gui",
    "shiboken6": "gui",
    "keyring": "node.keys",
    "tuf": "node.trust",
    "securesystemslib": "node.trust",
    "zstandard": "node.trust",
    "aiohttp": "node.api",
    "click": "node.cli",
    "rich": "node.cli",
}
# The pods' tools write what node.trust reads, with the same libraries; the practice network draws its live view.
ALSO_ALLOWED = {"tuf": ("node.pod",), "securesystemslib": ("node.pod",), "rich": ("node.practice",)}


def layer_of(module: str) -> str:
    """Return the most precise package of the table that this module belongs to."""
    return max((package for package in MAY_IMPORT if is_below(module, package)), key=len, default="")


def existing_modules() -> frozenset[str]:
    return frozenset(source.module for source in sources("node/", "gui/"))


def imported_module(name: str, modules: frozenset[str]) -> str:
    """Return the module behind an imported name, which may also be something defined in its package."""
    while name not in modules and "." in name:
        name = name.rpartition(".")[0]
    is_package = any(module.startswith(name + ".") for module in modules)
    return f"{name}.__init__" if is_package else name


def layer_offences(source: Source, modules: frozenset[str]) -> list[str]:
    if source.module == "node":
        return [f"{source.name}:{line} the map imports {name}" for line, name in imports(source)]
    layer = layer_of(source.module)
    if not layer:
        return [f"{source.name} belongs to no layer; give it one in this test and in the map"]
    return [
        f"{source.name}:{line} {layer} imports {name}"
        for line, name in imports(source)
        if name.split(".")[0] in {"node", "gui"}
        and not is_below(imported_module(name, modules), layer, *MAY_IMPORT[layer])
    ]


def owner_offences(source: Source) -> list[str]:
    return [
        f"{source.name}:{line} imports {name}, which belongs to {OWNERS[top]}"
        for line, name in imports(source)
        if (top := name.split(".")[0]) in OWNERS
        and not is_below(source.module, OWNERS[top], *ALSO_ALLOWED.get(top, ()))
    ]


def test_imports_point_inwards():
    modules = existing_modules()
    expect_none(offence for source in sources("node/", "gui/") for offence in layer_offences(source, modules))


def test_a_foreign_package_is_imported_by_its_owner_alone():
    expect_none(offence for source in sources("node/", "gui/") for offence in owner_offences(source))


def planted(name: str, text: str) -> list[str]:
    return layer_offences(Source(name, text), existing_modules()) + owner_offences(Source(name, text))


class TestThePlantedOffenceIsFound:
    def test_the_vault_layer_that_looks_outside_itself(self):
        assert planted("node/vault/driver.py", "from node.trust import chain") != []
        assert planted("node/vault/driver.py", "def late():\n    import node.update.files.slots") != []
        assert planted("node/vault/core/vault.py", "from ...trust import chain") != []

    def test_the_vaults_core_that_reaches_for_its_edges(self):
        assert planted("node/vault/core/vault.py", "from node.vault.storage import chunk_store") != []
        assert planted("node/vault/share/tree.py", "from node.vault import driver") != []

    def test_a_layer_that_looks_outwards(self):
        assert planted("node/trust/chain.py", "from node.update import driver") != []
        assert planted("node/trial/trial.py", "from node.vault.transport import endpoint") != []
        assert planted("node/sandbox/child.py", "from node.supervisor.home import Home") != []
        assert planted("node/supervisor/supervisor.py", "from node import cli") != []

    def test_a_gui_that_knows_more_than_the_api(self):
        assert planted("gui/window.py", "from node.supervisor import home") != []
        assert planted("gui/window.py", "import node") != []

    def test_a_node_that_opens_a_window(self):
        assert planted("node/cli/tray.py", "import gui.window") != []
        assert planted("node/cli/tray.py", "from PySide6 import QtCore") != []
        assert planted("node/supervisor/supervisor.py", "import qasync") != []

    def test_a_second_door_to_the_network(self):
        assert planted("node/prober/prober.py", "import iroh") != []

    def test_a_folder_without_a_layer(self):
        assert planted("other/thing.py", "") != []


def test_what_is_allowed_passes():
    assert planted("node/vault/core/lookup.py", "from node.vault.core import identity\nfrom node import vault") == []
    assert planted("node/update/jobs.py", "from node.trust.release import Release\nfrom node.api import schema") == []
    assert planted("gui/feed.py", "import qasync\nfrom node.api.client import Client") == []
    assert planted("node/cli/run.py", "from node.supervisor.home import Home") == []
