#!/usr/bin/env python3
"""Compares what this crate and expat call well-formed, on the documents of `xml/documents.tsv` and on messages that are
changed at random.

    wellformed.py [--changed N] [--seed S]      N documents more (20000) from a seed (1)

Three refusals of ours are no opinion on whether a document is well-formed, and go by name: definitions in a document type
declaration and entities that only they could define, other encodings than UTF-8, and elements nested too deep.
Exits 1 on any other difference, 2 if something is missing.
"""

import argparse
import os
import pathlib
import random
import re
import subprocess
import sys
import xml.parsers.expat

HERE = pathlib.Path(__file__).resolve().parent
REFUSALS = {"refused-definition", "refused-entity", "refused-encoding", "refused-depth"}

# What is put into documents: pieces of markup, and octets at which readers differ.
PIECES = [piece.encode() for piece in (
    "<", ">", "/", "&", ";", "'", '"', "=", ":", "!", "?", "-", "[", "]", "%", "#", " ", "\t", "\n", "\r", "\r\n", "\0", "\x01",
    "\x0b", "\x1f", "\x7f", "\x85", "\u00a0", "\u00b7", "\u00d7", "\u00e9", "\u0131", "\u0300", "\u2028", "\u4e00", "\ufeff", "\ufffd",
    "\ufffe", "\uffff", "\U00010000", "\U0010ffff", "a", "1", "_", "-", ".", "</", "/>", "<a>", "</a>", "<a/>", "<a:b/>", "<!--",
    "-->", "--", "<!-- c -->", "<?p?>", "<?p", "?>", "<?xml version='1.0'?>", "<?XML?>", "<?xml ", " encoding='UTF-8'",
    " encoding='ISO-8859-1'", " standalone='yes'", " standalone='no'", " version='1.1'", "<![CDATA[", "]]>", "]]", "<![CDATA[x]]>",
    "<!DOCTYPE a>", "<!DOCTYPE a [", "<!DOCTYPE a SYSTEM 'x'>", "<!DOCTYPE a PUBLIC 'x' 'y' [<?p?>]>", " SYSTEM 'x'", " PUBLIC 'x'",
    "]>", "[]", "<!ENTITY b 'c'>", "<!ELEMENT a ANY>", "%b;", "&amp;", "&lt;", "&b;", "&#65;", "&#x41;", "&#0;", "&#xFFFF;", "&#xD800;",
    "&#x110000;", " b='c'", ' b="<"', " b='&amp;'", " xmlns='u'", " xmlns=''", " xmlns:p='u'", " xmlns:q='u'", " xmlns:p=''",
    " p:b=''", " q:b=''", "<p:b/>", "p:", "xml:", "xmlns:", " xml:lang='en'", " xmlns:xml='u'", " xmlns:xmlns='u'",
    " xmlns:p='http://www.w3.org/XML/1998/namespace'", " xmlns='http://www.w3.org/2000/xmlns/'",
)] + [b"\xff", b"\xc3", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\xef", b"\xfe\xff", b"\xff\xfe"]


def expat(document):
    # No document can have the separator, so that it changes nothing.
    parser = xml.parsers.expat.ParserCreate(None, "\x01")
    try:
        parser.Parse(document, True)
        return "well-formed"
    # Python looks for the encodings that expat does not know, and has other errors for them.
    except (xml.parsers.expat.ExpatError, LookupError, ValueError):
        return "ill-formed"


def read_corpus():
    rows = []
    for line in (HERE / "xml" / "documents.tsv").read_text("ascii").splitlines():
        if not line.startswith("#"):
            name, verdict, word, written = line.split("\t")
            rows.append((name, verdict, word, written.encode().decode("unicode_escape").encode("latin-1")))
    return rows


def changed(random, bases):
    """A document, changed in one place or a few."""
    document = bytearray(random.choice(bases))
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        # Half of the changes are where markup is.
        places = [place.start() for place in re.finditer(rb"[<>&'\"=\]?!/:]", document)]
        at = random.choice(places) if places and random.random() < 0.5 else random.randint(0, len(document))
        at = min(len(document), max(0, at + random.choice((0, 0, 1))))
        length = random.choice((1, 1, 1, 2, 3, 5, 12))
        what = random.randrange(8)
        if what == 0 and at < len(document):
            document[at] ^= 1 << random.randrange(8)
        elif what == 1 and at < len(document):
            document[at] = random.randrange(256)
        elif what == 2:
            del document[at:at + length]
        elif what == 3:
            document[at:at] = document[at:at + random.choice((1, 5, 20, 60))]
        elif what == 4:
            other = random.choice(bases)
            start = random.randrange(len(other) + 1)
            document[at:at] = other[start:start + random.choice((2, 8, 30))]
        elif what == 5 and random.random() < 0.3:
            del document[at:]
        elif what == 6:
            document[at:at + length] = random.choice(PIECES)
        else:
            document[at:at] = random.choice(PIECES)
    return bytes(document)


def build():
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE / "../../../target"))
    command = ["cargo", "build", "--quiet", "--package", "dmsc-dm", "--example", "wellformed"]
    if subprocess.run([*command, "--manifest-path", HERE / "../Cargo.toml"], check=False).returncode:
        sys.exit(2)
    return target / "debug/examples/wellformed"


def ours(program, documents):
    lines = "".join(document.hex() + "\n" for document in documents)
    run = subprocess.run([program], input=lines, capture_output=True, text=True, check=False)
    answers = run.stdout.splitlines()
    if run.returncode or len(answers) != len(documents):
        print(f"the program ended with {run.returncode} after {len(answers)} documents: {run.stderr}", file=sys.stderr)
        sys.exit(2)
    return answers


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--changed", type=int, default=20000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments = arguments.parse_args()

    program = build()
    corpus = read_corpus()
    messages = [path.read_bytes() for path in sorted(HERE.glob("*.xml"))]
    # Those of the corpus have what messages have not: prologs, prefixes, references.
    bases = messages + [document for _, verdict, _, document in corpus if verdict == "well-formed"]
    draw = random.Random(arguments.seed)
    documents = [document for *_, document in corpus] + messages
    documents += [changed(draw, bases) for _ in range(arguments.changed)]

    differ, counts = 0, {}
    for index, (document, answer) in enumerate(zip(documents, ours(program, documents), strict=True)):
        word, theirs = answer.split(" ", 1)[0], expat(document)
        counts[word] = counts.get(word, 0) + 1
        problem = None
        if word not in REFUSALS and (word == "well-formed") != (theirs == "well-formed"):
            problem = f"expat: {theirs}, we: {answer}"
        elif index < len(corpus):
            name, recorded, expected, _ = corpus[index]
            if (recorded, expected) != (theirs, word):
                problem = f"{name}: {recorded} and {expected} are recorded; expat: {theirs}, we: {answer}"
        if problem:
            differ += 1
            if differ <= 20:
                print(f"{problem}\n    {document!r}", file=sys.stderr)

    print(f"expat {xml.parsers.expat.EXPAT_VERSION}; {len(corpus)} documents of the corpus, {len(messages)} messages, "
          f"{arguments.changed} changed ones from seed {arguments.seed}")
    print(", ".join(f"{word} {count}" for word, count in sorted(counts.items())))
    print(f"{differ} differ")
    return 1 if differ else 0


sys.exit(main())
