"""Numbers of the MySQL and MariaDB client/server protocol, by the names that both manuals use.

Sources: MySQL "Client/Server Protocol" (dev.mysql.com/doc/dev/mysql-server), MariaDB "Clientserver protocol"
(mariadb.com/kb/en/clientserver-protocol). MariaDB's extended capabilities are counted from bit 32.
"""

from __future__ import annotations

from typing import Final

# Framing: a payload of MAX_PAYLOAD bytes is continued by the next packet.
HEADER: Final = 4
MAX_PAYLOAD: Final = 0xFFFFFF

# Capabilities, bits 0-31.
# MariaDB calls it CLIENT_MYSQL: unset means that extended capabilities are there
CLIENT_LONG_PASSWORD: Final = 1
CLIENT_FOUND_ROWS: Final = 1 << 1
CLIENT_LONG_FLAG: Final = 1 << 2
CLIENT_CONNECT_WITH_DB: Final = 1 << 3
CLIENT_NO_SCHEMA: Final = 1 << 4
CLIENT_COMPRESS: Final = 1 << 5
CLIENT_ODBC: Final = 1 << 6
CLIENT_LOCAL_FILES: Final = 1 << 7
CLIENT_IGNORE_SPACE: Final = 1 << 8
CLIENT_PROTOCOL_41: Final = 1 << 9
CLIENT_INTERACTIVE: Final = 1 << 10
CLIENT_SSL: Final = 1 << 11
CLIENT_IGNORE_SIGPIPE: Final = 1 << 12
CLIENT_TRANSACTIONS: Final = 1 << 13
CLIENT_RESERVED: Final = 1 << 14
CLIENT_SECURE_CONNECTION: Final = 1 << 15
CLIENT_MULTI_STATEMENTS: Final = 1 << 16
CLIENT_MULTI_RESULTS: Final = 1 << 17
CLIENT_PS_MULTI_RESULTS: Final = 1 << 18
CLIENT_PLUGIN_AUTH: Final = 1 << 19
CLIENT_CONNECT_ATTRS: Final = 1 << 20
CLIENT_PLUGIN_AUTH_LENENC: Final = 1 << 21
CLIENT_CAN_HANDLE_EXPIRED_PASSWORDS: Final = 1 << 22
CLIENT_SESSION_TRACK: Final = 1 << 23
CLIENT_DEPRECATE_EOF: Final = 1 << 24
CLIENT_OPTIONAL_RESULTSET_METADATA: Final = 1 << 25
CLIENT_ZSTD_COMPRESSION: Final = 1 << 26
CLIENT_QUERY_ATTRIBUTES: Final = 1 << 27
CLIENT_MULTI_FACTOR_AUTHENTICATION: Final = 1 << 28
CLIENT_CAPABILITY_EXTENSION: Final = 1 << 29
CLIENT_SSL_VERIFY_SERVER_CERT: Final = 1 << 30
CLIENT_REMEMBER_OPTIONS: Final = 1 << 31

# MariaDB's extended capabilities, bits 32-63.
MARIADB_PROGRESS: Final = 1 << 32
MARIADB_COM_MULTI: Final = 1 << 33
MARIADB_STMT_BULK_OPERATIONS: Final = 1 << 34
MARIADB_EXTENDED_METADATA: Final = 1 << 35
MARIADB_CACHE_METADATA: Final = 1 << 36
MARIADB_BULK_UNIT_RESULTS: Final = 1 << 37

