r"""The installer for Windows, built on Linux: ``python3 installers/windows/build.py --out DIR``.

build.py          the door
making.py         all of it: packages in, installer out
fetching.py       the pinned packages on disk
contents.py       what of each package becomes part, and where it lies (pure)
staging.py        the folders of an installation, as they will lie on Windows
compiling.py      Perennial.exe and Perennial.com
icon.py           the icon in Windows' format (pure)
script.py         what is put where, and taken away again, in the words of NSIS (pure)

perennial.c       what starts the launcher           perennial.rc       its icon, name and version
installer.nsi     what the installer does            perennial.manifest which Windows it knows
requirements.txt  the wheels, written by installers/lock.py
python.txt        CPython itself

What it puts into %LOCALAPPDATA%\Programs\Perennial: launcher/, app/, runtime/ and installed.json as in every
installation; Perennial.exe without a console, for the tray app, links and the login; and Perennial.com, the same with a
console, which a terminal there finds as ``perennial``.  Not into %LOCALAPPDATA%\Perennial: that is the home, for
Windows makes no difference between large and small letters.
"""
