#!/usr/bin/env python3
"""Runs a DM client or server that knows no TLS behind stunnel, which does: TLS 1.0 to 1.2 with a pre-shared key, or TLS
1.2 and 1.3 with certificates.

    over_tls.py client HOST:PORT [OPTION ...] -- COMMAND ...   what COMMAND connects to goes to HOST:PORT over TLS
    over_tls.py server HOST:PORT [OPTION ...] -- COMMAND ...   what comes to HOST:PORT over TLS goes to COMMAND

In COMMAND, {plain} stands for the address on which stunnel talks to it without TLS. The command's standard streams and
its exit status are its own. Debian: stunnel4.
"""

import argparse
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

READY = "Configuration successful"


def main():
    options, command = arguments()
    with tempfile.TemporaryDirectory() as folder:
        plain = free_address()
        with stunnel(options, plain, folder):
            done = subprocess.run([word.replace("{plain}", plain) for word in command])
    sys.exit(done.returncode if done.returncode >= 0 else 128 - done.returncode)


def arguments():
    if "--" not in sys.argv:
        sys.exit(__doc__)
    split = sys.argv.index("--")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("side", choices=["client", "server"])
    parser.add_argument("address", metavar="HOST:PORT")
    parser.add_argument("--identity", default="dmsc-terminal", help="the name of the key")
    parser.add_argument("--key", default=b"dmsc-preshared-k".hex(), metavar="HEX", help="the key, 16 octets or more")
    parser.add_argument("--versions", default="TLSv1-TLSv1.2", help="the lowest and the highest version of TLS")
    parser.add_argument("--root", metavar="FILE", help="a client: what it trusts, in place of the key")
    parser.add_argument("--certificates", metavar="FILE", nargs="+", help="a server: its chain, in place of the key")
    parser.add_argument("--certificate-key", metavar="FILE", help="a server: the key of its certificate")
    return parser.parse_args(sys.argv[1:split]), sys.argv[split + 1 :]


def free_address():
    """An address of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def protection(options, keys, folder):
    """What proves the server to the client."""
    if options.root:
        host = options.address.rpartition(":")[0].strip("[]")
        kind = "checkIP" if host.replace(".", "").isdigit() or ":" in host else "checkHost"
        return f"CAfile = {os.path.abspath(options.root)}\nverifyChain = yes\n{kind} = {host}\n"
    if options.certificates:
        chain = os.path.join(folder, "chain.pem")
        with open(chain, "w") as file:
            for name in options.certificates:
                with open(name) as part:
                    file.write(part.read())
        return f"cert = {chain}\nkey = {os.path.abspath(options.certificate_key)}\n"
    identity = f"PSKidentity = {options.identity}\n" if options.side == "client" else ""
    # Suites of RFC 4279 are below the first security level of OpenSSL.
    return f"ciphers = PSK-AES128-CBC-SHA:@SECLEVEL=0\nPSKsecrets = {keys}\n{identity}"


@contextlib.contextmanager
def stunnel(options, plain, folder):
    """stunnel between both addresses, for as long as the block lasts."""
    keys = os.path.join(folder, "keys")
    with open(os.open(keys, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
        file.write(f"{options.identity}:{options.key}\n")
    client = options.side == "client"
    lowest, highest = options.versions.split("-")
    configuration = os.path.join(folder, "stunnel.conf")
    with open(configuration, "w") as file:
        file.write(
            "foreground = yes\nsyslog = no\npid =\ndebug = notice\n[dm]\n"
            f"client = {'yes' if client else 'no'}\n"
            f"accept = {plain if client else options.address}\n"
            f"connect = {options.address if client else plain}\n"
            + protection(options, keys, folder)
            # It does not get on with a handshake in the middle of what it writes.
            + "renegotiation = no\n"
            + f"sslVersionMin = {lowest}\nsslVersionMax = {highest}\n"
        )
    running = subprocess.Popen(["stunnel4", configuration], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        said = []
        for line in running.stderr:
            said.append(line)
            if READY in line:
                break
        else:
            sys.exit(f"stunnel does not start:\n{''.join(said)}")
        # It says so before it listens.
        wait_for_listener(plain if client else options.address)
        # Whoever writes is read, or it would stop.
        threading.Thread(target=lambda: running.stderr.read(), daemon=True).start()
        yield
    finally:
        running.terminate()
        running.wait()


def wait_for_listener(address):
    """Until somebody listens at a port of this machine, as Linux tells it; a connection of ours would be passed on."""
    end = f":{int(address.rpartition(':')[2]):04X}"
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with open("/proc/net/tcp") as connections:
            rows = [row.split() for row in connections]
        # The state 0A is that of a listener.
        if any(row[1].endswith(end) and row[3] == "0A" for row in rows[1:]):
            return
        time.sleep(0.01)
    sys.exit(f"nobody listens at {address}")


if __name__ == "__main__":
    main()
