"""Public shares: a person's files put into the network, and fetched again, through the local API alone.

putting   walk, read, cut, store      getting   fetch, check, write, put in place
walk      what a person's path holds  part      where a share grows before it stands under its name
journal   what was stored already     transfer  several chunks at once; what is tried again
reading   its pieces in order           streams   a share as bytes that come and go, for the server of the local API
errors    by what the person can do   texts     the sentences
"""
