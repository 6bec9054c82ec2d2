#!/usr/bin/env python3
"""Tests of the two DUT programs: the published vectors, each against the other, and the client against a script.

They are opinions independent of the harness, so they must be right by themselves.
"""

import http.server
import os
import re
import subprocess
import sys
import tempfile
import threading
import unittest
import xml.etree.ElementTree as ET

import dm
from dm import el, leaf, meta, text, uri
from dm_client import BUGS as CLIENT_BUGS
from dm_server import BUGS as SERVER_BUGS
from tree import Refused, Tree

HERE = os.path.dirname(os.path.abspath(__file__))
SERVER_ID, SECRET = b"dmsc.example.com", "s3cr3t-P@ss"
NONCE = bytes(range(16))
V2 = "82F9F74E1F3F40044BC83453DBF49D1B02D800000000A510646D73632E6578616D706C652E636F6D"


class Vectors(unittest.TestCase):
    """Digests that were computed apart from any program here."""

    def check(self, package0, secret, nonce, trigger, digest):
        self.assertEqual(package0.trigger().hex().upper(), trigger)
        octets = package0.octets(secret, nonce)
        self.assertEqual(octets[:16].hex().upper(), digest)
        again = dm.Package0.parse(octets)
        self.assertEqual(again.trigger(), package0.trigger())
        self.assertEqual(again.digest, octets[:16])

    def test_v1_the_header_of_the_published_example(self):
        package0 = dm.Package0(b"com.mgmtsrv.manage", 0x1234, ui_mode=1)
        trigger = "02D0000000123412636F6D2E6D676D747372762E6D616E616765"
        self.check(package0, "password", b"1234567890", trigger, "A6AF31F7EECE66DDD963F2BC058E09DD")

    def test_v2_to_v5_the_same_notification_under_four_nonces(self):
        package0 = dm.Package0(SERVER_ID, 0xA5, ui_mode=1, initiator=1)
        trigger = "02D800000000A510" + SERVER_ID.hex().upper()
        for nonce, digest in (
            (NONCE, "82F9F74E1F3F40044BC83453DBF49D1B"),
            (bytes(4), "49FB63F70DDA9540B117C9A2B0F5E419"),
            (b"0x00000000", "F62C6957CCD777BA942C8E394F7E0AC3"),
            (b"AAAAAA==", "5E85EEA5EE1DB05CF8993D4C2DC07568"),
        ):
            with self.subTest(nonce=nonce):
                self.check(package0, SECRET, nonce, trigger, digest)

    def test_v6_a_vendor_body_is_under_the_digest(self):
        package0 = dm.Package0(SERVER_ID, 0xFFFF, ui_mode=3, initiator=1, body=bytes.fromhex("CAFEBABE"))
        trigger = "02F8000000FFFF10" + SERVER_ID.hex().upper() + "CAFEBABE"
        self.check(package0, SECRET, NONCE, trigger, "2184A7C2C47D3702BF86EBCA2B236966")

    def test_v7_the_shortest(self):
        package0 = dm.Package0(b"A", 1)
        self.check(package0, "B", b"", "02C000000000010141", "60E3C6896DE83CDB2654C0C967B686D3")

    def test_credentials(self):
        for name, secret, nonce, expected in (
            ("Bruce2", "OhBehave", b"Nonce", "Zz6EivR3yeaaENcRN6lpAQ=="),
            ("client1", "pwd-C", NONCE, "S9I24CGF7eX9CyUw6r9Gkg=="),
            ("client1", "pwd-C", bytes(4), "xG9CCX7z8nQf8iou3ayCOw=="),
            (SERVER_ID.decode(), SECRET, NONCE, "KaLULUDoWoHiogxPGKVS4g=="),
        ):
            self.assertEqual(dm.b64(dm.credential(name, secret, nonce)), expected)

    def test_session_ids_in_package_1(self):
        for value, expected in ((1, "1"), (0xA5, "A5"), (0x0A0B, "A0B"), (0x1234, "1234"), (0xFFFF, "FFFF")):
            self.assertEqual(dm.session_id_text(value), expected)

    def test_a_notification_that_is_none(self):
        for octets in (b"", bytes(23), bytes.fromhex(V2)[:-1]):
            with self.assertRaises(ValueError):
                dm.Package0.parse(octets)


