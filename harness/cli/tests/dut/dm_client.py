#!/usr/bin/env python3
"""A small OMA DM 1.2 client: one process per notification.

It takes a Package#0 on standard input, or in `--package0`, and if the notification is for its account runs a DM
session over plain HTTP. What must outlive the process (nonces, the tree) is in the `--state` file.

Exit status: 0 when the notification was handled or rightly ignored, 2 when the command line is wrong. That a server
misbehaves is no failure of the client; what it thought of it is on standard error.
"""

import argparse
import copy
import http.client
import os
import sys
import time
from urllib.parse import urlsplit

import dm
from dm import el, leaf, meta, text, uri
from tree import Refused, Tree

TIMEOUT = 10.0  # seconds
MAX_MESSAGES = 60
MAX_CHALLENGES = 2
MAX_MSG_SIZE = 4096
MAX_OBJ_SIZE = 65536
OVERHEAD = 1400  # octets of a message around the value it carries, at most
SAME_TRIGGER = 5.0  # seconds in which the same Package#0 again asks for no second session
DEVINFO = ("DevId", "Man", "Mod", "DmV", "Lang")

BUGS = {
    "session-id-decimal": "writes the session id in decimal",
    "session-id-padded": "keeps the leading zeros of the session id",
    "accept-any-digest": "does not look at the digest of a notification",
    "accept-any-server-id": "does not look at the ServerID of a notification",
    "accept-version-12": "takes notifications that say version 1.2",
    "no-devinfo": "leaves DevInfo out of Package#1",
    "alert-1201": "says that it began the session by itself",
    "no-final": "never ends a package",
    "msg-id-stuck": "numbers every message 1",
    "wrong-content-type": "labels its messages as data synchronisation",
    "no-accept": "does not say which types it takes",
    "executes-unauthenticated": "obeys a server that has not proved itself",
    "no-command-status": "leaves out the Status of commands",
    "retries-old-nonce": "answers a challenge with the nonce it used before",
    "lone-status": "answers an empty Package#2",
    "ignores-resp-uri": "sends on to the address of the account",
    "executes-duplicates": "obeys the same message twice",
    "no-resync": "claims nonce resynchronisation and does not do it",
    "no-next-message": "ends its package before the server has ended its own",
}


def main():
    args = arguments()
    if args.reset:
        dm.remove_state(args.state)
        return
    arrived = time.time()
    octets = bytes.fromhex(args.package0) if args.package0 is not None else sys.stdin.buffer.read()
    with dm.exclusive(args.state) as still_ours:
        device = Device(args, still_ours)
        reason = device.refuses(octets, arrived)
        if reason:
            note(f"notification ignored: {reason}")
            return
        device.run_session(octets)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", default="http://127.0.0.1:3516/OMA/DM", help="AppAddr of the account, as messages name it")
    parser.add_argument("--connect", metavar="HOST:PORT", help="where the server is really reached, unless it is at its address")
    parser.add_argument("--package0", metavar="HEX", help="the notification; without it, octets on standard input")
    parser.add_argument("--state", metavar="FILE", help="keeps nonces and the tree from one session to the next")
    parser.add_argument("--reset", action="store_true", help="delete the state and do nothing else")
    parser.add_argument("--server-id", default="dmsc.example.com")
    parser.add_argument("--server-secret", default="s3cr3t-P@ss")
    parser.add_argument("--server-nonce", type=dm.octets_of, default="000102030405060708090A0B0C0D0E0F")
    parser.add_argument("--client-name", default="client1")
    parser.add_argument("--client-secret", default="pwd-C")
    parser.add_argument("--client-nonce", type=dm.octets_of, default="000102030405060708090A0B0C0D0E0F")
    parser.add_argument("--device-id", default="urn:uuid:00000000-0000-4000-8000-000000000001")
    parser.add_argument("--bug", action="append", default=[], choices=sorted(BUGS), help="misbehave in one way; repeatable")
    return parser.parse_args()


