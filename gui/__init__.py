"""The tray app: it shows what the node says, and decides nothing.

    __main__.py     starts it
    app.py          joins the parts: window, tray, feed, child processes; owns their lives
    beginning.py    leads through the first run; keeper.py starts the node, and asks for its passphrase
    renewal.py      starts the app anew when another version of it is in use
    feed.py         follows the node over the local API and says truthfully when it is gone
    asking.py       asks the node for what only one page shows, while it is shown
    disk.py         asks disks and the screen, which may hang
    closer.py       what Network and Details are told; saves the diagnostics file
    joining.py      takes an invitation to the node
    changes.py      takes to the node what a person asks for; patching.py puts settings together and apart (pure)
    stories/        PURE: what is known -> what is shown
    texts/          PURE: every word of the app
    language.py     what is said in the language of this process; speaking.py chooses it, before any text is made
    clock.py        the time of day where the computer is
    notifier.py     tells it; desktop_notes.py by D-Bus, full_screen.py whether something fills the screen
    handbook.py     the handbook's files, in the language of the app, and where its links lead
    log_tail.py     the last lines of a log
    tokens.py       colours, sizes, type of the look, light and dark
    theme.py        light or dark
    tray.py         the icon in the tray and its menu
    window.py       the window: sidebar and pages, or the welcome
    leaving.py      ends the app when the session ends; garbage.py lets Python clear up on the window's thread alone
    instance.py     one app per home; a second start raises the first
    children.py     the processes that the app starts: a node, or a practice network
    check_pages.py  opens every page once, for whoever wants to know whether it can
    pages/          home, updates, resources, network, help, details; welcome with its three, and passphrase
    widgets/        what is painted by hand, and the few building blocks of a page

Of ``node`` only ``node.api.client`` and ``node.api.schema`` are imported: the app may crash or be
closed at any time, and the node goes on.
"""
