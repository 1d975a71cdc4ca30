"""The local API: ``schema`` (what is said), ``server`` (in the supervisor), ``client`` (for CLI and GUI)."""
