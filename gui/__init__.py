"""The tray app: it shows what the node says, and decides nothing.

    __main__.py  starts it
    app.py       joins the parts: window, tray, feed, child processes; owns their lives
    beginning.py leads through the first run; keeper.py starts the node, and asks for its passphrase
    renewal.py   starts the app anew when another version of it is in use
    feed.py      follows the node over the local API and says truthfully when it is gone
    story.py     PURE: what is known -> what is shown (sentence, sign, evidence, history)
    network_story.py  PURE: the network as it is seen -> ring, facts, the last hour
    first_run.py  PURE: what is found on the computer and chosen, before there is a home
    details_story.py  PURE: the same in exact words, for the curious
    notifications.py  PURE: what is worth a notification, and what was told already
    release_story.py  PURE: the part of it about releases: the way, the evidence, the history
    checks_story.py   PURE: what was looked at; pause_story.py why it is paused; held_story.py how it is shut off
    resources_story.py  PURE: what is lent and when, and the steps of the sliders
    patching.py  PURE: changes of settings, put together and taken apart
    changes.py   takes to the node what a person asks for: a pause, its end, other settings
    rollout_story.py  PURE: whose turn it is, and whether its makers agree
    check_pages.py  opens every page once, for whoever wants to know whether it can
    texts.py     PURE: every word of the app; release_texts.py, resources_texts.py, network_texts.py,
                 help_texts.py, details_texts.py, rollout_texts.py, notification_texts.py and welcome_texts.py those
                 of their subjects
    language.py  what is said in the language of this process; speaking.py chooses it, before any text is made
    node_texts.py  PURE: what the node says by a code, refusal_texts.py what it refuses; said.py puts it in the place of
                 the node's own words
    reason_texts.py  PURE: why a release was taken or refused, known by the node's words; why_texts.py why something
                 else is so, sandbox_texts.py why a version is shut off no better
    clock.py     the time of day where the computer is
    plain.py     PURE: everyday words for those of the node that one must have learnt
    asking.py    asks the node for what only one page shows, while it is shown
    closer.py    what Network and Details are told; saves the diagnostics file
    notifier.py  tells it; desktop_notes.py by D-Bus, full_screen.py whether something fills the screen
    handbook.py  the handbook's files, in the language of the app, and where its links lead
    log_tail.py  the last lines of a log
    tokens.py    colours, sizes, type of the look, light and dark
    theme.py     light or dark
    tray.py      the icon in the tray and its menu
    window.py    the window: sidebar and pages, or the welcome
    instance.py  one app per home; a second start raises the first
    children.py  the processes that the app starts: a node, or a practice network
    pages/       home, updates, resources, network, help, details; welcome with its three, and passphrase
    widgets/     what is painted by hand, and the few building blocks of a page

Of ``node`` only ``node.api.client`` and ``node.api.schema`` are imported: the app may crash or be
closed at any time, and the node goes on.
"""
