"""The client that asks both twins: the same request to each, in random order, and what came of it.

It runs sandboxed, from the app slot, under an identity made for the run, and does not know which twin is the
candidate.  ``control`` is its contract with the supervisor, ``plan`` (pure) decides what to ask, ``prober`` asks.
"""
