"""What sets Perennial up in a checkout.

    run.py          door: set up, then start the app
    test.py         door: set up, then run everything that decides whether a change lands
    python_version  the first thing both doors ask; readable by very old Pythons
    environment     the virtual environment in .venv: made, checked, made anew
    debian          libraries that pip cannot bring, and the packages that hold them
    start, checks   what the doors do once the environment stands
    lock            writes requirements.txt and requirements-test.txt
    translate       writes what the app says in each language

All but the last two need nothing but the standard library, because they run before anything is installed.
"""
