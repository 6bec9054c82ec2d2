"""What `dmsc bootstrap` writes, as others read it, and what others write, as it reads it.

libwbxml reads our documents and writes some for us; Wireshark reads our pushes and short messages; openssl computes the
MAC. Needs wbxml2xml and xml2wbxml (Debian: libwbxml2-utils), tshark and openssl in the PATH, and the program in $DMSC.
"""

import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

DMSC = os.environ.get("DMSC", "target/release/dmsc")
FIXTURES = pathlib.Path(__file__).resolve().parents[4] / "fixtures" / "duts"
IMSI, PIN = "001010000000001", "1234"
# EF.IMSI of the reference card without its length.
IMSI_OCTETS = "0910100000000010"
HEAD = '<!DOCTYPE wap-provisioningdoc PUBLIC "-//WAPFORUM//DTD PROV 1.0//EN" "http://www.wapforum.org/DTD/prov.dtd">'
# A document with something of every part of the vocabulary, and with texts that have no token.
VENDOR = f"""<?xml version="1.0"?>
{HEAD}
<wap-provisioningdoc version="1.1">
<characteristic type="BOOTSTRAP"><parm name="NAME" value="Vendor &amp; Sons"/><parm name="PROXY-ID" value="px"/></characteristic>
<characteristic type="NAPDEF"><parm name="NAPID" value="nap1"/><parm name="BEARER" value="GSM-GPRS"/>
<parm name="NAP-ADDRESS" value="internet.example"/><parm name="NAP-ADDRTYPE" value="APN"/><parm name="INTERNET"/>
<characteristic type="NAPAUTHINFO"><parm name="AUTHTYPE" value="PAP"/><parm name="AUTHNAME" value="u"/><parm name="AUTHSECRET" value="p"/></characteristic>
<characteristic type="VALIDITY"><parm name="COUNTRY" value="001"/><parm name="X-OWN" value="x"/></characteristic></characteristic>
<characteristic type="PXLOGICAL"><parm name="PROXY-ID" value="px"/><characteristic type="PXPHYSICAL"><parm name="PXADDR" value="10.0.0.1"/>
<parm name="PXADDRTYPE" value="IPV4"/><characteristic type="PORT"><parm name="PORTNBR" value="9201"/><parm name="SERVICE" value="CO-WSP"/></characteristic></characteristic></characteristic>
<characteristic type="APPLICATION"><parm name="APPID" value="w7"/><parm name="PROVIDER-ID" value="srv.example"/><parm name="TO-NAPID" value="nap1"/>
<characteristic type="APPADDR"><parm name="ADDR" value="::1"/><parm name="ADDRTYPE" value="IPV6"/><characteristic type="PORT"><parm name="PORTNBR" value="4116"/></characteristic></characteristic>
<characteristic type="APPAUTH"><parm name="AAUTHLEVEL" value="APPSRV"/><parm name="AAUTHTYPE" value="BASIC"/><parm name="AAUTHNAME" value="ü"/><parm name="AAUTHSECRET" value="&lt;s&gt;"/></characteristic>
<characteristic type="APPAUTH"><parm name="AAUTHLEVEL" value="CLIENT"/><parm name="AAUTHTYPE" value="DIGEST"/><parm name="AAUTHDATA" value="AAEC"/></characteristic></characteristic>
</wap-provisioningdoc>
"""


def dmsc(*arguments, code=0):
    ran = subprocess.run([DMSC, "bootstrap", *arguments], capture_output=True)
    if ran.returncode != code:
        sys.exit(f"dmsc bootstrap {' '.join(arguments)}: exit {ran.returncode}\n{ran.stderr.decode()}")
    return ran.stdout.decode()


def read(path, *arguments, code=0):
    return json.loads(dmsc("read", "--json", "--secrets", *arguments, str(path), code=code))


def tool(*arguments):
    ran = subprocess.run(arguments, capture_output=True)
    if ran.returncode != 0:
        sys.exit(f"{' '.join(arguments)}: exit {ran.returncode}\n{ran.stderr.decode()}")
    return ran.stdout.decode()


def same(what, found, expected):
    if found != expected:
        sys.exit(f"{what}:\n  found    {found}\n  expected {expected}")
    print(f"{what}: the same")


def tree(element):
    """What an XML parser of Python's makes of a document, in the form of `dmsc bootstrap read --json`."""
    if element.tag == "parm":
        return {"name": element.get("name"), "value": element.get("value")}
    return {"type": element.get("type"), "entries": [tree(child) for child in element]}


def trees(text):
    return [tree(child) for child in ElementTree.fromstring(text)]


def capture(path, kind, packets):
    records = [struct.pack("<IIII", 0, 0, len(packet), len(packet)) + packet for packet in packets]
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0xFFFF, kind) + b"".join(records))


