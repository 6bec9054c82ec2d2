"""DM clients that are hostile: each is a function that is called for a notification. It gets a function that opens a
connection to the harness."""

import itertools
import socket

import dm
from dm import el, leaf, uri
from documents import DOCUMENTS, MIB, XML
from framing import PARTS
from peers import Gone, handshake, record, registry, request

CLIENTS, client = registry()

START = f"POST /OMA/DM HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {XML}\r\n".encode()


def with_part(part):
    def run(connect):
        part(connect(), START)

    return run


def with_document(made):
    def run(connect):
        connection = connect()
        connection.send(request(*made()))
        connection.message()

    return run


CLIENTS.update({name: with_part(part) for name, part in PARTS.items()})
CLIENTS.update({name: with_document(made) for name, made in DOCUMENTS.items()})


# --- HTTP ---


@client
def requests_without_end(connect):
    connection = connect()
    connection.for_ever(b"GET /OMA/DM HTTP/1.1\r\nHost: x\r\n\r\n")


@client
def requests_read_by_nobody(connect):
    connection = connect()
    # The answers fill both buffers, and the harness has to do without the room for more.
    connection.stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.for_ever(request(XML, b"<no/>"))


@client
def request_for_a_path_of_60_kib(connect):
    connection = connect()
    connection.send(b"POST /" + b"x" * 60_000 + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    connection.silence()


@client
def connections_by_the_hundred(connect):
    kept = [connect() for _ in range(300)]
    kept[0].silence()


@client
def connections_by_the_hundred_with_words(connect):
    kept = [connect() for _ in range(100)]
    for connection in itertools.cycle(kept):
        connection.send(START + b"Content-Length: 10000000\r\n\r\n" if not connection.buffer else b"x" * 10_000)
        connection.buffer = b"begun"


@client
def connections_one_after_another(connect):
    while True:
        connection = connect()
        connection.send(START)
        connection.stream.close()


@client
def connections_reset(connect):
    while True:
        connection = connect()
        connection.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.stream.close()


@client
def silence_(connect):
    connect().silence()


# --- Sessions ---


def package1(number, *commands, session="A5", nonce=bytes(range(16)), secret="pwd-C", final=True, more=""):
    """A message of the client, with right credentials and with commands as texts; the first has DevInfo."""
    head = el(
        "SyncHdr",
        leaf("VerDTD", "1.2"),
        leaf("VerProto", "DM/1.2"),
        leaf("SessionID", session),
        leaf("MsgID", number),
        uri("Target", "dmsc.example.com"),
        el("Source", leaf("LocURI", "IMEI:493005100592800"), leaf("LocName", "client1")),
        dm.md5_cred("client1", secret, nonce),
        dm.meta(MaxMsgSize=8192, MaxObjSize=1 << 20),
    )
    first = []
    if number == 1:
        leaves = dict(DevId="IMEI:493005100592800", Man="m", Mod="m", DmV="1.2", Lang="en")
        items = [el("Item", uri("Source", f"./DevInfo/{name}"), leaf("Data", value)) for name, value in leaves.items()]
        first = [el("Alert", leaf("CmdID", 1), leaf("Data", 1200)), el("Replace", leaf("CmdID", 2), *items)]
    body = "".join([*first, *commands]) + (el("Final") if final else "")
    return el("SyncML", head, el("SyncBody", body), ns=dm.SYNCML).encode()


def talking(connect, message):
    """A session in which each answer is followed by `message(number)`."""
    connection = connect()
    for number in itertools.count(1):
        connection.send(request(XML, message(number)))
        connection.message()


@client
def session_without_end(connect):
    talking(connect, lambda number: package1(number, el("Alert", leaf("CmdID", 3), leaf("Data", 1222))))


@client
def package_without_end(connect):
    talking(connect, lambda number: package1(number, final=False))


@client
def message_1_for_ever(connect):
    talking(connect, lambda number: package1(1))


@client
def sessions_without_end(connect):
    talking(connect, lambda number: package1(1, session=f"{number % 0xFFFF:X}"))


@client
def guesses_without_end(connect):
    talking(connect, lambda number: package1(number, secret=f"guess {number}"))


@client
def results_without_end(connect):
    results = [
        "<Results><CmdID>3</CmdID><MsgRef>1</MsgRef><CmdRef>3</CmdRef>",
        el("Item", uri("Source", "./DevInfo/Man"), leaf("Data", "x" * MIB), el("MoreData")),
        "</Results>",
    ]
    talking(connect, lambda number: package1(number, "".join(results), final=False))


@client
def alerts_by_the_ten_thousand(connect):
    alert = el("Alert", leaf("CmdID", 3), leaf("Data", 1226), el("Item", dm.meta(Type="x"), leaf("Data", "y")))
    talking(connect, lambda number: package1(number, alert * 10_000))


@client
def replaces_by_the_ten_thousand(connect):
    one = el("Item", uri("Source", "./DevInfo/Man"), leaf("Data", "y"))
    talking(connect, lambda number: package1(number, el("Replace", leaf("CmdID", 3), one * 15_000)))


# --- TLS, or what is said in place of it ---


def client_hello(suites=b"\x00\x8c", session=b"", extensions=b""):
    random = bytes(32)
    body = b"\x03\x03" + random + bytes([len(session)]) + session
    body += len(suites).to_bytes(2, "big") + suites + b"\x01\x00"
    return handshake(1, body + (len(extensions).to_bytes(2, "big") + extensions if extensions else b""))


@client
def tls_garbage(connect):
    connect().for_ever(bytes(range(256)))


@client
def tls_plain_http(connect):
    connect().for_ever(START)


@client
def tls_record_of_64_kib(connect):
    connection = connect()
    connection.send(b"\x16\x03\x01\xff\xff")
    connection.for_ever(b"x")


@client
def tls_empty_records(connect):
    connect().for_ever(record(22, b""))


@client
def tls_hello_of_16_mib(connect):
    connection = connect()
    connection.send(record(22, handshake(1, b"", 0xFFFFFF)))
    connection.for_ever(record(22, b"x" * 16000))


@client
def tls_hello_octet_by_octet(connect):
    connection = connect()
    for octet in client_hello(b"\x00\x8c" * 30_000):
        connection.send(record(22, bytes([octet])))
    connection.silence()


@client
def tls_hellos_without_end(connect):
    connect().for_ever(record(22, client_hello()))


@client
def tls_warnings(connect):
    connect().for_ever(record(21, b"\x01\x5a"))


@client
def tls_handshakes_one_after_another(connect):
    while True:
        connection = connect()
        connection.send(record(22, client_hello()))
        try:
            connection.take(5)
        except Gone:
            pass
        connection.stream.close()


@client
def tls_identity_of_64_kib(connect):
    connection = connect()
    connection.send(record(22, client_hello()))
    exchange = handshake(16, b"\xff\xff" + b"x" * 0xFFFF)
    for at in range(0, len(exchange), 16000):
        connection.send(record(22, exchange[at : at + 16000], b"\x03\x03"))
    connection.silence()


@client
def tls_silence(connect):
    connect().silence()
