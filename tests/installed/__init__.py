"""What is installed on a Linux system, as a person has it: made, looked at, installed, used, removed.

Commands, because they take minutes and the second one changes the system: see ``__main__``.
"""
