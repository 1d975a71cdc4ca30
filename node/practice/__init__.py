"""A whole small network on one computer, real in every part: vaults, farms, pods, releases good and bad.

profile    how large and how fast
releases   the source trees that are published: this very source, each with one small change
candidate  what is published: one of these, or a person's own source, and what is looked at in that before
host       a plain vault: one without a supervisor of its own
farm       a full farm: its home and its ``perennial run`` process
network    all of them together
traffic    people who store and fetch
scenario   publishes one release after the other and waits for what the farms decide
run        all of it from beginning to end
outcome    what came of it, and the sentence for it
view       the live picture in the terminal
"""
