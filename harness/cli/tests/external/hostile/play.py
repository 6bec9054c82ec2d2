#!/usr/bin/env python3
"""Plays one hostile peer until it is killed; prints the port at which it listens. hostile.py beside this folder starts it.

usage: play.py tcp-server|tcp-client|vpcd NAME [PORT]

A client connects to PORT, once for each connection that is made to the port printed: a command of the DUT file makes one
for a notification, and holds it for as long as the client is at work.
"""

import resource
import socket
import sys
import threading
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "dut"))

from clients import CLIENTS  # noqa: E402
from peers import Connection, Gone  # noqa: E402
from readers import READERS  # noqa: E402
from servers import SERVERS  # noqa: E402


def client_of(run, port):
    def serve(_):
        opened = []

        def connect():
            try:
                stream = socket.create_connection(("127.0.0.1", port), timeout=20)
            except OSError as error:
                raise Gone from error
            stream.settimeout(None)
            opened.append(stream)
            return Connection(stream)

        try:
            run(connect)
        finally:
            for stream in opened:
                stream.close()

    return serve


def one(serve, stream):
    try:
        serve(Connection(stream))
    except Gone:
        pass
    finally:
        stream.close()


def main():
    link, name, *port = sys.argv[1:]
    # A client of many connections has an end of each here.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192), most))
    if link == "tcp-client":
        serve = client_of(CLIENTS[name], int(port[0]))
    else:
        serve = {"tcp-server": SERVERS, "vpcd": READERS}[link][name]
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    print(listener.getsockname()[1], flush=True)
    while True:
        stream, _ = listener.accept()
        threading.Thread(target=one, args=(serve, stream), daemon=True).start()


if __name__ == "__main__":
    main()
