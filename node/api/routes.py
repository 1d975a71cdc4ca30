"""Everything that the local API serves, in one table: the server takes its routes from it, and so does its description.

A route that is missing here is not served, and one that is here is described.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from node.api.schema import (
    HeadAnswer,
    Invitation,
    Joined,
    JoinRequest,
    NetworkView,
    PauseRequest,
    Settings,
    SettingsPatch,
    Status,
    StoredChunk,
    StoredShare,
    TrialView,
    Updates,
)
from node.vault.control import HEAD_BYTES_MAX
from node.vault.share.tree import CHUNK_BYTES_MAX

JSON: Final = "application/json"
BYTES: Final = "application/octet-stream"
EVENTS: Final = "text/event-stream"
METRICS: Final = "text/plain; version=0.0.4; charset=utf-8"
TAR: Final = "application/x-tar"
TEXT: Final = "text/plain; charset=utf-8"

JSON_BYTES_MAX: Final = 64 << 10
NUMBER_DIGITS_MAX: Final = 18
NAME_CHARACTERS_MAX: Final = 255
AT_CHARACTERS_MAX: Final = 64

Method = Literal["GET", "PATCH", "POST", "PUT"]

# What goes wrong before, or instead of, an answer of the node: code -> status and what it means.
FAILURES: Final[Mapping[str, tuple[int, str]]] = {
    "api.request": (400, "The request is malformed."),
    "api.token": (401, "On a TCP port: there is no token, or it is not that of this run."),
    "api.host": (403, "On a TCP port: the request is meant for another host than this computer."),
    "api.origin": (403, "On a TCP port: the request was made by a web page."),
    "api.path": (404, "There is nothing at this path."),
    "api.method": (405, "The method is not possible at this path."),
    "api.slow": (408, "The body stopped coming."),
    "api.too_large": (413, "The body is too large."),
    "internal": (500, "A fault inside; the log says what."),
    "api.busy": (503, "As much of this is under way as may be at once; try again later."),
    "api.timeout": (504, "It took too long and was ended."),
}
NODES_OWN: Final = 409  # with a code of the node's own: it understood, and cannot or will not
EVERYWHERE: Final = ("api.request", "api.token", "api.host", "api.origin", "internal", "api.timeout")


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries.  ``kind``: a type of the schema, or None for bytes; ``bytes_max`` None: no limit."""

    kind: type | None
    bytes_max: int | None
    bytes_min: int = 0


@dataclass(frozen=True, slots=True)
class Parameter:
    """``place``: in the path or in the query; ``schema``: JSON Schema of what it may be."""

    name: str
    place: Literal["path", "query"]
    schema: Mapping[str, Any]
    summary: str
    is_needed: bool = True


@dataclass(frozen=True, slots=True)
class Route:
    """One thing that can be asked.

    ``answers`` maps each media type of a good answer to the type of the schema that it holds, None for anything else.
    ``codes``: what can go wrong besides what can everywhere; ``refusals``: codes of the node's own, as far as known.
    ``is_lasting``: it goes on as long as something comes or goes; else it is ended after the server's limit, which is
    longer if it ``is_queued`` behind others on the farmer's line.
    """

    method: Method
    path: str
    name: str
    summary: str
    answers: Mapping[str, Any]
    body: Body | None = None
    parameters: tuple[Parameter, ...] = ()
    codes: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    is_lasting: bool = False
    is_queued: bool = False


ADDRESS: Final = Parameter(
    "address", "path", {"type": "string", "pattern": "^[0-9a-f]{64}$"}, "64 digits, each 0 to 9 or a to f."
)
SINCE: Final = Parameter(
    "since", "query", {"type": "integer", "minimum": 0, "maximum": 10**NUMBER_DIGITS_MAX - 1},
    "The number of the last event that is known; without it, only what happens from now on.", is_needed=False,
)  # fmt: skip
NAME: Final = Parameter(
    "name", "query", {"type": "string", "minLength": 1, "maxLength": NAME_CHARACTERS_MAX},
    "What the file is called; a name that is possible on every system.",
)  # fmt: skip
AT: Final = Parameter(
    "at", "query", {"type": "string", "maxLength": AT_CHARACTERS_MAX},
    "An IP address at which a router passes the vault's port on to it.", is_needed=False,
)  # fmt: skip
VAULTS: Final = ("vault.unavailable", "vault.busy", "peer.unreachable", "peer.not_found", "resource.quota")
SHARES: Final = ("share.source", "share.not_stored", "share.not_fetched", "share.malformed")
# What the data of an Event is, by its kind.
EVENT_KINDS: Final[Mapping[str, Any]] = {
    "status": Status, "updates": Updates, "trial": TrialView | None, "settings": Settings,
}  # fmt: skip

