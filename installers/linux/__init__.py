"""What makes packages for Linux out of a checkout.

    build.py      door: ``python3 installers/linux/build.py deb|rpm|folder --out DIR``
    making.py     a package, step by step
    staging.py    the installation as it will lie, and what tells the system of it
    deb.py        a .deb of it
    rpm.py        an .rpm of it, by nfpm
    files/        what lies in the package as it is
    runtime-packages.txt   the Debian packages that a runtime is made of, written by installers/lock_runtime.py
    requirements-rpm.txt   the one tool that Debian does not have

The same checkout gives the same bytes: every time in a package is SOURCE_DATE_EPOCH, or else a fixed one.
"""
