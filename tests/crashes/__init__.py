"""Every moment at which the power may fail, and what is found after it."""
