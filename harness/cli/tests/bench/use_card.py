#!/usr/bin/python3
"""Uses a UICC through pcscd as a terminal would, with pyscard, and says what does not hold.

    use_card.py READER [--atr HEX]

READER is the reader's name, or a part of it. Prints what the card says of itself, and ends with 1 at the first thing
that a UICC does not do (TS 102 221). Needs Debian's python3-pyscard, and a card in the reader. It shares no code with
the harness.
"""
import argparse
import sys

from smartcard.CardConnection import CardConnection
from smartcard.Exceptions import SmartcardException
from smartcard.scard import SCARD_RESET_CARD, SCARD_UNPOWER_CARD
from smartcard.System import readers


class Wrong(Exception):
    """Something that a UICC does not do."""


def check(holds, what):
    if not holds:
        raise Wrong(what)


def find(name):
    known = readers()
    found = [reader for reader in known if name in str(reader)]
    check(len(found) == 1, f"there is not one reader *{name}*, but these: {', '.join(map(str, known)) or 'none'}")
    return found[0]


class Card:
    """A card that is connected; commands go out as APDUs and come back as data and status word."""

    def __init__(self, reader):
        self.connection = reader.createConnection()
        self.connection.connect(CardConnection.T0_protocol | CardConnection.T1_protocol)

    def transmit(self, octets):
        data, sw1, sw2 = self.connection.transmit(list(octets))
        return bytes(data), sw1, sw2

    def command(self, header, data=b"", le=None):
        """One command: GET RESPONSE and a corrected Le are the terminal's business (TS 102 221 7.3.1.1)."""
        octets = bytes.fromhex(header) + (bytes([len(data)]) + data if data else b"")
        over_t0 = self.connection.getProtocol() == CardConnection.T0_protocol
        if le is not None and not (data and over_t0):
            octets += bytes([le % 256])
        answer, sw1, sw2 = self.transmit(octets)
        if sw1 == 0x6C:
            answer, sw1, sw2 = self.transmit(octets[:4] + bytes([sw2]))
        while sw1 == 0x61:
            more, sw1, sw2 = self.transmit(bytes([octets[0] & 0x03, 0xC0, 0, 0, sw2]))
            answer += more
        return answer, sw1 << 8 | sw2

    def asked(self, what, *command, **options):
        answer, sw = self.command(*command, **options)
        check(sw == 0x9000 or sw >> 8 == 0x91, f"{what}: status word {sw:04X}")
        return answer

    def select(self, what, file, by="00"):
        """SELECT by file identifier, or by AID with `by` 04; the FCP template's objects."""
        answer = self.asked(f"SELECT {what}", f"00A4{by}04", bytes.fromhex(file), le=0)
        check(answer[:1] == b"\x62", f"SELECT {what}: no FCP template: {answer.hex()}")
        return objects(objects(answer)[0x62])

    def close(self):
        self.connection.disconnect()


def objects(octets):
    """The objects of a BER-TLV value, of which none here has a tag or a length of more than two octets."""
    found = {}
    while octets and octets[0] not in (0x00, 0xFF):
        tag, length, at = octets[0], octets[1], 2
        if length == 0x81:
            length, at = octets[2], 3
        check(len(octets) >= at + length, f"object {tag:02X} ends early: {octets.hex()}")
        found[tag] = octets[at : at + length]
        octets = octets[at + length :]
    return found


def digits(octets):
    return "".join(f"{octet & 15:X}{octet >> 4:X}" for octet in octets).rstrip("F")


def use(card, reader, wanted):
    atr = bytes(card.connection.getATR())
    print(f"reader  {reader}")
    print(f"ATR     {atr.hex().upper()}")
    check(2 <= len(atr) <= 33 and atr[0] in (0x3B, 0x3F), "no answer to reset of ISO/IEC 7816-3")
    check(wanted in (None, atr), "not the answer to reset that was expected")

    master = card.select("MF", "3F00")
    check(master.get(0x83) == b"\x3f\x00", f"the MF's FCP does not name it: {master}")

    card.select("EF.ICCID", "2FE2")
    iccid = digits(card.asked("READ BINARY of EF.ICCID", "00B00000", le=10))
    print(f"ICCID   {iccid}")
    check(iccid.isdigit() and iccid.startswith("89") and 18 <= len(iccid) <= 20, "no ICCID of ITU-T E.118")

    directory = card.select("EF.DIR", "2F00")
    record = card.asked("READ RECORD 1 of EF.DIR", "00B20104", le=directory[0x82][3])
    application = objects(objects(record)[0x61])
    aid = application[0x4F]
    print(f"AID     {aid.hex().upper()}")
    check(aid.startswith(bytes.fromhex("A0000000871002")), "the first application is no USIM")

    chosen = card.select("ADF.USIM", aid.hex(), by="04")
    check(chosen.get(0x84, b"").startswith(aid[:7]), f"the ADF's FCP does not name it: {chosen}")
    card.select("EF.IMSI", "6F07")
    imsi = card.asked("READ BINARY of EF.IMSI", "00B00000", le=9)
    check(1 <= imsi[0] <= 8, f"EF.IMSI says a length of {imsi[0]}")
    # The first half octet is parity, not a digit (TS 31.102 4.2.2).
    imsi = digits(imsi[1 : 1 + imsi[0]])[1:]
    print(f"IMSI    {imsi}")
    check(imsi.isdigit() and 6 <= len(imsi) <= 15, "no IMSI")

    status = objects(card.asked("STATUS", "80F20000", le=0))
    name = objects(status.get(0x62, b"")).get(0x84, b"")
    print(f"STATUS  {name.hex().upper()}")
    check(name == chosen.get(0x84), "STATUS speaks of another application than the one that was selected")

    _, sw = card.command("00A40004", bytes.fromhex("6F00"), le=0)
    check(sw == 0x6A82, f"SELECT of a file that is not there: status word {sw:04X}")

    for reset, disposition in (("warm", SCARD_RESET_CARD), ("cold", SCARD_UNPOWER_CARD)):
        card.connection.reconnect(disposition=disposition)
        check(bytes(card.connection.getATR()) == atr, f"another answer to a {reset} reset")
        current = objects(objects(card.asked(f"STATUS after a {reset} reset", "80F20000", le=0)).get(0x62, b""))
        check(current.get(0x83) == b"\x3f\x00", f"after a {reset} reset the MF is not selected: {current}")
        print(f"RESET   {reset}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reader", help="the reader's name, or a part of it")
    parser.add_argument("--atr", type=bytes.fromhex, help="the answer to reset that the card must give")
    arguments = parser.parse_args()
    try:
        reader = find(arguments.reader)
        card = Card(reader)
        try:
            use(card, reader, arguments.atr)
        finally:
            card.close()
    except (Wrong, SmartcardException, KeyError, IndexError) as error:
        sys.exit(f"use_card.py: {type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
