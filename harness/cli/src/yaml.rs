//! Values as DUT files write them.

/// A text as YAML takes it literally, on one line.
pub(crate) fn quoted(text: &str) -> String {
    if text.contains(char::is_control) {
        // YAML takes the quotes and escapes of JSON (YAML 1.2.2 1.2).
        let escaped = |c: char| if c.is_control() { format!("\\u{:04X}", u32::from(c)) } else { c.to_string() };
        let inner: String =
            text.chars().map(|c| if matches!(c, '"' | '\\') { format!("\\{c}") } else { escaped(c) }).collect();
        return format!("\"{inner}\"");
    }
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use dmsc_doc::{Source, parse};

    use super::*;

    #[test]
    fn every_name_of_a_reader_is_read_as_it_was() {
        let names = [
            "Virtual PCD 00 00",
            "O'Micro [CCID] (0001) 00",
            "a: b # c",
            "\"x\" \\ y",
            "tab\there\u{7F}\u{85}\n'",
            "",
            "*&!%@`",
        ];
        for name in names {
            let text = format!("pcsc: {{ reader: {} }}", quoted(name));
            assert_eq!(text.lines().count(), 1, "{text}");
            let root = parse(&Source::new("dut.yaml", text.as_str())).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(root.get("pcsc").and_then(|pcsc| pcsc.get("reader")).and_then(|node| node.as_str()), Some(name));
        }
    }
}
