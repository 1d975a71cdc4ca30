"""Everything of Perennial that has no window.

    vault/       the vault layer, self-contained: what a release of the vault replaces
    trust/       who may change what: statements, thresholds, policy (pure)
    trial/       when a sacrificial vault is good enough: evidence, rule, verdict (pure)
    prober/      the client that puts the same requests to both twins
    update/      the way of a release through this computer: lifecycle, slots, fetching
    sandbox/     what a vault may not do, per operating system, and the honest report of it
    keys/        where private keys are kept: the keyring, or a file behind a passphrase
    supervisor/  the process that decides: children, settings, keys, state
    api/         the local API: schema, server, client
    pod/         the developers' tools: keys, ceremony, build, sign, publish
    practice/    a whole small network on one computer
    rehearsal/   a later app, shut off in a home of its own, before it is used
    cli/         the command line, one file per command

Imports point inwards: vault (alone) <- trust, trial <- prober, update, sandbox, keys <- supervisor
<- api.server, cli.  This file and ``vault/`` make up the vault layer.
"""
