"""Releases that should be refused, and some that should not: what a trial and the switch are for.

rows       what a row of the matrix is, and whether it ended as it should
catalogue  every bad candidate and the good ones, each as a change of this very source
attempts   those that reach for what the sandbox keeps from them
modelled   those that only a trial of the length of a real one can see, as a model
matrix     plays rows in practice networks, one network at a time
results    what was found, one line each, kept through whatever ends the run

``python -m tests.candidates --seeds 5 --results FILE`` plays them all; it takes hours and may be interrupted.
"""