def note(message):
    print(f"dm_client: {message}", file=sys.stderr)


class Response(http.client.HTTPResponse):
    """A response before which others of 1xx may come. Python's own passes over 100 alone."""

    def _read_status(self):
        while True:
            version, status, reason = super()._read_status()
            if not 101 < status < 200:
                return version, status, reason
            http.client.parse_headers(self.fp)


class Connection(http.client.HTTPConnection):
    response_class = Response


class EndOfSession(Exception):
    """The session is over; the text says why."""


class Device:
    """What outlives a session: the account with its nonces, and the tree."""

    def __init__(self, args, still_ours):
        self.args, self.still_ours = args, still_ours
        self.bugs = set(args.bug)
        self.store = dm.Store(args.state)
        values = self.store.values
        self.server_nonce = dm.octets_of(values["server_nonce"]) if "server_nonce" in values else args.server_nonce
        self.client_nonce = dm.octets_of(values["client_nonce"]) if "client_nonce" in values else args.client_nonce
        self.resync = False
        if "tree" in values:
            self.tree = Tree(values["tree"])
        else:
            self.tree = Tree.of_device(args.device_id)
            self.tree.put_account(args.server_id, args.address)

    def save(self):
        if not self.still_ours():
            return
        self.store.values.update(
            server_nonce=self.server_nonce.hex(), client_nonce=self.client_nonce.hex(), tree=self.tree.nodes
        )
        self.store.save()

    def refuses(self, octets, arrived):
        """Why a notification is to be ignored, or None."""
        try:
            package0 = dm.Package0.parse(octets)
        except ValueError as error:
            return str(error)
        if package0.version != dm.NOTIFICATION_VERSION and "accept-version-12" not in self.bugs:
            return f"its version is {package0.version}"
        if not package0.session_id:
            return "session 0"
        known = package0.server_id == self.args.server_id.encode()
        if not package0.server_id or (not known and "accept-any-server-id" not in self.bugs):
            return f"no account of {package0.server_id!r}"
        last = self.store.values.get("last", {})
        if last.get("package0") == octets.hex() and arrived - last.get("ended", 0) < SAME_TRIGGER:
            return "it asks for the session that just was"
        if "accept-any-digest" in self.bugs:
            return None
        if package0.digest == self.digest(package0, octets, self.server_nonce):
            return None
        if "no-resync" not in self.bugs and package0.digest == self.digest(package0, octets, dm.DEFAULT_NONCE):
            self.resync = True
            return None
        return "its digest is wrong"

    def digest(self, package0, octets, nonce):
        return dm.notification_digest(package0.server_id, self.args.server_secret, nonce, octets[16:])

    def run_session(self, octets):
        session = Session(self, dm.Package0.parse(octets))
        try:
            session.run()
        except EndOfSession as end:
            note(f"session ended: {end}")
        except (OSError, http.client.HTTPException, dm.BadMessage) as error:
            note(f"session lost: {type(error).__name__}: {error}")
        finally:
            session.connection.close()
        session.settle()
        if session.completed:
            self.store.values["last"] = {"package0": octets.hex(), "ended": time.time()}
        self.save()


