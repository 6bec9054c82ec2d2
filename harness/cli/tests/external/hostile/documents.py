"""Bodies that are too large, too deep or no DM messages, by name. Each is a function that gives a media type and octets.

They are put where a DM message is due, by server.py and client.py beside this file.
"""

import dm
from dm import el, leaf, uri

XML = "application/vnd.syncml.dm+xml"
WBXML = "application/vnd.syncml.dm+wbxml"
MIB = 1 << 20
# A little less than the HTTP reader takes as a body.
FULL = 2 * MIB - 64 * 1024

DOCUMENTS = {}


def document(made):
    DOCUMENTS[made.__name__.replace("_", "-")] = made
    return made


def message(*commands, session="A5", number=1, final=True, cred="", source="http://127.0.0.1/OMA/DM", more=""):
    """A DM message in XML whose commands are texts; `more` stands in the header."""
    head = el(
        "SyncHdr",
        leaf("VerDTD", "1.2"),
        leaf("VerProto", "DM/1.2"),
        leaf("SessionID", session),
        leaf("MsgID", number),
        uri("Target", "IMEI:493005100592800"),
        uri("Source", source),
        cred,
        more,
    )
    body = "".join(commands) + (el("Final") if final else "")
    return el("SyncML", head, el("SyncBody", body), ns=dm.SYNCML)


def around(middle, unit=b""):
    """A message with `middle` in its body, or as many of `unit` as there is room for."""
    before, after = message("@", final=False).encode().split(b"@")
    return before + (middle or unit * ((FULL - len(before) - len(after)) // len(unit))) + after


# --- XML ---


@document
def xml_depth():
    return XML, around(b"<a>" * 600_000)


@document
def xml_elements():
    return XML, around(None, b"<a/>")


@document
def xml_items():
    items = b"<Item/>" * ((FULL - 2000) // 7)
    return XML, around(b"<Get><CmdID>1</CmdID>" + items + b"</Get>")


@document
def xml_unknown_elements():
    return XML, around(b"".join(b"<x%d/>" % number for number in range(180_000)))


@document
def xml_attributes():
    return XML, around(b"<a " + b" ".join(b"x%d=''" % number for number in range(140_000)) + b"/>")


@document
def xml_namespaces():
    return XML, around(b"<a " + b" ".join(b"xmlns:x%d='y'" % number for number in range(90_000)) + b"/>")


@document
def xml_namespaces_nested():
    return XML, around(b"".join(b"<a xmlns:x%d='y'>" % number for number in range(80_000)))


@document
def xml_entities():
    lines = [b"<!ENTITY a0 'lol'>"]
    lines += [b"<!ENTITY a%d '%s'>" % (number, b"&a%d;" % (number - 1) * 10) for number in range(1, 10)]
    return XML, b"<?xml version='1.0'?><!DOCTYPE SyncML [" + b"".join(lines) + b"]><SyncML>&a9;</SyncML>"


@document
def xml_external_entity():
    return XML, b"<?xml version='1.0'?><!DOCTYPE S [<!ENTITY x SYSTEM 'file:///dev/zero'>]><SyncML>&x;</SyncML>"


@document
def xml_doctype():
    return XML, b"<!DOCTYPE SyncML [" + b"<?a b?>" * (FULL // 7)


@document
def xml_references():
    data = b"&#x41;" * ((FULL - 2000) // 6)
    return XML, around(b"<Alert><CmdID>1</CmdID><Data>" + data + b"</Data></Alert>")


@document
def xml_text():
    data = b"x" * (FULL - 2000)
    return XML, around(b"<Alert><CmdID>1</CmdID><Data>" + data + b"</Data></Alert>")


@document
def xml_comment():
    return XML, around(b"<!--" + b"x" * (FULL - 2000))


@document
def xml_cdata():
    return XML, around(None, b"<![CDATA[]]>")


@document
def xml_name():
    return XML, around(b"<" + b"x" * (FULL - 2000) + b"/>")


@document
def xml_nulls():
    return XML, bytes(FULL)


@document
def xml_not_utf_8():
    return XML, b"\xff" * FULL


@document
def xml_alerts():
    """As many well-formed commands as there is room for, each of which wants a Status."""
    return XML, around(None, b"<Alert><CmdID>1</CmdID><Data>1201</Data></Alert>")


# --- WBXML ---
# Version 1.2, public identifier 4609 (DM 1.2), UTF-8, and a string table.

HEAD = bytes.fromhex("02A4016A")
SYNCML, SYNCHDR, SYNCBODY, ALERT, CMD_ID, DATA = 0x6D, 0x6C, 0x6B, 0x46, 0x4B, 0x4F


def mb(number):
    """A number as a multi-byte integer."""
    octets = [number & 0x7F]
    while number := number >> 7:
        octets.insert(0, 0x80 | number & 0x7F)
    return bytes(octets)


def wbxml(body, table=b""):
    return WBXML, HEAD + mb(len(table)) + table + body


@document
def wbxml_depth():
    return wbxml(bytes([SYNCML]) * FULL)


@document
def wbxml_elements():
    return wbxml(bytes([SYNCML, SYNCBODY]) + b"\x12" * FULL + b"\1\1")


@document
def wbxml_table_length():
    return WBXML, HEAD + b"\x8f\xff\xff\xff\x7f" + bytes([SYNCML])


@document
def wbxml_table_references():
    """Three octets each stand for a text of 64 KiB: sixty GiB, were they written out."""
    table = b"x" * 0xFFFF + b"\0"
    text = bytes([SYNCML, SYNCBODY, ALERT, DATA]) + b"\x83\x00" * (FULL // 2 - 0x10000)
    return wbxml(text, table)


@document
def wbxml_table_in_each():
    """The same, each in an element of its own."""
    table = b"x" * 0xFFFF + b"\0"
    text = bytes([SYNCML, SYNCBODY]) + bytes([ALERT, DATA, 0x83, 0x00, 0x01, 0x01]) * (FULL // 6 - 0x10000)
    return wbxml(text, table)


@document
def wbxml_literal_names():
    """Elements whose names are a text of 64 KiB in the table."""
    table = b"x" * 0xFFFF + b"\0"
    return wbxml(bytes([SYNCML, SYNCBODY]) + b"\x04\x00" * (FULL // 2 - 0x10000), table)


@document
def wbxml_opaque_length():
    return wbxml(bytes([SYNCML, SYNCBODY, ALERT, DATA]) + b"\xc3\x8f\xff\xff\xff\x7f" + b"x" * 100)


@document
def wbxml_number_length():
    return wbxml(bytes([SYNCML, SYNCBODY, ALERT, DATA]) + b"\xc3" + b"\x80" * (FULL - 100))


@document
def wbxml_pages():
    return wbxml(bytes([SYNCML]) + b"\x00\x01\x00\x00" * (FULL // 4))


@document
def wbxml_entities():
    return wbxml(bytes([SYNCML, SYNCBODY, ALERT, DATA]) + b"\x02\x41" * (FULL // 2 - 100))


@document
def wbxml_inline_string():
    return wbxml(bytes([SYNCML, SYNCBODY, ALERT, DATA, 0x03]) + b"x" * (FULL - 100))


@document
def wbxml_public_id():
    return WBXML, b"\x02" + b"\xff" * FULL
