"""Private servers for the tests: MariaDB, MySQL, a gateway. Nothing here uses a server that was there before."""
