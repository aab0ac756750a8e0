"""The web dashboard: pages over any number of gateways, which it asks through their control sockets. It is a process of
its own, so nothing that happens here can touch the data path."""
