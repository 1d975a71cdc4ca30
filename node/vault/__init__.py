"""The vault layer: a node of the network that keeps, serves, audits and ranks, and decides nothing else.

    core/       pure: events in, effects out
    share/      pure: a file or a tree of files as chunks
    storage/    edge: the disk
    transport/  edge: the network
    control.py noting.py rating.py load.py looks.py limiting.py
                the contract with the supervisor; noting is its part about releases and other farms, rating about what
                vaults say of each other, load about who asks, looks about what shows how the vault stands, limiting
                about how much of the line is the vault's
    ports.py    what the core and the edges need of the machine
    errors.py   what can go wrong, by what the caller has to do
    driver.py   performs the core's effects
    channel.py ending.py clock.py loaded.py
                edge: the control channel, how its program ends, the clocks, the tree that this process was loaded from
    __main__.py the vault process

It imports nothing of ``node`` outside itself: the very files here are what a vault release carries.
"""

from typing import Final

__version__ = "0.1.0"

WIRE_VERSIONS: Final = (3,)  # spoken with other vaults, newest first; older ones proved nothing in audits
CONTROL_VERSIONS: Final = (7, 6, 5, 4, 3, 2, 1)  # spoken with the supervisor, newest first
