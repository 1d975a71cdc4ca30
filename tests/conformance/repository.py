"""A small repository of a Perennial network on 127.0.0.1, whose keys the tests hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from node.pod.statements import first_head
from node.trust.head import Head
from tests.pod_world import PODS, member
from tests.signed_world import World, built


class Repository:
    """What a server offers of a world: its newest head as files, and the targets.  ``asked`` is what was asked for."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.world = World(pods=[member(name) for name in PODS])  # roots are hybrid
        self.world.genesis, self.world.head = first_head(self.world.pods, self.world.founders, now)
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []

    def release(self, version: str, **changes: Any) -> Head:
        """Publish the head with one more release, and what was released."""
        head = self.world.release(version, now=self.now, **changes)
        content = built(version).manifest
        self.files[f"targets/vault/{hashlib.sha256(content).hexdigest()}.{version}"] = content
        self.publish(head)
        return head

    def publish(self, head: Head) -> None:
        """Offer the head; older files of other names stay, as on any server."""
        roots = [self.world.genesis, *(self.world.roots[address] for address in head.roots)]
        # Not read strictly: a server also offers what nobody should take.
        is_consistent = json.loads(roots[-1])["signed"]["consistent_snapshot"]
        snapshot = json.loads(head.snapshot)["signed"]
        self._offer({f"{number}.root": root for number, root in enumerate(roots, 1)} | {"timestamp": head.timestamp})
        self._offer({f"{snapshot['version']}.snapshot" if is_consistent else "snapshot": head.snapshot})
        for role, content in {"targets": head.targets, **head.delegated}.items():
            version = snapshot["meta"][f"{role}.json"]["version"]
            self._offer({f"{version}.{role}" if is_consistent else role: content})

    def _offer(self, files: dict[str, bytes]) -> None:
        self.files |= {f"metadata/{name}.json": content for name, content in files.items()}


@contextmanager
def served(repository: Repository) -> Iterator[str]:
    """Serve the repository; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.removeprefix("/")
            repository.asked.append(name)
            content = repository.files.get(name)
            self.send_response(200 if content is not None else 404)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
