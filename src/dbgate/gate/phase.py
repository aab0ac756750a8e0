"""Where a session stands, and what bytes of each peer mean there. The rules of the conversation, as one table.

GREETING   the server's greeting is awaited; what a client sends is held
LOGIN      the client's HandshakeResponse, or its SSLRequest, is awaited; a server may only say goodbye (one ERR)
UPGRADE    the client's leg becomes TLS: the shell shakes hands
WRAP       the server's leg becomes TLS; what the client sends is held
AUTH       the server speaks next: OK, ERR, or a message of its auth plugin; what the client sends is held
ANSWER     the client answers its auth plugin; the server may still end the login
CONTEXT    the gate's own query is under way, or news of the supervisor's is awaited; commands are held
READY      a command is awaited; a server may only say goodbye (one ERR)
REPLY      the reply to a command is under way; further commands are held
INFILE     the client sends the file of a LOAD DATA LOCAL
ANALYSIS   the analysis of a long statement is awaited (gate.handover); further commands are held
CLOSED     over; whatever comes is dropped
"""

from __future__ import annotations

from typing import Final

GREETING: Final = 0
LOGIN: Final = 1
UPGRADE: Final = 2
WRAP: Final = 3
AUTH: Final = 4
ANSWER: Final = 5
CONTEXT: Final = 6
READY: Final = 7
REPLY: Final = 8
INFILE: Final = 9
ANALYSIS: Final = 10
CLOSED: Final = 11

NAMES: Final = (
    "connecting",
    "login",
    "login",
    "login",
    "login",
    "login",
    "query",
    "idle",
    "query",
    "query",
    "query",
    "closed",
)

# What to do with a client's bytes.
HOLD: Final = 0
TAKE_LOGIN: Final = 1
TAKE_ANSWER: Final = 2
TAKE_COMMAND: Final = 3
TAKE_FILE: Final = 4
DROP: Final = 5

CLIENT: Final = (
    HOLD,
    TAKE_LOGIN,
    DROP,  # sent in clear behind an SSLRequest: nobody's
    HOLD,
    HOLD,
    TAKE_ANSWER,
    HOLD,
    TAKE_COMMAND,
    HOLD,
    TAKE_FILE,
    HOLD,
    DROP,
)

# What to do with a server's bytes.
ROGUE: Final = 0
GREET: Final = 1
RELAY_LOGIN: Final = 2
OWN_REPLY: Final = 3
GOODBYE: Final = 4
RELAY_REPLY: Final = 5
IGNORE: Final = 6

SERVER: Final = (
    GREET,
    GOODBYE,
    ROGUE,  # the client could not be told
    ROGUE,
    RELAY_LOGIN,
    RELAY_LOGIN,
    OWN_REPLY,
    GOODBYE,
    RELAY_REPLY,
    ROGUE,
    GOODBYE,
    IGNORE,
)

# Which phases may follow which; CLOSED may follow any.
NEXT: Final = (
    (LOGIN,),
    (
        UPGRADE,
        WRAP,
        AUTH,
        ANSWER,
    ),  # ANSWER: the gateway asks the client itself, before the server hears of it
    (LOGIN,),
    (AUTH,),
    # CONTEXT also when a change of user was refused: the server may have reset the session
    (ANSWER, CONTEXT),
    (WRAP, AUTH, CONTEXT),
    (READY,),
    # AUTH, ANSWER: COM_CHANGE_USER; CONTEXT: DBGATE SHOW
    (REPLY, AUTH, ANSWER, CONTEXT, ANALYSIS),
    (READY, CONTEXT, INFILE),
    (REPLY,),
    (READY,),
    (),
)


def _mask(phases: tuple[int, ...]) -> int:
    mask = 1 << CLOSED
    for phase in phases:
        mask |= 1 << phase
    return mask


# The same as bits, CLOSED among them.
FOLLOWS: Final = tuple([_mask(phases) for phases in NEXT])
