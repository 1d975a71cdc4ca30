"""The way of a release through this computer, from the offered head to the version in use.

lifecycle.py     what comes next for one release (pure)
events.py        what may happen to it, what shall be done, and the limits of every step
driver.py        all of it together: heads in, states persisted, jobs begun
records.py       all releases together: which one is on its way, watched, an exception (pure)
watch.py         the watch over a confirmed release: what ends it, and what it is left for (pure)
watching.py      the same, driven, and looks at what neighbours can prove
loneliness.py    one that finds nobody although others can be reached
recalling.py     recalls heeded, and where they lead
allowed.py       what the files in use may do, and how that becomes less
lessening.py     the way back from that, until it has started so
judging.py       heads that are offered: the chain goes on, is halted, or stays as it is
heads.py         a head verified, together with the roots that it names
carrying.py      the files that the newest head names, for every vault to carry
developers.py    what is said of the developers, and whether updates wait because of them (pure)
jobs.py          each effect as one piece of work
apps.py          releases of the app on their way, beside those of the vault
app_jobs.py      what is done for one: rehearsed, become, left again
app_store.py     what must survive a power cut of that
app_ports.py     what it needs of the rest of the supervisor
rollouts.py      other farms: asked one by one for what they found, and told what was found here
rollout_files.py what is kept of that
noted.py         what a release's way means for the own note, and its rollout in words (pure)
store.py         what must survive a power cut
views.py         what the local API tells (pure)
fetching.py      what a release lacks, from the network into a slot
by_delta.py      the same by what differs from a tree that is here
chunks.py        chunks from the network, several at once, each checked
objects.py       what was fetched for a slot that is not staged yet
slots.py         versions on disk, read-only, and the pointer to the one in use
trees.py         trees of files: written, compared with their hash, removed
programs.py      which pair of app and runtime runs, and which ran before it
starting.py      how a program is started, and where the launcher lies
bytecode.py      byte code of a slot, prepared by us
drift.py         how the version in use compares with those of the last year (pure)
trial_run.py     one trial end to end: twins, prober, samples, neighbours' tables
interview.py     the same questions to both twins, and every answer checked
plan.py          what to ask next (pure)
folders.py       where their data lie, beside the own store, and how they go
sides.py         the two twins through all their runs
overuse.py       what a twin takes from the disk, or from its twin's time
restarts.py      twins started again on their own data, on purpose or because the trial was cut off
trial_state.py   what a running trial must know after a power cut
keeping.py       when that is written down
decoys.py        the version in use beside itself, now and then
self_test.py     a candidate asked by ourselves alone, where there was no proof
rehearsal.py     the way back, rehearsed on what the candidate left
kept.py          the store as it was before a version ran, for the way back
links.py         hard links, and a vault's data copied with them
waiting.py       work that is waited for, cancelled or not
disk_wait.py     work that waits for the disk, and why
identities.py    throw-away identities next to each other
observations.py  what twins and neighbours say, as the trial understands it (pure)
ports.py         what all this needs of the rest of the supervisor
errors.py        what can go wrong, by what the caller has to do
"""
