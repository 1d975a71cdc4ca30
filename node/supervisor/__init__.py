"""The process that decides: it keeps the vault running, holds the keys and the settings, and tells the truth.

home.py         the folder of one node: marker, lock, paths
locking.py      a file held against other processes, per system
holding.py      its lock, its socket and its vault, once its disk was pulled out and plugged in again
store_place.py  where the chunks lie in it, and how those of an older home come there
fit_disk.py     whether a disk can hold one
genesis.py      the network of a new home, under the fingerprint that a person brings
settings.py     what the farmer may set
copies.py       where homes of one name were started, so that a copy that ends takes nothing from the others
login.py        whether the app starts when the person logs in
pausing.py      when the node helps less, and why (pure)
rates.py        how much of the line follows from that (pure)
pacing.py       both at work: looked around, kept, told to the vaults
surroundings/   what is known of the computer: battery, connection, keys and mouse
state.py        small facts that must survive a power cut
keys.py         the vault id's key, and the certificates of each run
ports.py        what the vault in use is made of and stands in, as protocols
bootstrap.py    peers and introductions kept for the next start
invitation.py   the text by which a home finds others (pure)
leaving.py      its end: what it holds goes to others first
meeting.py      how others are met: contacts kept, invitations
whereabouts.py  a vault starts anew where the computer has moved
shipped.py      which version a slot is
launch.py       one run of a vault: start, check, configure
watched.py      a run and what is known of it
watchdog.py     when to start a vault that ended again (pure)
vault_child.py  the vault in use: watched, certified, handed over
switching.py    the way from one version of it to another
sharing.py      chunks that people store and fetch, some at a time
heads.py        heads of peers that wait to be judged
updating.py     the updates of a home, opened
host.py         what updates may ask of the node
assigning.py    what each vault is given to work with
twins.py        vaults for a trial
twin_news.py    the developers' news that these have brought, and no others
tending.py      what these are told while they run, as the vault in use is
probing.py      the prober of a trial
greeting.py     whether others can be reached, when the vault in use finds none
events.py       what changed, numbered, for those who listen
no_memory.py    whether the memory of this computer has run out
lending.py      the disk limit, and what of it is left for the vault
space.py        what the home takes of the disk, and whether it can be written
ballast.py      room on it that is held back for what must be written
doctor.py       what works here, what is enforced, what is lacking
diagnostics.py  the file of all this, to give to whoever helps
scrub.py        takes out of a text who and where this is (pure)
disk_look.py    whether the disk takes and gives back what it is given
waking.py       whether the computer has slept, and the clock that goes on meanwhile
traffic.py      what the vault sends and receives, by the minute
looking.py      the proofs that all is well, kept; the network as it is seen from here
programs.py     which program this is, and which ones were left, told
launched.py     what it owes the launcher: a mark once it is well, an exit code
succession.py   this process becomes another program, and its vault goes on
app_updating.py the updates of the app, opened
app_host.py     how a later app is tried out, and become
warming.py      its byte code, prepared before that
finishing.py    work that is carried out once it has begun, though nobody waits
supervisor.py   all of it together
errors.py       what can go wrong, by what the person or the caller can do
"""
