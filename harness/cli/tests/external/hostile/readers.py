"""What is no vpcd on the port of vpcd, and terminals behind it that are hostile: each is a function that serves one
connection of the harness, which plays the card."""

from peers import registry

READERS, reader = registry()

OFF, ON, RESET, ATR = b"\0", b"\1", b"\2", b"\4"


def frame(octets):
    return len(octets).to_bytes(2, "big") + octets


def start(connection):
    """Power, and the answer to reset."""
    connection.send(frame(ON) + frame(ATR))
    answer(connection)


def answer(connection):
    return connection.take(int.from_bytes(connection.take(2), "big"))


def for_ever(connection, command):
    """The same command, each time with the answer waited for."""
    start(connection)
    while True:
        connection.send(frame(command))
        answer(connection)


@reader
def vpcd_silent(connection):
    connection.silence()


@reader
def vpcd_http(connection):
    connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    connection.silence()


@reader
def vpcd_unknown_control(connection):
    start(connection)
    connection.send(frame(b"\7"))
    connection.silence()


@reader
def vpcd_half_a_frame(connection):
    start(connection)
    connection.send(b"\xff\xff" + b"\0" * 1000)
    connection.silence()


@reader
def vpcd_frames_of_64_kib(connection):
    start(connection)
    connection.for_ever(frame(bytes(65535)))


@reader
def vpcd_empty_frames(connection):
    start(connection)
    connection.for_ever(frame(b""))


@reader
def vpcd_atr_questions(connection):
    start(connection)
    while True:
        connection.send(frame(ATR) * 100)
        for _ in range(100):
            answer(connection)


@reader
def vpcd_power_on_and_off(connection):
    start(connection)
    connection.for_ever(frame(ON) + frame(OFF))


@reader
def vpcd_resets(connection):
    while True:
        connection.send(frame(RESET) + frame(ATR))
        answer(connection)


@reader
def vpcd_command_octet_by_octet(connection):
    start(connection)
    for octet in frame(bytes(65535)):
        connection.send(bytes([octet]))
    connection.silence()


@reader
def vpcd_commands_unread(connection):
    start(connection)
    connection.for_ever(frame(bytes.fromhex("00F2000000")))


@reader
def terminal_short_commands(connection):
    for_ever(connection, bytes(2))


@reader
def terminal_commands_of_64_kib(connection):
    for_ever(connection, bytes(65535))


@reader
def terminal_status_without_end(connection):
    for_ever(connection, bytes.fromhex("80F2000000"))


@reader
def terminal_selects_without_end(connection):
    for_ever(connection, bytes.fromhex("00A40004023F0000"))


@reader
def terminal_fetches_without_end(connection):
    for_ever(connection, bytes.fromhex("8012000000"))


@reader
def terminal_profiles_without_end(connection):
    for_ever(connection, bytes.fromhex("80100000") + bytes([32]) + b"\xff" * 32)


@reader
def terminal_envelopes_without_end(connection):
    for_ever(connection, bytes.fromhex("80C20000") + bytes([255]) + bytes.fromhex("D681FC") + b"\xff" * 252)


@reader
def terminal_channels_without_end(connection):
    for_ever(connection, bytes.fromhex("0070000001"))
