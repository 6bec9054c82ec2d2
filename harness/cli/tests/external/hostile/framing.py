"""HTTP that has no end, or none that could be kept: what comes after a start line, in either direction."""

from peers import LINE, registry

PARTS, part = registry()


def chunked(connection, start):
    connection.send(start + b"Transfer-Encoding: chunked\r\n\r\n")


@part
def body_to_2_gib(connection, start):
    connection.send(start + b"Content-Length: 2147483648\r\n\r\n")
    connection.for_ever(b"x" * 65536)


@part
def body_of_22_digits(connection, start):
    connection.send(start + b"Content-Length: 9999999999999999999999\r\n\r\n")
    connection.silence()


@part
def body_of_negative_length(connection, start):
    connection.send(start + b"Content-Length: -5\r\n\r\n")
    connection.silence()


@part
def body_of_two_lengths(connection, start):
    connection.send(start + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef")
    connection.silence()


@part
def body_that_does_not_come(connection, start):
    connection.send(start + b"Content-Length: 1000000\r\n\r\n")
    connection.silence()


@part
def head_without_end(connection, start):
    connection.send(start)
    connection.for_ever(b"X-Field: some value\r\n")


@part
def field_without_end(connection, start):
    connection.send(start + b"X-Field: ")
    connection.for_ever(b"x")


@part
def start_line_without_end(connection, start):
    connection.send(start.split(LINE)[0].rsplit(b" ", 1)[0] + b" ")
    connection.for_ever(b"x")


@part
def empty_lines_without_end(connection, _):
    connection.for_ever(LINE)


@part
def nulls_without_end(connection, _):
    connection.for_ever(b"\0")


@part
def fields_by_the_hundred(connection, start):
    connection.send(start + b"".join(b"X-%d: y\r\n" % number for number in range(100)) + LINE)
    connection.silence()


@part
def chunks_of_one_octet(connection, start):
    chunked(connection, start)
    connection.for_ever(b"1\r\na\r\n")


@part
def chunks_of_64_kib(connection, start):
    chunked(connection, start)
    connection.for_ever(b"10000\r\n" + b"x" * 65536 + b"\r\n")


@part
def chunk_of_16_eib(connection, start):
    chunked(connection, start)
    connection.send(b"FFFFFFFFFFFFFFFF\r\n")
    connection.for_ever(b"x")


@part
def chunk_size_without_end(connection, start):
    chunked(connection, start)
    connection.for_ever(b"0")


@part
def chunk_extension_without_end(connection, start):
    chunked(connection, start)
    connection.send(b"1;")
    connection.for_ever(b"a")


@part
def chunk_extensions_in_each(connection, start):
    chunked(connection, start)
    connection.for_ever(b"1;" + b"a" * 2000 + b"\r\na\r\n")


@part
def trailer_without_end(connection, start):
    chunked(connection, start)
    connection.send(b"1\r\na\r\n0\r\n")
    connection.for_ever(b"X-Field: some value\r\n")


@part
def trailer_field_without_end(connection, start):
    chunked(connection, start)
    connection.send(b"1\r\na\r\n0\r\nX-Field: ")
    connection.for_ever(b"x")


@part
def octet_by_octet(connection, start):
    """Each keeps the time that counts from the last octet from running out."""
    connection.send(start + b"Content-Length: 1000000\r\n\r\n")
    connection.for_ever(b"x", pause=0.05)
