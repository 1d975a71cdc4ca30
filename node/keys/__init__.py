"""Where private keys are kept: in the keyring of the operating system, or in a file.

    bare.py      an open file that says whose the key is
    errors.py    the key cannot be kept or had, as one sentence
    keyring.py   the keyring, if it is one that encrypts, asked with a time limit
    sealed.py    a file behind a passphrase: Argon2id and ChaCha20-Poly1305

The supervisor keeps the farm's key here, the pods' tools those of pods.  Nothing here knows what a key is for.
"""
