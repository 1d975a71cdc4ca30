"""What is known, told as what is shown.  PURE: no Qt, no clock, no disk.

home.py          one sentence, its sign, its proof: for the tray and the first page
checks.py        what was looked at
held.py          how the running version is shut off
pause.py         why it is paused, and what ends that
releases.py      the way of releases, and their history
evidence.py      what was seen of one while it was tried out
rollouts.py      whose turn it is, and what holds up all updates
resources.py     what is lent and when, and the steps of the sliders
network.py       the ring of neighbours, how others reach this computer, the last hour
details.py       the same in exact words, for the curious
first_run.py     what is found on the computer and chosen, before there is a home
notifications.py what is worth a notification, and what was told already
"""
