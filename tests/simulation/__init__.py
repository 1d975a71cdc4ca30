"""Many real vaults in one process, in virtual time, with all chance from one seed: ``python -m tests.simulation``."""
