"""What is known of the computer: on battery, on a metered connection, whether somebody works at it.

senses.py   what each system is asked, as one protocol
watcher.py  asks it now and then, in a thread of its own, and never waits long
linux.py    battery, NetworkManager, and who knows of keys and mouse; tried
windows.py  macos.py
            the same behind the same protocol; never tried on a real one
"""
