"""EDGE: the disk.  ``filesystem`` owns fsync."""
