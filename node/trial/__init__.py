"""When is a sacrificial vault good enough?  The trial of a release on one node, pure: events in, a verdict out.

Files, from the inside out: ``rule`` weighs one metric; ``profile`` holds all limits; ``evidence`` makes blocks of
pairs and samples; ``relayed`` counts what the farm's own vault asked, ``handed`` what the twins handed over; ``news``
says who passes on heads; ``peers`` sums up neighbours; ``faults`` tells the candidate's from the computer's;
``ratchet`` looks back at the versions of the last year; ``comparison`` weighs the blocks in all metrics; ``timing``
keeps the trial's own time; ``trial`` decides; ``verdict`` says it in words; ``events`` is what it is told; ``stored``
reads what was kept.  Between farms: ``membership`` says in which wave a farm is, ``notes`` what it tells others,
``book`` whom it has met, ``waves`` what it makes of what others tell.
"""

from node.trial.events import (
    ChunkLost,
    Denied,
    Event,
    HostFault,
    NewsAsked,
    PairMeasured,
    PeersRated,
    Rescanned,
    Resumed,
    Started,
    Ticked,
    Twin,
    UsageSampled,
    VaultExited,
    VaultStarted,
)
from node.trial.evidence import Ask, Kind, Pair, Usage
from node.trial.peers import Report
from node.trial.profile import METRICS, PRACTICE, REAL, Margins, MetricName, Profile
from node.trial.trial import Trial, UnreadableTrial
from node.trial.verdict import MetricProgress, Noise, Outcome, Progress, Verdict

__all__ = [
    "METRICS",
    "PRACTICE",
    "REAL",
    "Ask",
    "ChunkLost",
    "Denied",
    "Event",
    "HostFault",
    "Kind",
    "Margins",
    "MetricName",
    "MetricProgress",
    "NewsAsked",
    "Noise",
    "Outcome",
    "Pair",
    "PairMeasured",
    "PeersRated",
    "Profile",
    "Progress",
    "Report",
    "Rescanned",
    "Resumed",
    "Started",
    "Ticked",
    "Trial",
    "Twin",
    "UnreadableTrial",
    "Usage",
    "UsageSampled",
    "VaultExited",
    "VaultStarted",
    "Verdict",
]