ROUTES: Final = (
    Route("GET", "/v1/status", "status", "How the node stands, in one sentence and in figures.", {JSON: Status}),
    Route("GET", "/v1/updates", "updates", "Each release, its verdict and why.", {JSON: Updates}),
    Route("GET", "/v1/trial", "trial", "What the trial that runs has found so far.", {JSON: TrialView | None}),
    Route("GET", "/v1/settings", "settings", "What the farmer has set.", {JSON: Settings}),
    Route(
        "PATCH", "/v1/settings", "patch_settings", "Change what is given: all of it or, on any error, nothing.",
        {JSON: Settings}, Body(SettingsPatch, JSON_BYTES_MAX), codes=("api.too_large",),
        refusals=("settings", "port.in_use"),
    ),
    Route(
        "POST", "/v1/pause", "pause", "Help less for a while.", {JSON: Status}, Body(PauseRequest, JSON_BYTES_MAX),
        codes=("api.too_large",), refusals=("state",),
    ),
    Route("POST", "/v1/resume", "resume", "Go on now.", {JSON: Status}, refusals=("state",)),
    Route(
        "POST", "/v1/stop", "stop", "End the node, which hands over first what it keeps.  It answers at once, and"
        " goes on answering until it ends.", {JSON: Status},
    ),
    Route("GET", "/v1/network", "network", "The network as this vault sees it.", {JSON: NetworkView}),
    Route(
        "GET", "/v1/events", "events", "What changes, as it happens: server-sent events whose data is an Event.  An"
        " event called reload stands for those that were missed: read everything anew.",
        {EVENTS: None}, parameters=(SINCE,), codes=("api.busy",), is_lasting=True,
    ),
    Route(
        "PUT", "/v1/chunks", "put_chunk", "Store a chunk in the network.", {JSON: StoredChunk},
        Body(None, CHUNK_BYTES_MAX, bytes_min=1), codes=("api.too_large",), refusals=VAULTS, is_queued=True,
    ),
    Route(
        "GET", "/v1/chunks/{address}", "get_chunk", "Fetch a chunk from the network; it is checked.", {BYTES: None},
        parameters=(ADDRESS,), codes=("api.path",), refusals=VAULTS, is_queued=True,
    ),
    Route(
        "POST", "/v1/shares", "put_share", "Store a file in the network as a public share, while it comes.",
        {JSON: StoredShare}, Body(None, None), parameters=(NAME,), codes=("api.busy", "api.slow"), refusals=SHARES,
        is_lasting=True,
    ),
    Route(
        "GET", "/v1/shares/{address}", "get_share", "Fetch a share, each part checked before it is passed on: a file"
        " as it is, a folder as a tar archive.  An answer that ends early is not whole.",
        {BYTES: None, TAR: None}, parameters=(ADDRESS,), codes=("api.busy", "api.path"), refusals=SHARES,
        is_lasting=True,
    ),
    Route("GET", "/v1/heads", "head", "The head that the node carries; no bytes before the first one.", {BYTES: None}),
    Route(
        "POST", "/v1/heads", "offer_head", "Let the node judge a head.", {JSON: HeadAnswer},
        Body(None, HEAD_BYTES_MAX), codes=("api.too_large",), refusals=("state",),
    ),
    Route(
        "GET", "/v1/invitation", "invitation", "A text by which others find this node.", {JSON: Invitation},
        parameters=(AT,), refusals=("vault.unavailable", "invitation"),
    ),
    Route(
        "POST", "/v1/invitation", "join", "Take an invitation.", {JSON: Joined}, Body(JoinRequest, JSON_BYTES_MAX),
        codes=("api.too_large",), refusals=("invitation", "state"),
    ),
    Route(
        "GET", "/v1/diagnostics", "diagnostics", "A text to give to whoever helps: nothing secret is in it, and"
        " nothing that says who or where this is.", {TEXT: None},
    ),
    Route("GET", "/v1/openapi.json", "openapi", "This description.", {JSON: None}),
    Route("GET", "/metrics", "metrics", "Figures in the text format of Prometheus.", {METRICS: None}),
)  # fmt: skip
