"""The developers' tools: found a network, build a release, sign it pod by pod, publish it.

    errors.py      what can go wrong here, as one sentence
    statements.py  signed statements made in memory: the first head, a release's draft, a heartbeat
    network.py     the folder of a network: keys, genesis root, published metadata
    build.py       a release from a tree of source files; the same files always give the same bytes
    sign.py        one pod adds its signatures to a release
    publish.py     a signed release as one head and its chunks, handed to a node

A pod signs what it has built itself: ``build.compare`` says whether a release is what a checkout gives.
"""
