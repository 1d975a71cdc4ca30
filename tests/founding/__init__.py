"""The handbook's chapter about founding a network, followed literally on one machine, with real nodes.

``python -m tests.founding`` does all of it, as root on Debian: it builds the package twice, installs it, and
removes it again.
"""