def datagram(payload):
    """A push as it comes over IP, to the port of pushes."""
    udp = struct.pack(">HHHH", 9200, 2948, 8 + len(payload), 0) + payload
    here = bytes([127, 0, 0, 1])
    return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, here, here) + udp


def short_message(kind, octets):
    """A short message as Wireshark takes one by itself: tags with the dissector and the direction, then the octets."""
    name = b"gsm_sms\0"
    direction = {"SMS-DELIVER": 0, "SMS-SUBMIT": 1}[kind]
    return struct.pack(">HH", 12, len(name)) + name + struct.pack(">HHI", 35, 4, direction) + struct.pack(">HH", 0, 0) + octets


def documents(folder):
    """Documents, both ways, through libwbxml."""
    xml, wbxml, theirs = folder / "own.xml", folder / "own.wbxml", folder / "theirs.wbxml"
    for which, dut in (("server", []), ("both", ["--dut", str(folder / "two.yaml")])):
        options = [*dut, "--account", which]
        dmsc("write", *options, "-o", str(xml))
        dmsc("write", *options, "--as", "wbxml", "-o", str(wbxml))
        own = trees(xml.read_text())
        same(f"our XML of {which}, as we read it", read(xml)["characteristics"], own)
        same(f"our WBXML of {which}, as we read it", read(wbxml)["characteristics"], own)
        same(f"our WBXML of {which}, as libwbxml reads it", trees(tool("wbxml2xml", "-k", "-o", "-", str(wbxml))), own)
        tool("xml2wbxml", "-v", "1.3", "-n", "-k", "-o", str(theirs), str(xml))
        same(f"libwbxml's WBXML of {which}, as we read it", read(theirs)["characteristics"], own)
    xml.write_text(VENDOR)
    own = trees(VENDOR)
    same("another's XML, as we read it", read(xml)["characteristics"], own)
    for version, table in (("1.1", []), ("1.2", ["-n"]), ("1.3", [])):
        tool("xml2wbxml", "-v", version, *table, "-o", str(theirs), str(xml))
        found = read(theirs)
        same(f"another's WBXML {version}, as we read it", (found["characteristics"], found["irregular"]), (own, []))
    [account] = found["accounts"]
    same("its account", (account["server_id"], account["addresses"], account["remarks"]),
         ("srv.example", [{"address": "::1", "type": "IPv6", "ports": [4116]}], []))


def leaves(node):
    """Names and texts of an object, in order, in the form of `dmsc bootstrap read --json`."""
    for child in node["nodes"]:
        if child["value"] is not None and child["format"] != "bin":
            yield child["name"], child["value"]
        yield from leaves(child)


def objects(folder):
    """The account as an object, through libwbxml and through Python's XML parser."""
    namespace = "{syncml:dmddf1.2}"
    message, alone, dut = folder / "message.wbxml", folder / "object.xml", folder / "plain.yaml"
    # A document within a document ends at a zero octet for libwbxml, which nonces may have.
    dut.write_text(
        "dut: 1\nname: plain nonces\nkind: terminal\nlink: { builtin: terminal }\n"
        f"ics: {FIXTURES / 'reference-terminal.ics.yaml'}\n"
        "ixit: { client_nonce: 4142434445464748, server_nonce: 494A4B4C4D4E4F50 }\n")
    options = ["--dut", str(dut)]
    dmsc("write", *options, "--profile", "dm", "--device", "IMEI:1", "--as", "wbxml", "-o", str(message))
    dmsc("write", *options, "--as", "object", "-o", str(alone))
    found = read(message)
    own = [pair for node in found["objects"] for pair in leaves({"nodes": [node]})]
    if ("AAuthSecret", "s3cr3t-P@ss") not in own or len(own) < 12:
        sys.exit(f"the object lacks something: {own}")
    for what, text in (("libwbxml", tool("wbxml2xml", "-k", "-o", "-", str(message))), ("Python", alone.read_text())):
        nodes = ElementTree.fromstring(text).iter(f"{namespace}Node")
        theirs = []
        for node in nodes:
            format = node.find(f"{namespace}RTProperties/{namespace}Format")
            value = node.find(f"{namespace}Value")
            if value is not None and format[0].tag != f"{namespace}bin":
                theirs.append((node.findtext(f"{namespace}NodeName"), value.text))
        same(f"the account as an object, as {what} reads it", theirs, own)


def vocabulary(folder):
    """Every name and type that libwbxml has a token for: its octets, as we read them."""
    names = read_names(folder)
    print(f"{names} names and types with a token of libwbxml's are read as what they are")


