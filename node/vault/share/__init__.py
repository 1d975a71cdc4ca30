"""PURE: a file or a tree of files as chunks, and back."""
