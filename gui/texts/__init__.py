"""Every word that the app says, in everyday language and in that of the person.  PURE.

app.py           window, tray and Home; moments, sizes and lists, which all pages say alike
release.py       the Updates page; rollout.py how a release comes to all computers
resources.py     the Resources page
network.py       the Network page
help.py          around the handbook
details.py       the Details page, with the exact words
welcome.py       the first run, and the question for a passphrase
notification.py  notifications
node.py          what the node says by a code
refusal.py       what it refuses, and why it does not start
reason.py        why a release was taken or refused, known by the node's words
why.py           reasons that stand within those; sandbox.py why a version is shut off no better
said.py          puts all that in the place of the node's own words
plain.py         everyday words for those of the node that one must have learnt
"""