class Session:
    """One session: messages out and in until nothing is left to say."""

    def __init__(self, device, package0):
        self.device, self.args, self.bugs = device, device.args, device.bugs
        self.session_id = dm.session_id_text(package0.session_id)
        if "session-id-decimal" in self.bugs:
            self.session_id = str(package0.session_id)
        elif "session-id-padded" in self.bugs:
            self.session_id = f"{package0.session_id:04X}"
        self.connection = Connection(self.args.connect or urlsplit(self.args.address).netloc, timeout=TIMEOUT)
        self.url = self.args.address
        self.message_id = 0
        self.peer_message_id = None
        self.pending = []  # commands that did not fit into a message yet
        self.server_done = False  # whether the server has ended the package that ours answers
        self.chunks = None  # the large object that is coming in
        self.limit = None  # what the server takes in one message, octets
        self.object_limit = None
        self.completed = False
        # Authentication of the client.
        self.client_nonce = dm.DEFAULT_NONCE if device.resync else device.client_nonce
        self.client_proved = False
        self.challenged = 0
        self.next_client_nonce = None
        # Authentication of the server.
        self.server_nonce = dm.DEFAULT_NONCE if device.resync else device.server_nonce
        self.server_proved = False
        self.challenges = 0
        self.offered = None  # the nonce in the message that is going out
        self.next_server_nonce = None

    # --- Messages out ---

    def run(self):
        self.send_package([], self.package1(), final=True)
        for _ in range(MAX_MESSAGES):
            self.process(*self.receive())
        raise EndOfSession("it goes on and on")

    def package1(self):
        alert = "1201" if "alert-1201" in self.bugs else "1200"
        commands = [("Alert", leaf("Data", alert))]
        if "no-devinfo" not in self.bugs:
            nodes = self.device.tree.nodes
            items = [
                el("Item", uri("Source", f"./DevInfo/{name}"), meta(Format="chr", Type="text/plain"), leaf("Data", nodes[f"DevInfo/{name}"]["value"]))
                for name in DEVINFO
            ]
            commands.append(("Replace", "".join(items)))
        return commands

    def send_package(self, first, rest, final):
        """Sends what fits of a package; the rest waits for the server to ask for it."""
        self.message_id += 1
        taken, rest = list(first), list(rest)
        while rest and (len(taken) == len(first) or self.fits([*taken, rest[0]])):
            taken.append(rest.pop(0))
        self.pending = rest
        self.outgoing = self.write(taken, final and not rest)
        if final and not rest:
            self.server_done = False

    def fits(self, commands):
        return self.limit is None or len(self.write(commands, final=True)) <= self.limit

    def write(self, commands, final):
        shown = 1 if "msg-id-stuck" in self.bugs else self.message_id
        cred = ""
        if not self.client_proved:
            cred = dm.md5_cred(self.args.client_name, self.args.client_secret, self.client_nonce)
        header = el(
            "SyncHdr",
            leaf("VerDTD", "1.2"),
            leaf("VerProto", "DM/1.2"),
            leaf("SessionID", self.session_id),
            leaf("MsgID", shown),
            uri("Target", self.args.address),
            el("Source", leaf("LocURI", self.args.device_id), leaf("LocName", self.args.client_name)),
            cred,
            meta(MaxMsgSize=MAX_MSG_SIZE, MaxObjSize=MAX_OBJ_SIZE),
        )
        body = [el(name, leaf("CmdID", number), content) for number, (name, content) in enumerate(commands, 1)]
        if final and "no-final" not in self.bugs:
            body.append(el("Final"))
        message = el("SyncML", header, el("SyncBody", *body), ns=dm.SYNCML)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{message}'.encode()

    # --- HTTP ---

    def receive(self):
        """Posts the message that is ready and returns SyncHdr and SyncBody of the answer."""
        try:
            response = self.post()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            # A kept connection may have been closed meanwhile: the same message once more, on a new one.
            self.connection.close()
            response = self.post()
        octets = response.read()
        if self.offered is not None:
            self.next_server_nonce, self.offered = self.offered, None
        kind = response.getheader("Content-Type", "").partition(";")[0].strip().lower()
        if response.status != 200:
            raise EndOfSession(f"HTTP {response.status}")
        if kind != dm.MIME_XML:
            raise EndOfSession(f"an answer of type `{kind}`")
        return dm.parse_message(octets)

    def post(self):
        target = urlsplit(self.url)
        path = (target.path or "/") + (f"?{target.query}" if target.query else "")
        kind = "application/vnd.syncml+xml" if "wrong-content-type" in self.bugs else dm.MIME_XML
        headers = {
            "Host": target.netloc,
            "Content-Type": f"{kind}; charset=UTF-8",
            "Accept-Charset": "utf-8",
            "Cache-Control": "no-store",
            "User-Agent": "dmsc-python-client/1",
        }
        if "no-accept" not in self.bugs:
            headers["Accept"] = dm.MIME_XML
        self.connection.request("POST", path, self.outgoing, headers)
        return self.connection.getresponse()

    def follow(self, address):
        """RespURI: the account's own authority stands for where the server is really reached."""
        target = urlsplit(address)
        if target.scheme != urlsplit(self.args.address).scheme or not target.hostname:
            raise EndOfSession(f"RespURI `{address}` leads nowhere")
        here, there = urlsplit(self.url).netloc, target.netloc
        account = urlsplit(self.args.address).netloc
        if there != here:
            self.connection.close()
            reached = self.args.connect if self.args.connect and there == account else there
            self.connection = Connection(reached, timeout=TIMEOUT)
        self.url = address

    # --- Messages in ---

    def process(self, header, body):
        """Obeys one message and makes the next one ready. Raises EndOfSession when there is none to send."""
        number = text(header, "MsgID", "")
        if number == self.peer_message_id and "executes-duplicates" not in self.bugs:
            raise EndOfSession(f"message {number} came twice")
        self.peer_message_id = number
        if text(header, "SessionID") != self.session_id:
            raise EndOfSession(f"it is of session `{text(header, 'SessionID')}`")
        commands = [command for command in body if command.tag not in ("Status", "Results", "Final")]
        refusal = {("VerDTD", "1.2"): "505", ("VerProto", "DM/1.2"): "513"}
        for (name, wanted), code in refusal.items():
            if text(header, name) != wanted:
                return self.reject(header, commands, code)
        if any(command.tag == "Alert" and text(command, "Data") == "1223" for command in commands):
            self.completed = True
            raise EndOfSession("the server aborts it")
        self.limit = self.number(header, "Meta/MaxMsgSize") or self.limit
        self.object_limit = self.number(header, "Meta/MaxObjSize") or self.object_limit
        restart = self.read_status_of_header(body)
        code, challenge = self.authenticate(header)
        if header.find("RespURI") is not None and "ignores-resp-uri" not in self.bugs:
            self.follow(text(header, "RespURI"))

        proved = code in ("200", "212") or "executes-unauthenticated" in self.bugs
        answers = []
        for command in commands:
            answers += self.obey(command) if proved else [self.status(command, code)]
        if "no-command-status" in self.bugs:
            answers = [answer for answer in answers if answer[0] != "Status"]
        first = [self.status_of_header(header, code, challenge)]
        if restart:
            return self.send_package(first + answers, self.package1(), final=True)

        self.server_done |= dm.is_final(body) or "no-next-message" in self.bugs
        waiting, self.pending = self.pending, []
        resyncing = self.device.resync and code == "212"
        if not (answers or waiting or resyncing or not self.server_done or "lone-status" in self.bugs):
            self.completed = True
            raise EndOfSession("nothing is left to say")
        if not self.server_done:
            answers.append(("Alert", leaf("Data", "1222")))
        if code == "212":
            self.offered = challenge
        self.send_package(first, answers + waiting, final=self.server_done)

    def number(self, element, path):
        value = text(element, path, "")
        return int(value) if value.isdigit() else None

    def reject(self, header, commands, code):
        """A message of another version is refused as a whole, and nothing follows."""
        first = [self.status_of_header(header, code, None)]
        self.send_package(first, [self.status(command, code) for command in commands], final=True)
        self.receive()
        raise EndOfSession(f"refused with {code}")

    def read_status_of_header(self, body):
        """What the server says of the client's credentials; True when Package#1 is to be sent again."""
        for status in body.iter("Status"):
            if text(status, "CmdRef") != "0":
                continue
            code = text(status, "Data", "")
            nonce = None
            chal = status.find("Chal")
            if chal is not None:
                kind, nonce = text(chal, "Meta/Type"), dm.unb64(text(chal, "Meta/NextNonce"))
                if kind != "syncml:auth-md5" or nonce is None:
                    raise EndOfSession(f"a challenge of type `{kind}` is not for this account")
            if code in ("401", "407"):
                self.challenged += 1
                if nonce is None or self.challenged > MAX_CHALLENGES:
                    raise EndOfSession("the server does not take the credentials")
                if "retries-old-nonce" not in self.bugs:
                    self.client_nonce = nonce
                return True
            if code == "212":
                self.client_proved = True
                # The nonce of a 212 is for the next session, one that was challenged for stays good without it.
                self.next_client_nonce = nonce or self.client_nonce
            elif code == "200" and nonce is not None:
                self.client_nonce = self.next_client_nonce = nonce
            elif not code.startswith(("1", "2")):
                raise EndOfSession(f"the server answers SyncHdr with {code}")
        return False

    def authenticate(self, header):
        """The Status of the server's header, and the nonce to challenge or to go on with."""
        cred = header.find("Cred")
        if cred is None and self.server_proved:
            return "200", None
        nonces = [nonce for nonce in (self.server_nonce, self.next_server_nonce) if nonce is not None]
        name, secret = self.args.server_id, self.args.server_secret
        if any(dm.check_cred(header, name, secret, nonce) for nonce in nonces):
            self.server_proved = True
            return "212", os.urandom(16)
        self.challenges += 1
        if self.challenges > MAX_CHALLENGES:
            raise EndOfSession("the server does not prove itself")
        return ("407" if cred is None else "401"), os.urandom(16)

    def status_of_header(self, header, code, nonce):
        content = [
            leaf("MsgRef", text(header, "MsgID", "")),
            leaf("CmdRef", "0"),
            leaf("Cmd", "SyncHdr"),
            leaf("TargetRef", text(header, "Target/LocURI", "")),
            leaf("SourceRef", text(header, "Source/LocURI", "")),
            dm.md5_chal(nonce) if nonce else "",
            leaf("Data", code),
        ]
        if nonce and code in ("401", "407"):
            self.server_nonce = nonce
        return "Status", "".join(content)

    def settle(self):
        """Keeps nonces, but only such as a server that has proved itself knows of."""
        if not self.server_proved:
            return
        self.device.server_nonce = self.next_server_nonce or self.server_nonce
        if self.next_client_nonce is not None:
            self.device.client_nonce = self.next_client_nonce

    # --- Commands ---

    def status(self, command, code, target=None):
        return "Status", "".join(
            [
                leaf("MsgRef", self.peer_message_id),
                leaf("CmdRef", text(command, "CmdID", "")),
                leaf("Cmd", command.tag),
                leaf("TargetRef", target) if target else "",
                leaf("Data", code),
            ]
        )

    def obey(self, command):
        """Carries a command out; returns Status and Results for it."""
        if self.chunks and not self.continues(command):
            broken, self.chunks = self.chunks, None
            lost = ("Alert", leaf("Data", "1225") + el("Item", uri("Target", broken["target"])))
            return [lost, *self.obey(command)]
        if not text(command, "CmdID"):
            return [self.status(command, "400")]
        match command.tag:
            case "Get" | "Add" | "Replace" | "Delete" | "Exec":
                return self.items(command)
            case "Sequence":
                inner = [answer for part in parts(command) for answer in self.obey(part)]
                return [self.status(command, "200"), *inner]
            case "Atomic":
                return self.atomic(command)
            case "Alert":
                return [self.status(command, "200" if text(command, "Data") == "1222" else "406")]
            case "Copy" | "Put" | "Search" | "Sync" | "Map":
                return [self.status(command, "406")]
            case _:
                return [self.status(command, "501")]

    def items(self, command):
        items = command.findall("Item")
        if not items:
            return [self.status(command, "412")]
        answers = []
        for item in items:
            target = text(item, "Target/LocURI")
            if not target:
                answers.append(self.status(command, "412"))
                continue
            result = None
            try:
                code, result = self.one(command, item, target)
            except Refused as refused:
                code = str(refused.code)
            answers.append(self.status(command, code, target if len(items) > 1 else None))
            if result:
                answers.append(result)
        return answers

    def one(self, command, item, target):
        """Status code, and Results if there are any, of one item. Raises Refused."""
        tree, server = self.device.tree, self.args.server_id
        if command.tag == "Get":
            form, kind, value = tree.get(target, server)
            room = min(self.object_limit or MAX_OBJ_SIZE, (self.limit or MAX_OBJ_SIZE + OVERHEAD) - OVERHEAD)
            if len(value.encode()) > room:
                raise Refused(413)
            return "200", self.results(command, target, form, kind, value)
        if command.tag == "Delete":
            tree.delete(target, server)
        elif command.tag == "Exec":
            tree.execute(target, server)
        else:
            given = {
                "format": text(item, "Meta/Format") or text(command, "Meta/Format"),
                "type": text(item, "Meta/Type") or text(command, "Meta/Type"),
                "value": "".join(item.find("Data").itertext()) if item.find("Data") is not None else "",
            }
            if not self.gather(command, item, target, given):
                return "213", None
            if len(given["value"].encode()) > MAX_OBJ_SIZE:
                raise Refused(413)
            (tree.add if command.tag == "Add" else tree.replace)(target, given, server)
        return "200", None

    def results(self, command, target, form, kind, value):
        return "Results", "".join(
            [
                leaf("MsgRef", self.peer_message_id),
                leaf("CmdRef", text(command, "CmdID", "")),
                el("Item", uri("Source", target), meta(Format=form, Type=kind), leaf("Data", value)),
            ]
        )

    def continues(self, command):
        target = text(command, "Item/Target/LocURI")
        if command.tag == "Alert" and text(command, "Data") == "1222":
            return True
        return command.tag == self.chunks["command"] and target == self.chunks["target"]

    def gather(self, command, item, target, given):
        """Collects a large object; False while more is to come. Raises Refused."""
        more = item.find("MoreData") is not None
        if self.chunks is None:
            if not more:
                return True
            size = self.number(item, "Meta/Size")
            if size is None:
                size = self.number(command, "Meta/Size")
            self.chunks = {"command": command.tag, "target": target, "size": size, **given}
            if size is not None and size > MAX_OBJ_SIZE:
                self.chunks = None
                raise Refused(413)
            return False
        self.chunks["value"] += given["value"]
        if more:
            return False
        whole, self.chunks = self.chunks, None
        if whole["size"] is not None and len(whole["value"].encode()) != whole["size"]:
            raise Refused(424)
        given.update(value=whole["value"], format=whole["format"], type=whole["type"])
        return True

    def atomic(self, command):
        """All or nothing: the failing command keeps its code, those before it are taken back, the rest is not tried. So it
        is where the answers have no room in one message."""
        tree = self.device.tree
        before = copy.deepcopy(tree.nodes)
        answers, done, failed = [], [], False
        for part in parts(command):
            if failed:
                answers.append(self.status(part, "215"))
            elif part.tag in ("Get", "Atomic"):
                failed = True
                answers.append(self.status(part, "500"))
            else:
                found = self.obey(part)
                failed = not all("<Data>200</Data>" in content for name, content in found if name == "Status")
                done.append((len(answers), part, failed))
                answers += found
        large = not failed and not self.fits([self.status(command, "200"), *answers])
        if failed or large:
            tree.nodes = before
            for index, part, is_failing in done:
                if not is_failing:
                    answers[index] = self.status(part, "216")
        return [self.status(command, "507" if failed else "517" if large else "200"), *answers]


def parts(command):
    return [part for part in command if part.tag not in ("CmdID", "Meta", "NoResp", "Cred")]


if __name__ == "__main__":
    main()
