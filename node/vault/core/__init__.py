"""PURE: the vault's decisions.  No clock, no chance, no disk, no network: they arrive as events."""
