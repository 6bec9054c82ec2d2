//! Choices in how a message is written as octets (XML 1.0, WBXML).

use super::table::choices;

choices! {
    /// Choices in how a message is written as octets (XML 1.0, WBXML).
    Octets

    /// What comes before the root element of a message in XML.
    (Terminal, Card; "XML 1.0, 2.8")
    xml_prolog: XmlProlog = "xml-prolog" {
        /// The XML declaration.
        Declaration = "declaration",
        /// Nothing.
        Nothing = "none",
        /// The XML declaration and a document type declaration without definitions.
        DocumentType = "doctype",
        /// The byte order mark and the XML declaration.
        ByteOrderMark = "byte-order-mark",
        /// The XML declaration in other spelling, a comment and a processing instruction.
        Comment = "comment",
    }

    /// White space between the elements of a message in XML.
    (Terminal, Card; "XML 1.0, 2.10")
    xml_layout: XmlLayout = "xml-layout" {
        /// None.
        Compact = "compact",
        /// A line for each element.
        Indented = "indented",
    }

    /// How elements in XML name their namespace.
    (Terminal, Card; "Namespaces in XML 1.0, 4 to 6")
    xml_names: XmlNames = "xml-names" {
        /// As the default namespace, where it changes.
        Default = "default",
        /// By prefixes declared at the root.
        Prefixes = "prefixes",
    }

    /// How text is written in XML.
    (Terminal, Card; "XML 1.0, 2.4, 2.7, 4.1")
    xml_text: XmlText = "xml-text" {
        /// As it is.
        Plain = "plain",
        /// In CDATA sections.
        Cdata = "cdata",
        /// With character references.
        References = "references",
    }

    /// How elements without content are written in XML.
    (Terminal, Card; "XML 1.0, 3.1")
    xml_empty: XmlEmpty = "xml-empty" {
        /// With an empty-element tag.
        EmptyTag = "empty-tag",
        /// With a start tag and an end tag.
        EndTag = "end-tag",
    }

    /// The version of WBXML.
    (Terminal, Card; "DMREPPRO 5")
    wbxml_version: WbxmlVersion = "wbxml-version" {
        /// 1.2
        V1_2 = "1.2",
        /// 1.1
        V1_1 = "1.1",
        /// 1.3
        V1_3 = "1.3",
    }

    /// Where text stands in WBXML.
    (Terminal, Card; "WBXML 5.8")
    wbxml_strings: WbxmlStrings = "wbxml-strings" {
        /// In place.
        Inline = "inline",
        /// In the string table.
        Table = "table",
    }

    /// How WBXML names what kind of document it is.
    (Terminal, Card; "WBXML 5.5")
    wbxml_public_id: WbxmlPublicId = "wbxml-public-id" {
        /// By number.
        Number = "number",
        /// Written out in the string table.
        Literal = "literal",
    }
}
