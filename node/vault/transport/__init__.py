"""EDGE: the network, by iroh (QUIC)."""
