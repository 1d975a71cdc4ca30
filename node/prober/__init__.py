"""The client that asks both twins: the same request to each, in random order, and what they answered.

It runs sandboxed, from the app slot, under identities that are thrown away, and does not know which twin is the
candidate.  ``control`` is its contract with the supervisor, which draws the questions and checks the answers;
``judging`` (pure) says what an answer is worth, on both sides; ``prober`` asks; ``__main__`` is its process.
"""
