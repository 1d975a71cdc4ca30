"""Stories of a vault among liars, told by arbitrary bytes.  ``python -m tests.fuzz`` tells them without end."""
