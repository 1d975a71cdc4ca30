"""The succession rehearsal: a later app is used only after it has shown here that it can be replaced itself.

Today's program makes all of the surroundings, looks on, and judges by what it sees; the candidate runs shut off, in a
home that is thrown away.  What it must do: read a copy of the farmer's settings and history, and leave them so that
today's program reads them; take a later version of the vault in, try it out, use it and go back; open every page.

limits     how long each part may take
reading    a copy of the farmer's home, without keys, and what must be found in it again
held       the candidate's program, shut off, on a home
orphans    what a candidate has started, ended with its rehearsal
release    the later version of the vault: it fails as soon as it is in use
seen       what neighbours and files show of its way, and what is wrong with that (pure)
rehearse   all of it, with the outcome
__main__   that, in a process of its own
"""
