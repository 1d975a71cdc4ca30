"""What a child that reads bytes from strangers may not do, per operating system, and the honest report of it.

    spec.py      what a child is given: its slot, its data, its memory; the command that starts it
    launch.py    the launcher: a small program that gives up its powers and becomes the child
    start.py     how a child's process is started, per system
    linux.py     Landlock, capabilities, limits, parent's death
    seccomp.py   the system calls that a child may not make
    macos.py     a profile for sandbox-exec, and its rehearsal; never tried
    windows.py   a job object; never tried
    acl.py       access lists of Windows, and the key of each folder
    container.py an AppContainer of Windows, with those keys; never tried
    contained.py a process in it, and its rehearsal
    inside.py    what is tried in it before a child is started there
    report.py    what is in force, in three levels, and the self-test that proves it
    probe.py     the self-test: run inside, it tries what must fail; probe_network.py is its part on the network
    child.py     a contained child and its control channel
    asks.py      which answers of a child are still to come, and who waits for them
    piped.py     a child's process and pipes, which can outlive the program that started it
    usage.py     what a process has used
    agreed.py    what all of these must know alike
    program.py   a whole program that is tried out: what it is given
    hold.py      its launcher
    namespace.py a network in which there is nobody else
    log.py       where a child's noise goes, so that noise costs nothing
    errors.py    what can go wrong with a child, by what the caller has to do

The launcher and the self-test, and what they load, use the standard library alone: they run without site-packages.

Tried on Linux only.  On macOS and Windows less is promised, and the report says that it was never tried there.
What stays open on Linux, and is therefore not promised: UDP to every address, the home network included; the
addresses of this computer, of its router and of whom it spoke with at home, and how much it sends;
``stat`` and ``readlink`` of any path that the user may see; filling the disk with many files.
"""
