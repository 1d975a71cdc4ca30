"""The installer for Windows tried out under wine: built, installed, run, replaced, taken away.

``python -m tests.windows``, on Debian; a quarter of an hour on a slow machine.

    wine.py     a Windows of its own in a folder, as far as wine has one
    story.py    what a person would do, step by step, and what must be so after each step
    checks.py   what is so: files, registry, answers of the API
    played.py   run inside: a child in a container that is half played

What wine cannot show is printed at the end, and in the handbook's decision 0052.
"""
