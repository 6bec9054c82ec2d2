#!/usr/bin/env python3
"""A small OMA DM 1.2 server over plain HTTP, and the notifications that call a client to it.

`--listen HOST:PORT` serves, after one line `ready HOST:PORT`; `--notify` prints a Package#0 in hexadecimal and ends.
Both share nonces and session ids through the `--state` file, so that a notification proves the server with the nonce
the client last gave out.

Exit status: 0, or 2 when the command line is wrong.
"""

import argparse
import http.server
import secrets
import sys
import threading
from urllib.parse import urlsplit

import dm
from dm import el, leaf, meta, text, uri

MAX_MSG_SIZE = 8192
MAX_BODY = 1 << 20
MAX_CHALLENGES = 2
PATH = "/OMA/DM"
DEVINFO = ("DevId", "Man", "Mod", "DmV", "Lang")

BUGS = {
    "notify-version-12": "notifications say version 1.2",
    "notify-wrong-digest": "notifications prove nothing",
    "notify-wsp-header": "notifications begin with a push header",
    "notify-reserved-bits": "notifications set a bit that is kept for the future",
    "same-session-id": "every session has the same id",
    "other-session-id": "answers in a session of its own",
    "no-final": "never ends a package",
    "no-cred": "does not prove itself",
    "accept-any-cred": "takes any credentials",
    "stale-challenge": "challenges with the nonce that just failed",
    "commands-before-auth": "sends commands to a client that has not proved itself",
    "no-status-of-alert": "leaves out the Status of alerts",
    "accept-version-2": "talks to a client of another version",
    "no-devinfo-needed": "goes on without DevInfo",
    "advance-on-duplicate": "takes a repeated message for the next one",
    "serves-get": "answers GET as if it were a message",
}


def main():
    args = arguments()
    if args.reset:
        dm.remove_state(args.state)
    elif args.notify:
        with dm.exclusive(args.state):
            print(notification(Account(args)).hex().upper())
    else:
        host, _, port = args.listen.rpartition(":")
        serve(args, host, int(port))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--listen", metavar="HOST:PORT", help="serve")
    mode.add_argument("--notify", action="store_true", help="print a notification and end")
    mode.add_argument("--reset", action="store_true", help="delete the state and do nothing else")
    parser.add_argument("--state", metavar="FILE", help="shared by serving and notifying")
    parser.add_argument("--address", default="http://127.0.0.1:3516/OMA/DM", help="the server's own address, as messages name it")
    parser.add_argument("--server-id", default="dmsc.example.com")
    parser.add_argument("--server-secret", default="s3cr3t-P@ss")
    parser.add_argument("--server-nonce", type=dm.octets_of, default="000102030405060708090A0B0C0D0E0F")
    parser.add_argument("--client-name", default="client1")
    parser.add_argument("--client-secret", default="pwd-C")
    parser.add_argument("--client-nonce", type=dm.octets_of, default="000102030405060708090A0B0C0D0E0F")
    parser.add_argument("--get", action="append", metavar="URI", help="what a session reads; ./DevDetail/SwV unless given")
    parser.add_argument("--bug", action="append", default=[], choices=sorted(BUGS), help="misbehave in one way; repeatable")
    return parser.parse_args()


class Account:
    """The one client's account with what both modes keep of it."""

    def __init__(self, args):
        self.args, self.bugs = args, set(args.bug)
        self.store = dm.Store(args.state)

    def nonce(self, side):
        kept = self.store.values.get(f"{side}_nonce")
        return dm.octets_of(kept) if kept is not None else getattr(self.args, f"{side}_nonce")

    def keep_nonce(self, side, octets):
        self.store.values[f"{side}_nonce"] = octets.hex()
        self.store.save()


def notification(account):
    """A Package#0. The session stays the same until a client has come to it."""
    values, bugs = account.store.values, account.bugs
    session = values.get("waiting")
    if session is None:
        session = 0x00A5 if "same-session-id" in bugs else values.get("session", 0x00A4) % 0xFFFF + 1
        values.update(session=session, waiting=session)
        account.store.save()
    package0 = dm.Package0(
        server_id=account.args.server_id.encode(),
        session_id=session,
        ui_mode=1,
        initiator=1,
        version=12 if "notify-version-12" in bugs else dm.NOTIFICATION_VERSION,
        reserved=1 if "notify-reserved-bits" in bugs else 0,
    )
    secret = "guess" if "notify-wrong-digest" in bugs else account.args.server_secret
    prefix = bytes.fromhex("010603C4AF87") if "notify-wsp-header" in bugs else b""
    return prefix + package0.octets(secret, account.nonce("server"))


