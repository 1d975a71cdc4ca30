"""The tray app: it shows what the node says, and decides nothing.

    __main__.py  starts it
    app.py       joins the parts: window, tray, feed, child processes; owns their lives
    feed.py      follows the node over the local API and says truthfully when it is gone
    story.py     PURE: what is known -> what is shown (sentence, sign, evidence, history)
    release_story.py  PURE: the part of it about releases: the way, the evidence, the history
    checks_story.py   PURE: what was looked at; pause_story.py why it is paused; held_story.py how it is shut off
    resources_story.py  PURE: what is lent and when, and the steps of the sliders
    patching.py  PURE: changes of settings, put together and taken apart
    changes.py   takes to the node what a person asks for: a pause, its end, other settings
    texts.py     PURE: every word of the app; release_texts.py and resources_texts.py those of two pages
    plain.py     PURE: everyday words for those of the node that one must have learnt
    tokens.py    colours, sizes, type of the look, light and dark
    tray.py      the icon in the tray and its menu
    window.py    the window: sidebar and pages, or the welcome
    instance.py  one app per home; a second start raises the first
    children.py  the processes that the app starts: a node, or a practice network
    pages/       home, updates, resources, welcome
    widgets/     what is painted by hand, and the few building blocks of a page

Of ``node`` only ``node.api.client`` and ``node.api.schema`` are imported: the app may crash or be
closed at any time, and the node goes on.
"""
