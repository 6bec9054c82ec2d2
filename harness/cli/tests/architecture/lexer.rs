//! Words and signs of Rust text, with the lines they stand in. Comments are left out; what they say, and what strings
//! say, is kept apart.

/// A word or sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// The word, `::`, or a single sign.
    pub(crate) text: String,
    /// Counted from 1.
    pub(crate) line: usize,
}

/// What people read: a doc comment or a string, with its first line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prose {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// Takes Rust text to pieces. Text that does not compile gives something, too.
pub(crate) fn lex(text: &str) -> (Vec<Token>, Vec<Prose>) {
    let mut lexer = Lexer { rest: text, line: 1, tokens: Vec::new(), prose: Vec::new() };
    while !lexer.rest.is_empty() {
        lexer.step();
    }
    (lexer.tokens, lexer.prose)
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
    tokens: Vec<Token>,
    prose: Vec<Prose>,
}

impl<'a> Lexer<'a> {
    fn step(&mut self) {
        let rest = self.rest;
        let first = rest.chars().next().unwrap_or_default();
        if rest.starts_with("//") {
            let comment = self.take(rest.find('\n').unwrap_or(rest.len()));
            if let Some(doc) = comment.strip_prefix("///").or(comment.strip_prefix("//!")) {
                self.prose.push(Prose { text: doc.to_owned(), line: self.line });
            }
        } else if rest.starts_with("/*") {
            self.take(rest.find("*/").map_or(rest.len(), |end| end + 2));
        } else if let Some(hashes) = raw_string(rest) {
            let open = rest.find('"').unwrap_or_default() + 1;
            let close = format!("\"{}", "#".repeat(hashes));
            let end = rest[open..].find(&close).map_or(rest.len(), |at| open + at + close.len());
            self.string(end);
        } else if first == '"' {
            self.string(end_of_string(rest));
        } else if first == '\'' {
            self.take(end_of_char(rest));
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            // What stands before a string, as in `b"..."`, is no word.
            if rest[end..].starts_with('"') && end <= 2 {
                self.take(end);
            } else {
                self.token(end);
            }
        } else if rest.starts_with("::") {
            self.token(2);
        } else if first.is_whitespace() {
            self.take(first.len_utf8());
        } else {
            self.token(first.len_utf8());
        }
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        self.line += taken.matches('\n').count();
        taken
    }

    fn token(&mut self, length: usize) {
        let line = self.line;
        let text = self.take(length).to_owned();
        self.tokens.push(Token { text, line });
    }

    fn string(&mut self, length: usize) {
        let line = self.line;
        let text = self.take(length).to_owned();
        self.prose.push(Prose { text, line });
    }
}

/// The number of `#` of a raw string that begins here.
fn raw_string(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("br").or(text.strip_prefix('r'))?;
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    rest[hashes..].starts_with('"').then_some(hashes)
}

fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The end of a character, or of the sign of a lifetime.
fn end_of_char(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((at, c))) => {
            let after = at + c.len_utf8();
            text[after..].find('\'').map_or(text.len(), |end| after + end + 1)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

#[test]
fn strings_comments_and_lifetimes_are_no_words() {
    let (tokens, prose) =
        lex("use a::b; // c\n/// d\nfn f<'e>(g: &'e str) { \"h\\\"i\"; r#\"j\"k\"#; 'l'; '\\n'; b\"m\" }");
    let words: Vec<&str> =
        tokens.iter().map(|t| t.text.as_str()).filter(|t| t.len() == 1 && *t >= "a" && *t <= "z").collect();
    assert_eq!(words, ["a", "b", "f", "e", "g", "e"]);
    assert_eq!(tokens.iter().find(|token| token.text == "fn").map(|token| token.line), Some(3));
    let told: Vec<&str> = prose.iter().map(|p| p.text.as_str()).collect();
    assert_eq!(told, [" d", "\"h\\\"i\"", "r#\"j\"k\"#", "\"m\""]);
}
