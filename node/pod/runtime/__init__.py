"""A runtime from pinned packages: CPython, Qt and the native wheels as one tree, the same on every computer.

    pins.py      which packages, by name, version and hash: read from the lock files of a checkout (pure)
    contents.py  what of each package becomes part of the tree, and where it lies there (pure)
    wheels.py    what of a wheel does, on any system (pure)
    fetching.py  the packages on disk, fetched where they are missing and compared with their hashes
    packed.py    the files in a Debian package and in a wheel
    elf.py       what a binary needs: the dynamic section of an ELF file (pure)
    compiled.py  byte code in place of source, made by the tree's own interpreter
    making.py    all of it: packages in, tree out

The tree: bin/python3, lib/ (libraries, python3.11/, python3/dist-packages/), licences/, sources.json.
"""
