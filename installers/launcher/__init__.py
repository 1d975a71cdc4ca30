"""The launcher: installed once, it starts the app and runtime that are current, and leaves those that fail.

    __main__.py      the door, started by its folder's name
    keeping.py       starts a program, waits for its end or its mark, starts what comes after it
    choosing.py      which program is next, and when one is left (pure)
    record.py        which program runs, as it stands on disk
    package.py       a newer package that a person has installed
    history.py       what happened to programs, for a person to read later
    trees.py         whether a slot holds what it is named by
    starting.py      how a program is started
    processes.py     a process and its end, on each operating system
    job.py           Windows: a node ends with its launcher
    lock.py          one launcher of a home's node at a time
    arguments.py     what was asked for, and of which home
    disk.py          small files, whole after a power cut
    words.py         what it says

Standard library only, and little of it: it is never replaced, so nothing here may need to be.  No release can change
it; it therefore trusts no file to be readable, no disk to be writable, and no program to end when asked.
"""
