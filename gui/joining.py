"""Takes an invitation that a person gives in the window to the node, and says there what became of it."""

from __future__ import annotations

from gui.feed import Node
from gui.texts.said import in_words
from gui.widgets.invitation import InvitationRow
from node.api.client import ApiError, NotRunning


async def join(node: Node, text: str, row: InvitationRow) -> None:
    """Give it to ``node``, which is closed then.  What goes wrong is said in ``row``."""
    try:
        joined = await node.join(text)
        row.say(in_words(joined.sentence, joined.said), is_taken=True)
    except (ApiError, NotRunning) as error:
        row.say(in_words(str(error), error.told.said), is_taken=False)
    finally:
        await node.close()
