"""Programs that follow one another in one process, and candidates that cannot."""
