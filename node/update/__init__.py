"""The way of a release through this computer, from the offered head to the version in use.

lifecycle.py     what comes next for one release (pure)
stepping.py      into the next phase, and back; what was only too late waits and is tried again (pure)
phases.py        where it may be, by what that means to others (pure)
reasons.py       why it waits or has ended, as a person reads it
events.py        what may happen to it, what shall be done, and the limits of every step
driver.py        all of it together: heads in, states persisted, jobs begun
records.py       all releases together: which one is on its way, watched, an exception (pure)
turns.py         whose turn it is of those that wait, and which are set aside (pure)
watch.py         the watch over a confirmed release: what ends it, and what it is left for (pure)
watching.py      the same, driven, and looks at what neighbours can prove
loneliness.py    one that finds nobody although others can be reached
recalling.py     recalls heeded, and where they lead
allowed.py       what the files in use may do, and how that becomes less
lessening.py     the way back from that, until it has started so
judging.py       heads that are offered: the chain goes on, is halted, or stays as it is
heads.py         a head verified, together with the roots that it names
cleaning.py      what no release needs any longer, removed
carrying.py      the files that the newest head lists, for every vault to carry
developers.py    what is said of the developers, and whether updates wait because of them (pure)
jobs.py          each effect as one piece of work
apps.py          releases of the app on their way, beside those of the vault
app_jobs.py      what is done for one: rehearsed, become, left again
app_store.py     what must survive a power cut of that
app_ports.py     what it needs of the rest of the supervisor
trials/          two twins, asked and watched until there is a verdict
files/           how versions come from the network, lie on this disk, and which of them run
rollouts.py      other farms: asked one by one for what they found, and told what was found here
rollout_files.py what is kept of that
noted.py         what a release's way means for the own note, and its rollout in words (pure)
store.py         what must survive a power cut
views.py         what the local API tells (pure)
waiting.py       work that is waited for, cancelled or not, and work that has an owner
disk_wait.py     work that waits for the disk, and why
ports.py         what all this needs of the rest of the supervisor
errors.py        what can go wrong, by what the caller has to do
"""