def read_names(folder):
    xml, wbxml = folder / "all.xml", folder / "all.wbxml"
    library = next(pathlib.Path("/usr/lib").rglob("libwbxml2.so*"), None)
    if library is None:
        sys.exit("libwbxml2 is not where Debian has it")
    words = set(library.read_bytes().replace(b"\0", b"\n").decode("latin-1").split("\n"))
    # Whatever else the library names, a document may have it as a name or as a value.
    words = sorted(word for word in words if 1 < len(word) < 40 and all(c.isupper() or c.isdigit() or c in "-./" for c in word))
    parts = "".join(f'<characteristic type="{word}"><parm name="{word}" value="{word}"/></characteristic>' for word in words)
    xml.write_text(f'<?xml version="1.0"?>{HEAD}<wap-provisioningdoc>{parts}</wap-provisioningdoc>')
    tool("xml2wbxml", "-v", "1.3", "-n", "-o", str(wbxml), str(xml))
    same("all words of libwbxml", read(wbxml)["characteristics"], trees(xml.read_text()))
    same("the same, from XML", read(xml)["characteristics"], trees(xml.read_text()))
    return len(words)


def pushes(folder):
    """Pushes and short messages, as Wireshark reads them, with openssl's MAC."""
    methods = [
        (["--imsi", IMSI], "NETWPIN", IMSI_OCTETS),
        (["--pin", PIN], "USERPIN", PIN.encode().hex()),
        (["--imsi", IMSI, "--pin", PIN], "USERNETWPIN", IMSI_OCTETS + PIN.encode().hex()),
    ]
    document, push, packets, pdus = folder / "d.wbxml", folder / "d.push", folder / "d.pcap", folder / "d.txt"
    dmsc("write", "--as", "wbxml", "-o", str(document))
    for keys, method, key in methods:
        dmsc("write", "--as", "push", *keys, "-o", str(push))
        mac = tool("openssl", "dgst", "-sha1", "-mac", "HMAC", "-macopt", f"hexkey:{key}", str(document)).split()[-1].upper()
        capture(packets, 101, [datagram(push.read_bytes())])
        shown = tool("tshark", "-n", "-V", "-r", str(packets))
        expected = f"Content-Type: application/vnd.wap.connectivity-wbxml; SEC={method}; MAC={mac}"
        if expected not in shown or "not defined" in shown or "Malformed" in shown:
            sys.exit(f"{method}: Wireshark does not say `{expected}`\n{shown}")
        for text in ("type='APPLICATION'", "name='PROVIDER-ID'", "'dmsc.example.com'", "'http://127.0.0.1:3516/OMA/DM'",
                     "name='AAUTHLEVEL'", "'APPSRV'", "'CLIENT'", "name='PORTNBR'", "'3516'"):
            if text not in shown:
                sys.exit(f"{method}: Wireshark does not show {text}\n{shown}")
        print(f"{method}: the push is to Wireshark what it is to us, and its MAC is openssl's")
        found = read(push, *keys)["push"]
        same(f"{method}: our own reading", (found["sec"], found["mac"], found["mac_right"]), (method, mac, True))
        other = read(push, "--imsi", "001010000000002", "--pin", "4321", code=1)["push"]
        same(f"{method}: another key", other["mac_right"], False)

        for number, kind in (("--from", "SMS-DELIVER"), ("--to", "SMS-SUBMIT")):
            dmsc("write", "--as", "sms", *keys, number, "+15557654321", "-o", str(pdus))
            messages = [bytes.fromhex(line) for line in pdus.read_text().split()]
            capture(packets, 252, [short_message(kind, message) for message in messages])
            shown = tool("tshark", "-n", "-V", "-r", str(packets))
            # Wireshark puts the parts together and reads the push in them.
            for text in (kind, "15557654321", "(2948)", "(9200)", "8 bit data", expected,
                         f"Message parts: {len(messages)}", f"Reassembled Short Message length: {len(push.read_bytes())}"):
                if text not in shown:
                    sys.exit(f"Wireshark does not show {text} in the {kind}\n{shown}")
            print(f"{method}: {len(messages)} {kind} are the push to Wireshark")
            found = read(pdus, *keys)
            same(f"{method}: the {kind}, as we read them", (found["push"]["mac_right"], found["messages"]["count"]), (True, len(messages)))


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "two.yaml").write_text(
            "dut: 1\nname: two accounts\nkind: terminal\nlink: { builtin: terminal }\n"
            f"ics: {FIXTURES / 'reference-terminal.ics.yaml'}\n"
            "ixit: { server_id: 'a&b', address: 'http://[::1]:4116/OMA/DM', server_auth: basic, client_secret: '<\"\\u00FC>',"
            " other_account: { server_id: other.example, client_auth: none } }\n")
        documents(folder)
        objects(folder)
        vocabulary(folder)
        pushes(folder)


main()
