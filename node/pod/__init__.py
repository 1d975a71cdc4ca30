"""The developers' tools: found a network, build a release, sign it pod by pod, publish it; recall one, exchange a pod.

who
    parties.py       pods and founders: what everybody sees of them, and what they are at the moment of signing
    keys.py          where their keys are kept: keyring, file behind a passphrase, or open in a practice network
    invitation.py    the public part that somebody hands over to become part of a network
what is signed, made in memory
    writing.py       what all statements have in common
    founding.py      the first statements of a network
    statements.py    the first head, the draft of a release, a heartbeat
    listing.py       what a role lists: its last releases, and with every app its runtimes
    rotation.py      the next root and everything below it
    conflict.py      contradicting signatures, as a halted farm carries them
    resolution.py    the rotation that ends such a conflict
    plans.py         what pods can do together, and the statements that each of it comes down to
    known.py         a network as one of its pods knows it
    proposal.py      a plan with its statements and the signatures that they have so far
what people handle
    signing_file.py  the one file that pods exchange until enough have signed
    needs.py         what the source of a release needs
    capabilities.py  what a release declares, and what asking for more takes
    describe.py      what it comes to, in plain words; difference.py: what a release changes
    describe_conflict.py    who signed what twice, and what each branch releases
    pace.py          whether a release comes too soon after the one before
    dates.py         until when what was signed holds; silent.py: which pods have signed nothing for long
    sign.py          one pod signs, having rebuilt what it releases
    memory.py        what pods have signed, so that none signs what contradicts it; signed_files.py: its files
    finish.py        a file that enough have signed becomes what the network has published
    network.py       the folder of a network; kept.py: the releases in it
    sources.py       the files of a release, from a checkout or a tree that was built
    build.py         a release from these files; release_file.py: what it says of itself
    packing.py       the files of an app or a runtime as chunks; deltas.py: what leads to them from releases before
    runtime/         a runtime from pinned packages
    publish.py       a signed release as one head and its chunks, handed to a node
files.py and errors.py serve them all.

A pod signs what it has built itself, and statements that it has derived itself from what the file says shall happen.
"""
