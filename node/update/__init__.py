"""The way of a release through this computer, from the offered head to the version in use.

lifecycle.py  what comes next for one release (pure)
slots.py      versions on disk, read-only, and the pointer to the one in use
fetching.py   what a release lacks, from the network into a slot
trial_run.py  one trial end to end: twins, prober, samples, neighbours' tables; and the rehearsal of the way back
store.py      what must survive a power cut
driver.py     all of it together
"""
