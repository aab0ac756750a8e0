"""Where a session stands, and what bytes of each peer mean there. The rules of the conversation, as one table.

GREETING   the server's greeting is awaited; what a client sends is held
LOGIN      the client's HandshakeResponse is awaited; a server may only say goodbye (one ERR)
AUTH       the server speaks next: OK, ERR, or a message of its auth plugin; what the client sends is held
ANSWER     the client answers its auth plugin; the server may still end the login
CONTEXT    the gate's own query is under way; commands are held
READY      a command is awaited; a server may only say goodbye (one ERR)
REPLY      the reply to a command is under way; further commands are held
INFILE     the client sends the file of a LOAD DATA LOCAL
CLOSED     over; whatever comes is dropped
"""

from __future__ import annotations

from typing import Final

GREETING: Final = 0
LOGIN: Final = 1
AUTH: Final = 2
ANSWER: Final = 3
CONTEXT: Final = 4
READY: Final = 5
REPLY: Final = 6
INFILE: Final = 7
CLOSED: Final = 8

NAMES: Final = ("connecting", "login", "login", "login", "query", "idle", "query", "query", "closed")

# What to do with a client's bytes.
HOLD: Final = 0
TAKE_LOGIN: Final = 1
TAKE_ANSWER: Final = 2
TAKE_COMMAND: Final = 3
TAKE_FILE: Final = 4
DROP: Final = 5

CLIENT: Final = (HOLD, TAKE_LOGIN, HOLD, TAKE_ANSWER, HOLD, TAKE_COMMAND, HOLD, TAKE_FILE, DROP)

# What to do with a server's bytes.
ROGUE: Final = 0
GREET: Final = 1
RELAY_LOGIN: Final = 2
OWN_REPLY: Final = 3
GOODBYE: Final = 4
RELAY_REPLY: Final = 5
IGNORE: Final = 6

SERVER: Final = (GREET, GOODBYE, RELAY_LOGIN, RELAY_LOGIN, OWN_REPLY, GOODBYE, RELAY_REPLY, ROGUE, IGNORE)

# Which phases may follow which; CLOSED may follow any.
NEXT: Final = (
    (LOGIN,),
    (AUTH,),
    (
        ANSWER,
        CONTEXT,
    ),  # CONTEXT also when a change of user was refused: the server may have reset the session
    (AUTH, CONTEXT),
    (READY,),
    (REPLY, AUTH),  # AUTH: COM_CHANGE_USER
    (READY, CONTEXT, INFILE),
    (REPLY,),
    (),
)
