"""A trial: two twins next to each other, one of them the candidate, asked and watched until there is a verdict.

run.py           one trial end to end: twins, prober, samples, neighbours' tables
order.py         what it is held of, and beside what
making.py        its twins, drawn anew or as they were
sides.py         the two twins through all their runs
folders.py       where their data lie, beside the own store, and how they go
identities.py    throw-away identities next to each other
plan.py          what to ask next (pure)
interview.py     the same questions to both, and every answer checked
probing.py       the prober that puts them, through all its runs
observations.py  what twins and neighbours say, as the trial understands it (pure)
overuse.py       what a twin takes from the disk, or from its twin's time
settling.py      what a twin no longer has: handed over, or lost
restarts.py      twins started again on their own data, on purpose or because the trial was cut off
state.py         what a running trial must know after a power cut
keeping.py       when that is written down
decoys.py        the version in use beside itself, now and then
drift.py         how the version in use compares with those of the last year (pure)
self_test.py     a candidate asked by ourselves alone, where there was no proof
rehearsal.py     the way back, rehearsed on what the candidate left

What the evidence means is ruled in ``node.trial``, which is pure; here it is gathered.
"""
