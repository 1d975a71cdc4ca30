"""The tray app: it shows what the node says, and decides nothing.

    __main__.py  starts it
    app.py       joins the parts: window, tray, feed, child processes; owns their lives
    feed.py      follows the node over the local API and says truthfully when it is gone
    story.py     PURE: what is known -> what is shown (sentence, sign, evidence, history)
    release_story.py  PURE: the part of it about releases: the way, the evidence, the history
    texts.py     PURE: every word of the app; release_texts.py those of the Updates page
    plain.py     PURE: everyday words for those of the node that one must have learnt
    tokens.py    colours, sizes, type of the look, light and dark
    tray.py      the icon in the tray and its menu
    window.py    the window: sidebar and pages, or the welcome
    instance.py  one app per home; a second start raises the first
    children.py  the processes that the app starts: a node, or a practice network
    pages/       home, updates, welcome
    widgets/     what is painted by hand, and the few building blocks of a page

Of ``node`` only ``node.api.client`` and ``node.api.schema`` are imported: the app may crash or be
closed at any time, and the node goes on.
"""