# Commands.
COM_SLEEP: Final = 0
COM_QUIT: Final = 1
COM_INIT_DB: Final = 2
COM_QUERY: Final = 3
COM_FIELD_LIST: Final = 4
COM_CREATE_DB: Final = 5
COM_DROP_DB: Final = 6
COM_REFRESH: Final = 7
COM_SHUTDOWN: Final = 8
COM_STATISTICS: Final = 9
COM_PROCESS_INFO: Final = 10
COM_CONNECT: Final = 11
COM_PROCESS_KILL: Final = 12
COM_DEBUG: Final = 13
COM_PING: Final = 14
COM_TIME: Final = 15
COM_DELAYED_INSERT: Final = 16
COM_CHANGE_USER: Final = 17
COM_BINLOG_DUMP: Final = 18
COM_TABLE_DUMP: Final = 19
COM_CONNECT_OUT: Final = 20
COM_REGISTER_SLAVE: Final = 21
COM_STMT_PREPARE: Final = 22
COM_STMT_EXECUTE: Final = 23
COM_STMT_SEND_LONG_DATA: Final = 24
COM_STMT_CLOSE: Final = 25
COM_STMT_RESET: Final = 26
COM_SET_OPTION: Final = 27
COM_STMT_FETCH: Final = 28
COM_DAEMON: Final = 29
COM_BINLOG_DUMP_GTID: Final = 30
COM_RESET_CONNECTION: Final = 31
COM_CLONE: Final = 32
COM_STMT_BULK_EXECUTE: Final = 250

# MariaDB: "the statement prepared last" in place of a statement id.
LAST_STATEMENT: Final = 0xFFFFFFFF

# Status flags of OK and EOF.
SERVER_STATUS_IN_TRANS: Final = 1
SERVER_STATUS_AUTOCOMMIT: Final = 2
SERVER_MORE_RESULTS_EXISTS: Final = 8
SERVER_STATUS_CURSOR_EXISTS: Final = 0x40
SERVER_STATUS_LAST_ROW_SENT: Final = 0x80
SERVER_STATUS_DB_DROPPED: Final = 0x100
SERVER_PS_OUT_PARAMS: Final = 0x1000
SERVER_SESSION_STATE_CHANGED: Final = 0x4000

# First byte of a reply packet.
OK_HEADER: Final = 0x00
MORE_DATA_HEADER: Final = 0x01
NEXT_FACTOR_HEADER: Final = 0x02
LOCAL_INFILE_HEADER: Final = 0xFB
EOF_HEADER: Final = 0xFE
ERR_HEADER: Final = 0xFF
PROGRESS_ERRNO: Final = 0xFFFF  # MariaDB: an ERR with this number is a progress report

# Kinds of session tracking that tell of state the gate follows.
TRACK_SYSTEM_VARIABLES: Final = 0
TRACK_SCHEMA: Final = 1

# Cursor types of COM_STMT_EXECUTE.
CURSOR_TYPE_NO_CURSOR: Final = 0
CURSOR_TYPE_READ_ONLY: Final = 1
PARAMETER_COUNT_AVAILABLE: Final = 8

# Column types whose binary values have a length of their own kind (query attributes).
TYPE_TINY: Final = 1
TYPE_SHORT: Final = 2
TYPE_LONG: Final = 3
TYPE_FLOAT: Final = 4
TYPE_DOUBLE: Final = 5
TYPE_NULL: Final = 6
TYPE_TIMESTAMP: Final = 7
TYPE_LONGLONG: Final = 8
TYPE_INT24: Final = 9
TYPE_DATE: Final = 10
TYPE_TIME: Final = 11
TYPE_DATETIME: Final = 12
TYPE_YEAR: Final = 13
TYPE_VARCHAR: Final = 15
TYPE_DECIMAL: Final = 0
TYPE_BIT: Final = 16
TYPE_JSON: Final = 245
TYPE_NEWDECIMAL: Final = 246
TYPE_GEOMETRY: Final = 255

# Errors of the server that the gateway knows: a password that is wrong, or is none.
ER_ACCESS_DENIED: Final = 1045
ER_ACCESS_DENIED_NO_PASSWORD: Final = 1698

# Errors that the gateway originates.
ER_CON_COUNT: Final = 1040
ER_SERVER_SHUTDOWN: Final = 1053
ER_PARSE: Final = 1064
ER_HOST_IS_BLOCKED: Final = 1129
ER_TOO_MANY_USER_CONNECTIONS: Final = 1203
ER_UNKNOWN: Final = 1105
ER_NET_PACKETS_OUT_OF_ORDER: Final = 1156
ER_NET_READ_INTERRUPTED: Final = 1159
ER_ACCESS_BLOCKED: Final = 1227
ER_TOO_MANY_STATEMENTS: Final = 1461
ER_MALFORMED_PACKET: Final = 1835
ER_CONNECTION_KILLED: Final = 1927
