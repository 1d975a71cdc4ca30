"""The files of versions: how they come from the network, lie on this disk, and which of them run.

fetching.py  what a release lacks, from the network into a slot
by_delta.py  the same by what differs from a tree that is here
chunks.py    chunks from the network, several at once, each checked
objects.py   what was fetched for slots that are not staged yet
slots.py     versions on disk, read-only, and the pointer to the one in use
pointers.py  that pointer, read and written
trees.py     trees of files: written, compared with their hash, removed
bytecode.py  byte code of a slot, prepared by us
programs.py  which pair of app and runtime runs, and which ran before it
starting.py  how a program is started, and where the launcher lies
kept.py      the store as it was before a version ran, for the way back
differences.py  what one folder lists and another does not, in little memory
links.py     hard links, and a vault's data copied with them
"""
