"""What sets Perennial up in a checkout.

    run.py          door: set up, then start the app
    test.py         door: set up, then run everything that decides whether a change lands
    python_version  the first thing both doors ask; readable by very old Pythons
    environment     the virtual environment in .venv: made, checked, made anew
    debian          libraries that pip cannot bring, and the packages that hold them
    start, checks   what the doors do once the environment stands
    building        what the doors of packages do: linux/build.py, windows/build.py
    launcher/       what starts an installation, and is never replaced

    lock            writes requirements.txt, requirements-test.txt and those for Windows
    lock_runtime    writes which Debian packages a runtime is made of
    translate       writes what the app says in each language
    installation    what every installation has, whichever package brings it
    linux/          packages, and a folder for recipes of others
    windows/        the installer for Windows
    appimage/ flatpak/ macos/   recipes that were never run

What stands above the empty line needs nothing but the standard library, because it runs before anything is installed.
"""
