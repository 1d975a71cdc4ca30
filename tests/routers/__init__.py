"""Real vaults in homes behind real routers: ``python -m tests.routers`` (root, Debian's iproute2 and iptables).

bed   the homes, their routers and the internet between them, as network namespaces of this computer
home  one vault in one of them, asked line by line
story whether they all meet, and hold each other's chunks
"""
