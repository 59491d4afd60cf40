"""The socket server, as after an upgrade that moved what the fast way out touches."""

from realtime import direct, server

direct.problem = lambda: "somewhere.Part is gone"
server.main()