class TreeRules(unittest.TestCase):
    def setUp(self):
        self.tree = Tree.of_device("urn:x")

    def refused(self, code, command, *args):
        with self.assertRaises(Refused) as caught:
            command(*args)
        self.assertEqual(caught.exception.code, code)

    def test_codes(self):
        item = {"format": "chr", "type": None, "value": "v"}
        self.tree.add("./Vendor/A/B", item, "s")
        self.assertEqual(self.tree.get("Vendor/A", "s"), ("node", None, "B"))
        self.assertEqual(self.tree.get("./Vendor/A/B?prop=Name", "s")[2], "B")
        self.refused(418, self.tree.add, "./Vendor/A/B", item, "s")
        self.refused(405, self.tree.add, "./Vendor/A/B/C", item, "s")
        self.refused(404, self.tree.replace, "./Vendor/none", item, "s")
        self.refused(404, self.tree.get, "./Vendor/../DevInfo", "s")
        self.refused(405, self.tree.get, "./Inbox/x", "s")
        self.refused(405, self.tree.delete, "./DevInfo/Man", "s")
        self.refused(406, self.tree.get, "./Vendor?prop=Nonsense", "s")
        self.tree.replace("./Vendor/A?prop=ACL", {"value": "Get=s"}, "s")
        self.assertEqual(self.tree.get("./Vendor/A/B", "s")[2], "v")
        self.refused(425, self.tree.get, "./Vendor/A/B", "t")
        self.refused(425, self.tree.delete, "./Vendor/A/B", "s")


