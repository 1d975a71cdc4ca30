"""What a child that reads bytes from strangers may not do, per operating system, and the honest report of it.

    spec.py      what a child is given: its slot, its data, its memory; the command that starts it
    launch.py    the launcher: a small program that gives up its powers and becomes the child
    linux.py     Landlock, capabilities, limits, parent's death
    seccomp.py   the system calls that a child may not make
    report.py    what is in force, in three levels, and the self-test that proves it
    probe.py     the self-test: run inside, it tries what must fail
    child.py     a contained child and its control channel
    log.py       where a child's noise goes, so that noise costs nothing
    errors.py    what can go wrong with a child, by what the caller has to do

``launch``, ``linux``, ``seccomp`` and ``probe`` use the standard library alone: they run without site-packages.

Linux only today.  On macOS and Windows a child starts uncontained, and the report says so.
What stays open on Linux, and is therefore not promised: UDP to every address, the home network included;
``stat`` and ``readlink`` of any path that the user may see; filling the disk with many files.
"""
