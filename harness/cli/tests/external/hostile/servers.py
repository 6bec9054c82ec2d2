"""DM servers that are hostile: each is a function that serves one connection of the harness's client."""

import gzip
import itertools

import dm
from dm import el, leaf, uri
from documents import DOCUMENTS, MIB, XML, message
from framing import PARTS
from peers import LINE, handshake, record, registry, response

SERVERS, server = registry()

START = f"HTTP/1.1 200 OK\r\nContent-Type: {XML}\r\n".encode()


def with_part(part):
    def serve(connection):
        connection.message()
        part(connection, START)

    return serve


def with_document(made):
    def serve(connection):
        octets = response(*made())
        while True:
            connection.message()
            connection.send(octets)

    return serve


SERVERS.update({name: with_part(part) for name, part in PARTS.items()})
SERVERS.update({name: with_document(made) for name, made in DOCUMENTS.items()})


# --- HTTP ---


@server
def response_without_framing(connection):
    connection.message()
    connection.send(START + LINE)
    connection.for_ever(b"x" * 65536)


@server
def interim_responses(connection):
    connection.message()
    connection.for_ever(b"HTTP/1.1 100 Continue\r\n\r\n")


@server
def responses_without_requests(connection):
    connection.message()
    connection.for_ever(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


@server
def octets_before_any_request(connection):
    connection.for_ever(b"x" * 65536)


@server
def gzip_bomb(connection):
    # Members one after another are one file (RFC 1952 2.2), and need not be made while the harness waits.
    octets = gzip.compress(bytes(4 * MIB)) * 50
    connection.message()
    connection.send(response(XML, octets, more=b"Content-Encoding: gzip\r\n"))
    connection.silence()


@server
def redirected_for_ever(connection):
    while True:
        connection.message()
        connection.send(response("text/plain", b"", "302 Found", b"Location: file:///dev/zero\r\n"))


@server
def challenged_for_ever(connection):
    """Credentials are never the right ones."""
    for number in itertools.count(1):
        _, body = connection.message()
        connection.send(response(XML, session(body, number, code="401", nonce=number.to_bytes(16, "big"))))


@server
def silence(connection):
    connection.silence()


@server
def closed_at_once(connection):
    del connection


# --- Sessions ---


def session(body, number, *commands, code="212", nonce=b"0" * 16, final=True):
    """An answer to a message, with the Status of its header, and with commands as texts."""
    try:
        header, _ = dm.parse_message(body)
        reference, name = dm.text(header, "MsgID", "1"), dm.text(header, "SessionID", "A5")
    except dm.BadMessage:
        reference, name = "1", "A5"
    status = el(
        "Status",
        leaf("CmdID", 1),
        leaf("MsgRef", reference),
        leaf("CmdRef", 0),
        leaf("Cmd", "SyncHdr"),
        dm.md5_chal(nonce),
        leaf("Data", code),
    )
    cred = dm.md5_cred("dmsc.example.com", "s3cr3t-P@ss", bytes(range(16)))
    return message(status, *commands, session=name, number=number, final=final, cred=cred).encode()


def managing(connection, commands, final=True):
    """A session in which each answer has these commands."""
    for number in itertools.count(1):
        _, body = connection.message()
        connection.send(response(XML, session(body, number, *commands(number), final=final)))


def item(target, data="", more=""):
    return el("Item", uri("Target", target), dm.meta(Format="chr", Type="text/plain"), leaf("Data", data), more)


@server
def session_without_end(connection):
    managing(connection, lambda number: [el("Get", leaf("CmdID", 2), el("Item", uri("Target", "./DevInfo/Man")))])


@server
def package_without_end(connection):
    managing(connection, lambda number: [el("Get", leaf("CmdID", 2), el("Item", uri("Target", "./DevInfo/Man")))], False)


@server
def gets_by_the_ten_thousand(connection):
    one = el("Item", uri("Target", "."))
    managing(connection, lambda number: [el("Get", leaf("CmdID", 2), *[one] * 10_000)])


@server
def gets_one_by_one(connection):
    managing(
        connection,
        lambda number: [el("Get", leaf("CmdID", n), el("Item", uri("Target", "."))) for n in range(2, 10_000)],
    )


@server
def object_without_end(connection):
    data = "x" * MIB
    more = el("MoreData")
    managing(
        connection,
        lambda number: [el("Replace", leaf("CmdID", 2), item("./DevDetail/Ext", data, more))],
    )


@server
def object_of_4_gib(connection):
    size = el("Meta", leaf("Size", 0xFFFFFFFF, dm.METINF))
    whole = el("Item", uri("Target", "./DevDetail/Ext"), size, leaf("Data", "x" * 100_000), el("MoreData"))
    managing(connection, lambda number: [el("Add", leaf("CmdID", 2), whole)])


@server
def nodes_by_the_thousand(connection):
    def commands(number):
        items = [item(f"./DevDetail/Ext/{number}-{n}", "x") for n in range(8_000)]
        return [el("Add", leaf("CmdID", 2), *items)]

    managing(connection, commands)


@server
def nodes_of_1_mib(connection):
    data = "x" * MIB
    managing(
        connection,
        lambda number: [el("Add", leaf("CmdID", 2), item(f"./DevDetail/Ext/{number}", data))],
    )


@server
def node_a_million_deep(connection):
    managing(connection, lambda number: [el("Add", leaf("CmdID", 2), item("." + "/a" * 1_000_000, "x"))])


@server
def atomics_a_thousand_deep(connection):
    managing(connection, lambda number: ["<Atomic><CmdID>2</CmdID>" * 1000 + "</Atomic>" * 1000])


@server
def atomics_side_by_side(connection):
    managing(connection, lambda number: ["<Atomic><CmdID>2</CmdID></Atomic>" * 30_000])


@server
def alerts_to_the_user(connection):
    alert = el("Alert", leaf("CmdID", 2), leaf("Data", 1101), item("", "really?"))
    managing(connection, lambda number: [alert * 5_000])


@server
def statuses_of_nothing(connection):
    status = "<Status><CmdID>2</CmdID><MsgRef>1</MsgRef><CmdRef>1</CmdRef><Cmd>Get</Cmd><Data>200</Data></Status>"
    managing(connection, lambda number: [status * 10_000])


@server
def response_uris_of_1_mib(connection):
    def answers(number, body):
        octets = session(body, number, el("Get", leaf("CmdID", 2), el("Item", uri("Target", "./DevInfo/Man"))))
        long = el("RespURI", "http://127.0.0.1:1/" + "x" * MIB).encode()
        return octets.replace(b"</SyncHdr>", long + b"</SyncHdr>")

    for number in itertools.count(1):
        _, body = connection.message()
        connection.send(response(XML, answers(number, body)))


# --- TLS, or what is said in place of it ---


def hello(connection):
    """Reads the ClientHello, as long as its record says."""
    head = connection.take(5)
    return connection.take(int.from_bytes(head[3:], "big"))


SERVER_HELLO = handshake(2, b"\x03\x03" + bytes(32) + b"\x00" + b"\x00\x8c" + b"\x00")


@server
def tls_garbage(connection):
    hello(connection)
    connection.for_ever(bytes(range(256)))


@server
def tls_http(connection):
    hello(connection)
    connection.for_ever(START)


@server
def tls_record_of_64_kib(connection):
    hello(connection)
    connection.send(b"\x16\x03\x03\xff\xff")
    connection.for_ever(b"x")


@server
def tls_empty_records(connection):
    hello(connection)
    connection.for_ever(record(22, b""))


@server
def tls_message_of_16_mib(connection):
    hello(connection)
    connection.send(record(22, handshake(2, b"", 0xFFFFFF)))
    connection.for_ever(record(22, b"x" * 16000))


@server
def tls_message_octet_by_octet(connection):
    hello(connection)
    connection.send(record(22, handshake(2, b"", 70_000)))
    connection.for_ever(record(22, b"x"))


@server
def tls_warnings(connection):
    hello(connection)
    connection.for_ever(record(21, b"\x01\x5a"))


@server
def tls_hello_requests(connection):
    hello(connection)
    connection.for_ever(record(22, handshake(0, b"")))


@server
def tls_server_hellos(connection):
    hello(connection)
    connection.for_ever(record(22, SERVER_HELLO))


@server
def tls_certificate_of_16_mib(connection):
    hello(connection)
    connection.send(record(22, SERVER_HELLO) + record(22, handshake(11, b"\xff\xff\xfc", 0xFFFFFF)))
    connection.for_ever(record(22, b"x" * 16000))


@server
def tls_change_cipher_specs(connection):
    hello(connection)
    connection.for_ever(record(20, b"\x01"))


@server
def tls_application_data(connection):
    hello(connection)
    connection.for_ever(record(23, b"x" * 16000))


@server
def tls_closed_and_closed(connection):
    hello(connection)
    connection.for_ever(record(21, b"\x01\x00"))


@server
def tls_silence(connection):
    hello(connection)
    connection.silence()