class Session:
    """The server's side of one session."""

    def __init__(self, account, session_id):
        self.account, self.args, self.bugs = account, account.args, account.bugs
        self.session_id = session_id
        self.client_nonce = account.nonce("client")
        self.server_nonce = account.nonce("server")
        self.client_proved = False
        self.server_proved = False
        self.challenges = 0
        self.sent = 0
        self.last = None  # the client's message as it came, and our answer to it
        self.to_do = list(self.args.get or ["./DevDetail/SwV"])
        self.limit = None
        self.over = False
        self.chunk = None
        self.devinfo = False

    def answer(self, octets, header, body):
        if self.repeats(octets) and "advance-on-duplicate" not in self.bugs:
            return self.last[1]
        answer = self.message(header, body, text(header, "MsgID", ""))
        self.last = (octets, answer)
        return answer

    def repeats(self, octets):
        return self.last is not None and self.last[0] == octets

    def message(self, header, body, number):
        self.peer_message_id = number
        self.limit = int(text(header, "Meta/MaxMsgSize", "0") or 0) or self.limit
        wrong = self.wrong_version(header)
        if wrong and "accept-version-2" not in self.bugs:
            self.over = True
            return self.write(header, [self.header_status(header, wrong)], True)
        code, nonce = self.authenticate(header)
        proved = code in ("200", "212")
        out = [self.header_status(header, code, nonce)]
        aborted, asks_next = False, False
        for command in body:
            name, data = command.tag, text(command, "Data", "")
            if name == "Alert":
                if not proved:
                    out += self.status(command, code)
                    continue
                aborted |= data == "1223"
                asks_next |= data == "1222"
                if "no-status-of-alert" not in self.bugs:
                    out += self.status(command, self.alert_code(command, data))
            elif name == "Replace":
                out += self.status(command, self.devinfo_code(command) if proved else code)
            elif name == "Results":
                out += self.results_code(command)
            elif name == "Status":
                self.read_status(command)
            elif name != "Final":
                out += self.status(command, "406")
        if aborted:
            self.over = True
            return self.write(header, out, True)
        if not dm.is_final(body):
            # The client is not done: nothing but "go on", and our package stays closed as it is.
            return self.write(header, [*out, ("Alert", leaf("Data", "1222"))], False)
        if self.challenges > MAX_CHALLENGES:
            self.over = True
        may = proved and (self.devinfo or "no-devinfo-needed" in self.bugs)
        if may or "commands-before-auth" in self.bugs:
            if self.to_do:
                out.append(("Get", el("Item", uri("Target", self.to_do.pop(0)))))
            elif proved:
                self.over = True
        return self.write(header, out, True)

    def wrong_version(self, header):
        if text(header, "VerDTD") != "1.2":
            return "505"
        return "513" if text(header, "VerProto") != "DM/1.2" else None

    def authenticate(self, header):
        if self.client_proved:
            return "200", None
        found = dm.check_cred(header, self.args.client_name, self.args.client_secret, self.client_nonce)
        if found or "accept-any-cred" in self.bugs:
            self.client_proved = True
            following = secrets.token_bytes(16)
            self.account.keep_nonce("client", following)
            return "212", following
        self.challenges += 1
        if "stale-challenge" not in self.bugs:
            self.client_nonce = secrets.token_bytes(16)
        return ("407" if found is None else "401"), self.client_nonce

    def alert_code(self, command, data):
        if data in ("1200", "1201", "1222", "1223", "1226"):
            return "200"
        return "406"

    def devinfo_code(self, command):
        """DevInfo has its five leaves, each an Item with a Source."""
        sources = {(text(item, "Source/LocURI") or "").removeprefix("./") for item in command.findall("Item")}
        self.devinfo = sources >= {f"DevInfo/{name}" for name in DEVINFO}
        return "200" if self.devinfo else "412"

    def results_code(self, command):
        """Results get no Status unless something is wrong with them; a large one comes in chunks."""
        item = command.find("Item")
        if item is None:
            return self.status(command, "412")
        data, more = text(item, "Data", ""), item.find("MoreData") is not None
        source, lost = text(item, "Source/LocURI"), []
        if self.chunk is not None and source not in (None, self.chunk["source"]):
            # Another object before the end of the last: that one is not taken.
            lost = [("Alert", leaf("Data", "1225") + el("Item", uri("Source", self.chunk["source"] or "")))]
            self.chunk = None
        if self.chunk is None and not more:
            return lost
        if self.chunk is None:
            size = text(item, "Meta/Size") or text(command, "Meta/Size")
            self.chunk = {"size": size, "data": "", "source": source}
        self.chunk["data"] += data
        if more:
            return [*lost, *self.status(command, "213")]
        whole, self.chunk = self.chunk, None
        right = whole["size"] is None or len(whole["data"].encode()) == int(whole["size"])
        return self.status(command, "200" if right else "424")

    def read_status(self, status):
        """What the client says of our credentials. A nonce it gives out is for our next ones."""
        if text(status, "CmdRef") != "0":
            return
        code = text(status, "Data", "")
        nonce = dm.unb64(text(status, "Chal/Meta/NextNonce")) if status.find("Chal") is not None else None
        if code == "212":
            self.server_proved = True
        if code in ("401", "407"):
            # Nothing that we asked for was done.
            self.to_do = list(self.args.get or ["./DevDetail/SwV"])
            self.challenges += 1
        if nonce is not None:
            self.server_nonce = nonce
            if self.client_proved:
                self.account.keep_nonce("server", nonce)

    def header_status(self, header, code, nonce=None):
        content = [
            leaf("MsgRef", self.peer_message_id),
            leaf("CmdRef", "0"),
            leaf("Cmd", "SyncHdr"),
            leaf("TargetRef", text(header, "Target/LocURI", "")),
            leaf("SourceRef", text(header, "Source/LocURI", "")),
            dm.md5_chal(nonce) if nonce else "",
            leaf("Data", code),
        ]
        return "Status", "".join(content)

    def status(self, command, code):
        content = [
            leaf("MsgRef", self.peer_message_id),
            leaf("CmdRef", text(command, "CmdID", "")),
            leaf("Cmd", command.tag),
            leaf("Data", code),
        ]
        return [("Status", "".join(content))]

    def write(self, header, commands, final):
        self.sent += 1
        session = "BEEF" if "other-session-id" in self.bugs else self.session_id
        cred = ""
        if not self.server_proved and "no-cred" not in self.bugs:
            cred = dm.md5_cred(self.args.server_id, self.args.server_secret, self.server_nonce)
        head = el(
            "SyncHdr",
            leaf("VerDTD", "1.2"),
            leaf("VerProto", "DM/1.2"),
            leaf("SessionID", session),
            leaf("MsgID", self.sent),
            uri("Target", text(header, "Source/LocURI", "")),
            uri("Source", self.args.address),
            cred,
            meta(MaxMsgSize=MAX_MSG_SIZE, MaxObjSize=MAX_BODY),
        )
        body = [el(name, leaf("CmdID", number), content) for number, (name, content) in enumerate(commands, 1)]
        if final and "no-final" not in self.bugs:
            body.append(el("Final"))
        octets = el("SyncML", head, el("SyncBody", *body), ns=dm.SYNCML).encode()
        if self.limit and len(octets) > self.limit:
            self.over = True
            return self.write_too_large(header)
        return octets

    def write_too_large(self, header):
        """A client that takes less than our shortest answer cannot be served; it hears so, and that is all."""
        self.limit = None
        return self.write(header, [self.header_status(header, "413")], True)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_POST(self):
        try:
            octets = self.body()
        except ValueError:
            return self.reply(400, close=True)
        if urlsplit(self.path).path != PATH:
            return self.reply(404)
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != dm.MIME_XML:
            return self.reply(415)
        try:
            header, body = dm.parse_message(octets)
        except dm.BadMessage as error:
            self.log_message("%s", error)
            return self.reply(400)
        answer = self.server.answer(octets, header, body)
        return self.reply(400) if answer is None else self.reply(200, answer)

    def body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            length = int(self.headers.get("Content-Length", ""))
            if not 0 <= length <= MAX_BODY:
                raise ValueError(length)
            return self.rfile.read(length)
        octets = b""
        while True:
            size = int(self.rfile.readline(64).split(b";")[0], 16)
            if not 0 <= size <= MAX_BODY - len(octets):
                raise ValueError(size)
            octets += self.rfile.read(size)
            self.rfile.readline(1024)
            if not size:
                return octets

    def other(self):
        if "serves-get" in self.server.account_bugs:
            return self.reply(200, b"<SyncML/>")
        self.reply(405, allow="POST")

    do_GET = do_PUT = do_HEAD = do_DELETE = other

    def reply(self, code, octets=b"", allow=None, close=False):
        self.send_response(code)
        if octets:
            self.send_header("Content-Type", f"{dm.MIME_XML}; charset=UTF-8")
        if allow:
            self.send_header("Allow", allow)
        if close:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(octets)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, args, address):
        super().__init__(address, Handler)
        self.args, self.account_bugs = args, set(args.bug)
        self.sessions, self.lock = {}, threading.Lock()

    def answer(self, octets, header, body):
        """The answer to a message, or None when it names no session."""
        session_id, source = text(header, "SessionID", ""), text(header, "Source/LocURI", "")
        if not session_id or not source or not text(header, "MsgID"):
            return None
        with self.lock, dm.exclusive(self.args.state):
            key = (source, session_id)
            session = self.sessions.get(key)
            # A first message that is no repetition begins a session, whatever became of the session that had the id.
            if session is None or (text(header, "MsgID") == "1" and not session.repeats(octets)):
                account = Account(self.args)
                if account.store.values.get("waiting") is not None:
                    if session_id == dm.session_id_text(account.store.values["waiting"]):
                        del account.store.values["waiting"]
                        account.store.save()
                session = self.sessions[key] = Session(account, session_id)
            session.account.store = dm.Store(self.args.state)
            return session.answer(octets, header, body)


def serve(args, host, port):
    server = Server(args, (host, port))
    print(f"ready {host}:{server.server_address[1]}", flush=True)
    try:
        server.serve_forever(poll_interval=0.05)
    except KeyboardInterrupt:
        server.shutdown()


if __name__ == "__main__":
    sys.exit(main())
