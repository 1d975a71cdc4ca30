"""How much a running vault keeps and has waiting, and how much each of it may be: by the limit that its module names.

What has none of its own is bounded by what can cause it: requests that are being answered, repairs, orders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from node.vault import control
from node.vault.core import fresh, fullness, gossip, handover, limits, presence, reliance, restore, works
from node.vault.core.audit import HEARINGS_MAX
from node.vault.core.close_group import CLOSE_GROUP_SUBNETS, SUBNET_VAULTS_MAX
from node.vault.core.desk import FORGOTTEN_KEPT, TAKERS_KEPT, VANISHED_KEPT
from node.vault.core.lanes import LANES_KEPT, SUBNET_AT_ONCE
from node.vault.core.lookup import PARALLEL
from node.vault.core.neighbourhood import FORMER_KEPT, WATCHED_MAX
from node.vault.core.ranking import PEERS_KEPT_MAX, SHUNNED_MAX
from node.vault.core.receipts import RECEIPTS_KEPT
from node.vault.core.replication import REPAIRS_AT_ONCE
from node.vault.core.routing_table import BUCKET_PEERS_MAX
from node.vault.driver import REQUESTS_MAX
from tests.simulation.network import SESSIONS_MAX

if TYPE_CHECKING:
    from tests.simulation.host import Process

ORDERS_MAX: Final = 64  # of people, at once, in these worlds
HOLDERS_MAX: Final = CLOSE_GROUP_SUBNETS * SUBNET_VAULTS_MAX  # whom one proof asks
PROOFS_MAX: Final = REPAIRS_AT_ONCE + handover.SHRINK_AT_ONCE + handover.LEAVING_AT_ONCE
DISK_MAX: Final = REQUESTS_MAX + PROOFS_MAX + HEARINGS_MAX + restore.PARALLEL + ORDERS_MAX  # works at once
# To everybody who is met for the first time goes a ping, and a newcomer meets all at once.
ASKS_MAX: Final = (
    PROOFS_MAX * HOLDERS_MAX + HEARINGS_MAX * PARALLEL + ORDERS_MAX * HOLDERS_MAX + control.CONTACTS_MAX * PARALLEL
)


def sizes(process: Process) -> list[tuple[str, int, int]]:
    """What, how much of it, and how much is allowed.  ``process`` listens."""
    vault: Any = process.vault
    driver: Any = process.driver
    endpoint: Any = process.endpoint
    desk: Any = vault._desk
    return [
        ("requests being answered", len(driver._replies), REQUESTS_MAX),
        ("effects being performed", len(driver._running), DISK_MAX + ASKS_MAX),
        ("sessions", len(endpoint._sessions), SESSIONS_MAX),
        ("asks", len(desk._asked), ASKS_MAX),
        ("reads", len(desk._reading), DISK_MAX),
        ("writes", len(desk._writing), DISK_MAX),
        ("removals", len(desk._removing), DISK_MAX),
        ("delayed writes", len(desk._delayed), DISK_MAX),
        ("alarms", len(desk._alarms), PROOFS_MAX + ORDERS_MAX * CLOSE_GROUP_SUBNETS),
        ("chunks gone before they were counted", len(desk._vanished), VANISHED_KEPT),
        ("takers", len(desk.takers), TAKERS_KEPT),
        ("chunks whose takers are forgotten", len(desk.forgotten), FORGOTTEN_KEPT),
        ("full peers", len(desk.fullness._said_s), fullness.FULL_KEPT),
        ("peers that refused for want of room", len(desk.fullness._refused_s), fullness.FULL_KEPT),
        ("chunks that came lately", len(desk.fresh._due), fresh.FRESH_MAX),
        ("who asked for one of them", max(map(len, desk.fresh._waiting.values()), default=0), fresh.ASKERS_MAX),
        ("peers in one bucket", max(map(len, desk.table._buckets.values()), default=0), BUCKET_PEERS_MAX),
        ("standings", len(desk.ledger._standings), PEERS_KEPT_MAX),
        ("shunned", len(desk.ledger._shunned), SHUNNED_MAX),
        ("records of reliance", len(desk.reliance._records), reliance.RECORDS_KEPT),
        *_of_limits(desk),
        *_of_neighbours(vault),
        *_of_copies(vault),
    ]


def _of_limits(desk: Any) -> list[tuple[str, int, int]]:
    pending = desk.limits
    return [
        ("pending requests", len(pending._pending), limits.PENDING_MAX),
        ("pending of one subnet", max(pending._pending_counts.values(), default=0), limits.PENDING_SUBNET_MAX),
        ("identities in the limits", len(pending._identities), limits.IDENTITIES_KEPT),
        ("subnets in the limits", len(pending._subnets), limits.SUBNETS_KEPT),
        *(
            ("subnets in the shares", len(buckets), limits.SUBNETS_KEPT)
            for buckets in (desk.shares._filled, desk.shares._restored, desk.shares._last)
        ),
    ]


def _of_neighbours(vault: Any) -> list[tuple[str, int, int]]:
    near, carrier, auditor = vault._neighbourhood, vault._carrier, vault._auditor
    return [
        ("former neighbours", len(near._former), FORMER_KEPT),
        ("watched", len(near._watched), WATCHED_MAX),
        ("pings", len(near._pings), len(near._pinged)),
        ("offers", len(carrier._offers), gossip.OFFERS_MAX),
        ("heads being fetched", len(carrier._fetching), gossip.FETCHES_MAX),
        ("digests named", len(carrier._named), gossip.NAMED_KEPT),
        ("digests seen", len(carrier._seen_until_s), gossip.DIGESTS_KEPT),
        ("subnets paused", len(carrier._paused_s), gossip.PAUSES_KEPT),
        ("former heads", len(carrier._former_s), gossip.FORMER_KEPT),
        ("subnets with heads alike", len(carrier._alike_s), gossip.ALIKE_SUBNETS),
        ("hearings", len(auditor._hearings), HEARINGS_MAX),
        ("receipts", len(auditor._receipts), RECEIPTS_KEPT),
    ]


def _of_copies(vault: Any) -> list[tuple[str, int, int]]:
    replicator, restorer, line, shrinking = vault._replicator, vault._restorer, vault._line, vault._shrinking
    work, there, in_lanes = replicator._works, replicator._presence, line.lanes._lanes
    waiting = len(line._waiting[True]) + len(line._waiting[False])
    at_work = [lane.at_work for lane in in_lanes.values()]
    return [
        ("proofs", replicator._running, REPAIRS_AT_ONCE),
        # Parking splits what could be pushed by the subnets of a close group.
        *(
            (f"works {kind.name}", work._first_tries[kind], works.ROOM[kind] * CLOSE_GROUP_SUBNETS)
            for kind in works.Kind
        ),
        ("works to be tried again", work.retrying, works.RETRIES_MAX * CLOSE_GROUP_SUBNETS),
        ("absent", len(there._absent), presence.ABSENT_MAX),
        ("gone", len(there._gone), presence.GOODBYES_KEPT),
        ("lost chunks", len(restorer._waiting), restore.WAITING_MAX),
        ("lost chunks being fetched", len(restorer._working), restore.PARALLEL),
        ("lanes", len(in_lanes), LANES_KEPT),
        ("turns in one lane", max(at_work, default=0), SUBNET_AT_ONCE),
        ("turns at the line", waiting, sum(at_work)),
        ("proofs to shrink", shrinking._running, handover.SHRINK_AT_ONCE),
        ("farthest chunks", len(shrinking._farthest), handover.SHRINK_ROUND),
        ("chunks to shrink by", len(shrinking._todo), handover.SHRINK_ROUND),
        ("proofs to leave", 0 if vault._leaving is None else vault._leaving._running, handover.LEAVING_AT_ONCE),
    ]
