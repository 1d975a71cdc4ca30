"""Who may change what: signed update metadata, checked against the genesis root.  Pure: bytes and times come in.

    errors.py        what can be wrong, by what the caller does about it
    strict.py        JSON from others that can be read in one way only
    head.py          the head: all files of one release state in one blob, cut to size before any parsing
    hybrid.py        the key type of the root role: Ed25519 and ML-DSA-65, both of which must verify
    metadata.py      python-tuf, wrapped: the only module that verifies with it
    policy.py        what TUF leaves open: key material, floors, the sunset, the hash chain, role and network
    layers.py        the layers: who releases them, what a release of each may contain, and how large it may be
    release.py       a release as the rest of the node sees it, and how a statement lists it
    packed.py        how the files of apps and runtimes travel: packed by zstd, or as patches
    delta.py         how to come from one tree to another without fetching whole files
    capabilities.py  what a release may do, and what nobody may ever ask for
    numbers.py       how high a statement may be numbered by a certain time
    anchor.py        what releases were last allowed as a whole, and what it takes to go beyond it
    equivocation.py  two statements that cannot both be true, as a proof that anyone can check
    roots.py         the way from the genesis root to the newest one, and what resolves a conflict
    state.py         the statements below the roots, verified, and compared with those that are held
    halting.py       what halts a chain, and when a halted one may go on
    chain.py         the chain of all heads verified so far; it never goes back, and a proof halts it
    freshness.py     how old the developers' last word is, and until when it holds
    recall.py        what the developers have recalled, and how far back that may lead

A peer is a carrier and nothing more: every byte it brings is checked here, and whatever is wrong with it
comes out as a branch of ``TrustError``.
"""