class Programs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.state = {side: os.path.join(folder.name, side) for side in ("client", "server")}

    def client(self, package0, port, *more):
        command = [sys.executable, os.path.join(HERE, "dm_client.py"), "--connect", f"127.0.0.1:{port}", "--state", self.state["client"]]
        done = subprocess.run([*command, "--package0", package0, *more], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def server(self, *more):
        command = [sys.executable, os.path.join(HERE, "dm_server.py"), "--state", self.state["server"], *more]
        process = subprocess.Popen([*command, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (process.kill(), process.communicate()))
        return int(process.stdout.readline().split(":")[1])

    def notification(self, *more):
        command = [sys.executable, os.path.join(HERE, "dm_server.py"), "--state", self.state["server"], "--notify", *more]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()

    def kept(self, side):
        return dm.Store(self.state[side]).values


class EachOther(Programs):
    """Client and server against one another, as processes."""

    def test_the_first_notification_is_v2(self):
        self.assertEqual(self.notification("--bug", "same-session-id"), V2)

    def test_an_unanswered_trigger_keeps_its_session_and_the_next_gets_another(self):
        first = self.notification()
        self.assertEqual(first, self.notification())
        port = self.server()
        self.client(first, port)
        self.assertNotEqual(first[42:46], self.notification()[42:46])

    def test_nonces_go_round_over_three_sessions(self):
        port, seen = self.server(), set()
        for _ in range(3):
            said = self.client(self.notification(), port)
            self.assertIn("nothing is left to say", said)
            nonces = self.kept("client")["server_nonce"], self.kept("client")["client_nonce"]
            self.assertEqual(nonces, (self.kept("server")["server_nonce"], self.kept("server")["client_nonce"]))
            seen.add(nonces)
        self.assertEqual(len(seen), 3)

    def test_stale_nonces_are_challenged_for_on_both_sides(self):
        stale = "FF" * 16
        port = self.server()
        said = self.client(V2, port, "--client-nonce", stale)
        self.assertIn("nothing is left to say", said)
        self.assertEqual(self.kept("client")["client_nonce"], self.kept("server")["client_nonce"])
        said = self.client(V2, self.server("--server-nonce", stale), "--reset")
        port = self.server("--server-nonce", stale)
        os.remove(self.state["server"])
        self.assertIn("nothing is left to say", self.client(V2, port))
        self.assertEqual(self.kept("client")["server_nonce"], self.kept("server")["server_nonce"])

    def test_resynchronisation(self):
        # The default nonce of the notification goes on into the credentials of both sides.
        lost = "EE" * 16
        package0 = self.notification("--server-nonce", "00000000")
        port = self.server("--server-nonce", "00000000", "--client-nonce", "00000000")
        said = self.client(package0, port, "--server-nonce", lost, "--client-nonce", lost)
        self.assertIn("nothing is left to say", said)
        self.assertEqual(self.kept("client")["server_nonce"], self.kept("server")["server_nonce"])

    def test_a_wrong_secret_on_either_side_ends_in_nothing(self):
        self.assertIn("does not take the credentials", self.client(V2, self.server(), "--client-secret", "x"))
        self.assertIn("digest is wrong", self.client(V2, 1, "--server-secret", "x"))


SyncHdr = {"VerDTD": "1.2", "VerProto": "DM/1.2"}


class Script(http.server.BaseHTTPRequestHandler):
    """A server that says what it was told to, message by message."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        octets = self.rfile.read(int(self.headers["Content-Length"]))
        header, body = dm.parse_message(octets)
        script = self.server.script
        script.requests.append((self.path, dict(self.headers), header, body, octets))
        answer = script.answers[len(script.requests) - 1](header) if len(script.requests) <= len(script.answers) else None
        self.send_response(200 if answer else 500)
        self.send_header("Content-Type", dm.MIME_XML)
        self.send_header("Content-Length", str(len(answer or b"")))
        self.end_headers()
        self.wfile.write(answer or b"")

    def log_message(self, *_):
        pass


class Scripted(Programs):
    """The client against a script of answers."""

    def run_script(self, *answers, more=(), package0=V2):
        self.answers, self.requests = answers, []
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Script)
        server.script, server.daemon_threads = self, True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            self.said = self.client(package0, server.server_address[1], *more)
        finally:
            server.shutdown()
            server.server_close()
        return self.requests

    @staticmethod
    def message(*commands, cred=NONCE, final=True, number=1, header=212, chal="", session="A5", resp="", **fields):
        """An answer of the server; `cred` is the nonce it proves itself with."""

        def build(peer):
            head = [leaf(name, fields.get(name, value)) for name, value in SyncHdr.items()]
            head += [leaf("SessionID", session), leaf("MsgID", number), uri("Target", text(peer, "Source/LocURI")), uri("Source", "http://127.0.0.1:3516/OMA/DM")]
            head += [leaf("RespURI", resp) if resp else "", dm.md5_cred(SERVER_ID.decode(), SECRET, cred) if cred is not None else ""]
            head += [meta(MaxMsgSize=fields.get("limit"))] if "limit" in fields else []
            status = leaf("CmdID", 1) + leaf("MsgRef", text(peer, "MsgID")) + leaf("CmdRef", 0) + leaf("Cmd", "SyncHdr") + chal + leaf("Data", header)
            rest = [el(name, leaf("CmdID", n), content) for n, (name, content) in enumerate(commands, 2)]
            body = el("SyncBody", el("Status", status), *rest, el("Final") if final else "")
            return el("SyncML", el("SyncHdr", *head), body, ns=dm.SYNCML).encode()

        return build

    @staticmethod
    def get(*targets):
        return "Get", "".join(el("Item", uri("Target", target)) for target in targets)

    @staticmethod
    def add(target, value, *, more=False, size=None):
        return "Add", el("Item", uri("Target", target), meta(Format="chr", Type="text/plain", Size=size), leaf("Data", value), el("MoreData") if more else "")

    @staticmethod
    def codes(body):
        return [(text(s, "Cmd"), text(s, "Data")) for s in body.iter("Status")]

    @staticmethod
    def alerts(body):
        return [text(alert, "Data") for alert in body.iter("Alert")]

    def test_package_1(self):
        [(path, headers, header, body, _)] = self.run_script(self.message())
        self.assertEqual(path, "/OMA/DM")
        self.assertEqual(headers["Host"], "127.0.0.1:3516")
        self.assertEqual((text(header, "SessionID"), text(header, "MsgID")), ("A5", "1"))
        self.assertEqual(text(header, "Cred/Data"), "S9I24CGF7eX9CyUw6r9Gkg==")
        self.assertEqual(self.alerts(body), ["1200"])
        names = [text(item, "Source/LocURI") for item in body.iter("Item")]
        self.assertEqual(names, [f"./DevInfo/{name}" for name in ("DevId", "Man", "Mod", "DmV", "Lang")])
        self.assertTrue(dm.is_final(body))

    def test_status_comes_before_results(self):
        requests = self.run_script(self.message(self.get("./DevInfo/Man", "./none")), self.message(number=2, cred=None, header=200))
        body = requests[1][3]
        self.assertEqual([part.tag for part in body], ["Status", "Status", "Results", "Status", "Final"])
        self.assertEqual(self.codes(body), [("SyncHdr", "212"), ("Get", "200"), ("Get", "404")])
        self.assertEqual(text(body, "Results/Item/Data"), "Loopback Works")
        self.assertEqual(len(requests), 2)

    def test_an_atomic_is_taken_back(self):
        inner = [self.add("./V/a", "1"), self.add("./DevInfo/x", "2"), self.add("./V/b", "3")]
        atomic = "Atomic", "".join(el(name, leaf("CmdID", n), content) for n, (name, content) in enumerate(inner, 5))
        body = self.run_script(self.message(atomic, self.get("./V/a")))[1][3]
        self.assertEqual(self.codes(body)[1:], [("Atomic", "507"), ("Add", "216"), ("Add", "405"), ("Add", "215"), ("Get", "404")])

    def test_a_server_that_does_not_prove_itself_is_challenged_and_not_obeyed(self):
        for cred, code in ((None, "407"), (b"other", "401")):
            with self.subTest(code):
                first = self.run_script(self.message(self.add("./V/a", "1"), cred=cred))[1]
                self.assertEqual(self.codes(first[3]), [("SyncHdr", code), ("Add", code)])
                self.assertEqual(text(first[3], "Status/Chal/Meta/Type"), "syncml:auth-md5")
                self.assertNotIn("V/a", self.kept("client")["tree"])
                self.assertEqual(self.kept("client")["server_nonce"], NONCE.hex())

    def test_the_nonce_of_a_challenge_proves_the_server(self):
        def with_challenge(peer):
            nonce = dm.unb64(text(self.requests[1][3], "Status/Chal/Meta/NextNonce"))
            return self.message(self.add("./V/a", "1"), number=2, cred=nonce)(peer)

        requests = self.run_script(self.message(self.add("./V/a", "1"), cred=None), with_challenge, self.message(number=3, cred=None))
        self.assertEqual(self.codes(requests[2][3]), [("SyncHdr", "212"), ("Add", "200")])

    def test_a_challenged_client_says_package_1_again(self):
        chal = dm.md5_chal(b"fresh nonce")
        requests = self.run_script(self.message(header=401, chal=chal), self.message(number=2))
        header, body = requests[1][2:4]
        self.assertEqual((text(header, "SessionID"), text(header, "MsgID")), ("A5", "2"))
        self.assertEqual(text(header, "Cred/Data"), dm.b64(dm.credential("client1", "pwd-C", b"fresh nonce")))
        self.assertEqual(self.alerts(body), ["1200"])
        self.assertEqual(len(list(body.iter("Replace"))), 1)

    def test_a_challenge_of_another_type_ends_the_session(self):
        chal = el("Chal", meta(Type="syncml:auth-basic", Format="b64"))
        self.assertEqual(len(self.run_script(self.message(header=401, chal=chal), self.message())), 1)

    def test_an_empty_package_2_is_not_answered(self):
        for cred in (NONCE, None, b"other"):
            self.assertEqual(len(self.run_script(self.message(cred=cred), package0=V2)), 1)
            os.remove(self.state["client"])

    def test_other_versions_and_sessions_are_not_obeyed(self):
        add = self.add("./V/a", "1")
        requests = self.run_script(self.message(add, VerDTD="1.9"))
        self.assertEqual(self.codes(requests[1][3]), [("SyncHdr", "505"), ("Add", "505")])
        requests = self.run_script(self.message(add, VerProto="DM/9.9"))
        self.assertEqual(self.codes(requests[1][3]), [("SyncHdr", "513"), ("Add", "513")])
        self.assertEqual(len(self.run_script(self.message(add, session="B6"))), 1)
        self.assertEqual(len(self.run_script(self.message(add, ("Alert", leaf("Data", "1223"))))), 1)
        self.assertNotIn("V/a", self.kept("client")["tree"])

    def test_a_message_that_comes_twice_is_obeyed_once(self):
        message = self.message(self.add("./V/a", "1"))
        self.assertEqual(len(self.run_script(message, message)), 2)
        self.assertIn("came twice", self.said)

    def test_resp_uri_is_followed(self):
        resp = "http://127.0.0.1:3516/other?s=1"
        requests = self.run_script(self.message(self.get("./DevInfo/Man"), resp=resp), self.message(number=2, cred=None))
        self.assertEqual([request[0] for request in requests], ["/OMA/DM", "/other?s=1"])

    def test_commands_that_are_none(self):
        put = "Put", el("Item", uri("Target", "./V/a"))
        body = self.run_script(self.message(put, ("Fly", ""), ("Get", ""), ("Alert", leaf("Data", "1226"))))[1][3]
        self.assertEqual([code for _, code in self.codes(body)[1:]], ["406", "501", "412", "406"])

    def test_a_large_object_comes_in_chunks(self):
        def chunk(number, *args, final=False, **kw):
            return self.message(self.add("./V/big", *args, **kw), number=number, cred=NONCE if number == 1 else None, final=final)

        requests = self.run_script(chunk(1, "ab", more=True, size=6), chunk(2, "cd", more=True), chunk(3, "ef", final=True))
        self.assertEqual([self.codes(request[3])[-1][1] for request in requests[1:]], ["213", "213", "200"])
        self.assertEqual([self.alerts(request[3]) for request in requests[1:]], [["1222"], ["1222"], []])
        self.assertEqual([dm.is_final(request[3]) for request in requests], [True, False, False, True])
        self.assertEqual(self.kept("client")["tree"]["V/big"]["value"], "abcdef")

    def test_a_large_object_of_the_wrong_size_or_interrupted_is_dropped(self):
        first = self.message(self.add("./V/big", "ab", more=True, size=6), final=False)
        requests = self.run_script(first, self.message(self.add("./V/big", "cd"), number=2, cred=None))
        self.assertEqual(self.codes(requests[2][3])[-1], ("Add", "424"))
        other = self.message(self.add("./V/other", "x"), number=2, cred=None)
        os.remove(self.state["client"])
        requests = self.run_script(first, other)
        self.assertEqual(self.alerts(requests[2][3]), ["1225"])
        self.assertEqual(text(requests[2][3], "Alert/Item/Target/LocURI"), "./V/big")
        tree = self.kept("client")["tree"]
        self.assertTrue("V/other" in tree and "V/big" not in tree)

    def test_a_package_too_large_for_one_message_comes_in_several(self):
        gets = [self.get(f"./DevInfo/{name}") for name in ("DevId", "Man", "Mod", "DmV", "Lang")] * 2
        next_message = "Alert", leaf("Data", "1222")
        answers = [self.message(*gets, limit=1800)] + [self.message(next_message, final=False, number=n, cred=None, header=200) for n in range(2, 12)]
        answers.append(self.message(number=12, cred=None, header=200))
        requests = self.run_script(*answers)
        package3 = requests[1:]
        self.assertGreater(len(package3), 2)
        ended = [dm.is_final(request[3]) for request in package3]
        self.assertEqual(ended.count(True), 1)
        until = ended.index(True) + 1
        self.assertTrue(all(len(request[4]) <= 1800 for request in package3[:until]))
        self.assertEqual(sum(len(list(request[3].iter("Results"))) for request in package3[:until]), 10)
        self.assertTrue(all(self.alerts(request[3]) == [] for request in package3[:until]))

    def test_a_status_of_200_asks_for_credentials_again(self):
        chal = dm.md5_chal(b"next")
        requests = self.run_script(self.message(self.get("./DevInfo/Man"), header=200, chal=chal), self.message(number=2, cred=None))
        self.assertEqual(text(requests[1][2], "Cred/Data"), dm.b64(dm.credential("client1", "pwd-C", b"next")))

    def test_the_same_trigger_at_once_is_one_session(self):
        self.assertEqual(len(self.run_script(self.message())), 1)
        self.assertEqual(len(self.run_script(self.message())), 0)

    def test_a_broken_session_does_not_use_up_its_trigger(self):
        self.assertEqual(len(self.run_script(lambda _: b"<SyncML")), 1)
        self.assertEqual(len(self.run_script(self.message())), 1)

    def test_a_client_that_outlives_a_reset_leaves_no_trace(self):
        def reset(_):
            dm.remove_state(self.state["client"])
            return None

        self.assertEqual(len(self.run_script(reset)), 1)
        self.assertFalse(os.path.exists(self.state["client"]))

    def test_negative_notifications_open_nothing(self):
        for package0 in (
            "83F9F74E1F3F40044BC83453DBF49D1B02D800000000A510646D73632E6578616D706C652E636F6D",  # N1
            "73A3C95439C4EE3AB370FAF5A492124A031800000000A510646D73632E6578616D706C652E636F6D",  # N2
            "66790F5241470E553BD4E53D6CD1E434029800000000A510646D73632E6578616D706C652E636F6D",  # N3
            "3CF16ECFB7F955FB1CDF048CF89AF3CE02D8000000000010646D73632E6578616D706C652E636F6D",  # N5
            "B9589CD2A92804365A54B8174592221F02D800000000A500",  # N6
            "8ECCFAFB0FB4FAC84EA6E380D173413402D800000000A520646D73632E6578616D706C652E636F6D",  # N7
            "779F91EFE50AB3CCE65BB4845FD6CE3D02D800000000A510646D73632E6578616D706C652E636F6D",  # N8
            "5C3538EEED11E28CC8980E241EDD4F5002D800000000A5116F746865722E6578616D706C652E636F6D",  # N9
            "",
        ):
            with self.subTest(package0):
                self.assertEqual(self.run_script(package0=package0), [])
        n4 = "73B30C1354DD28C629DB247C46F096BF02D800000100A510646D73632E6578616D706C652E636F6D"
        self.assertEqual(len(self.run_script(self.message(), package0=n4)), 1)

    def shape(self, requests):
        """A transcript without what differs by chance."""
        return [(path, sorted(headers.items()), re.sub(rb"<(NextNonce|Data)[^>]*>[\w+/=]{22}==</", b"", octets)) for path, headers, _, _, octets in requests]

    def test_every_planted_bug_shows_on_the_wire(self):
        chal = dm.md5_chal(b"fresh nonce")
        add = self.add("./V/a", "1")
        repeated = self.message(self.get("./DevInfo/Man"))
        scripts = {
            "accept-any-digest": dict(package0="83" + V2[2:]),
            "accept-any-server-id": dict(package0="5C3538EEED11E28CC8980E241EDD4F5002D800000000A5116F746865722E6578616D706C652E636F6D"),
            "accept-version-12": dict(package0="73A3C95439C4EE3AB370FAF5A492124A031800000000A510646D73632E6578616D706C652E636F6D"),
            "no-resync": dict(package0="49FB63F70DDA9540B117C9A2B0F5E41902D800000000A510646D73632E6578616D706C652E636F6D"),
        }
        answers = {
            "executes-unauthenticated": [self.message(add, cred=None)],
            "no-command-status": [self.message(add)],
            "msg-id-stuck": [self.message(add)],
            "lone-status": [self.message()],
            "ignores-resp-uri": [self.message(add, resp="http://127.0.0.1:3516/other")],
            "executes-duplicates": [repeated, repeated],
            "no-next-message": [self.message(add, final=False)],
            "retries-old-nonce": [self.message(header=401, chal=chal)],
        }
        for bug in CLIENT_BUGS:
            with self.subTest(bug):
                shapes = []
                for more in ((), ("--bug", bug)):
                    dm.remove_state(self.state["client"])
                    requests = self.run_script(*answers.get(bug, [self.message()]), more=more, **scripts.get(bug, {}))
                    creds = [text(request[2], "Cred/Data") for request in requests]
                    shapes.append((self.shape(requests), creds))
                self.assertNotEqual(*shapes)


class ServerBugs(Programs):
    def test_every_planted_bug_shows_on_the_wire(self):
        notifying = {bug for bug in SERVER_BUGS if bug.startswith("notify-")}
        self.assertGreaterEqual(len(notifying), 4)
        clean = self.notification("--bug", "same-session-id")
        for bug in notifying:
            dm.remove_state(self.state["server"])
            self.assertNotEqual(clean, self.notification("--bug", "same-session-id", "--bug", bug), bug)
        for bug in set(SERVER_BUGS) - notifying - {"same-session-id"}:
            with self.subTest(bug):
                self.assertNotEqual(self.conversation(()), self.conversation(("--bug", bug)))

    def conversation(self, bugs):
        """What the server says to: a GET, a message without credentials twice, one with, one of another version."""
        import http.client

        dm.remove_state(self.state["server"])
        connection = http.client.HTTPConnection("127.0.0.1", self.server(*bugs), timeout=10)
        said = []

        def ask(method, octets=None, kind=dm.MIME_XML):
            connection.request(method, "/OMA/DM", octets, {"Content-Type": kind})
            response = connection.getresponse()
            answer = response.read()
            plain = re.sub(rb"<NextNonce[^>]*>[^<]*</NextNonce>", b"", answer)
            said.append((response.status, plain))
            return answer

        def package1(session, number, nonce=None, devinfo=True, proto="DM/1.2"):
            cred = dm.md5_cred("client1", "pwd-C", nonce) if nonce is not None else ""
            head = el("SyncHdr", leaf("VerDTD", "1.2"), leaf("VerProto", proto), leaf("SessionID", session), leaf("MsgID", number), uri("Target", "t"), uri("Source", "urn:c"), cred)
            items = "".join(el("Item", uri("Source", f"./DevInfo/{name}"), leaf("Data", "x")) for name in ("DevId", "Man", "Mod", "DmV", "Lang"))
            body = [el("Alert", leaf("CmdID", 1), leaf("Data", "1200")), el("Replace", leaf("CmdID", 2), items) if devinfo else "", el("Final")]
            return el("SyncML", head, el("SyncBody", *body), ns=dm.SYNCML).encode()

        ask("GET")
        ask("POST", b"rubbish")
        for _ in range(2):
            challenge = ask("POST", package1("A5", 1))
        nonces = []
        for octets in (challenge, ask("POST", package1("A6", 1, b"wrong"))):
            found = [e.text for e in ET.fromstring(octets).iter() if e.tag.endswith("NextNonce")]
            nonces.append(dm.unb64(found[0]) if found else b"")
        said.append(("fresh", nonces[0] != NONCE))
        ask("POST", package1("A5", 2, nonces[0]))
        ask("POST", package1("A7", 1, devinfo=False))
        ask("POST", package1("A8", 1, proto="DM/2.0"))
        kept = dm.Store(self.state["server"]).values.get("client_nonce", NONCE.hex())
        ask("POST", package1("A9", 1, bytes.fromhex(kept), devinfo=False))
        connection.close()
        return said


if __name__ == "__main__":
    unittest.main()
