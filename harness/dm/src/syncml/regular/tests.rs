use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::element::Builder;
use crate::irregular::Irregularities;
use crate::syncml::{Carrier, Decoded, strategies};

/// What a sink is told.
#[derive(Debug, Clone)]
enum Told {
    Open(Namespace, Word),
    Text(String),
    Made(String),
    Octets(Vec<u8>),
    Close,
}

#[derive(Default)]
struct Tape(Vec<Told>);

impl<'a> Sink<'a> for Tape {
    fn open(&mut self, namespace: &Namespace, name: Name<'a>, _head: Range<usize>) {
        self.0.extend(name.word().map(|word| Told::Open(namespace.clone(), word)));
    }

    fn text(&mut self, text: &'a str, _at: Range<usize>) {
        self.0.push(Told::Text(text.to_owned()));
    }

    fn made(&mut self, text: &str, _at: Range<usize>) {
        self.0.push(Told::Made(text.to_owned()));
    }

    fn binary(&mut self, octets: &'a [u8], _at: Range<usize>) {
        self.0.push(Told::Octets(octets.to_vec()));
    }

    fn close(&mut self, _end: usize) {
        self.0.push(Told::Close);
    }
}

impl Tape {
    fn of(message: &Message) -> Self {
        let mut tape = Tape::default();
        message.tell(Carrier::Wbxml, &mut tape);
        tape
    }

    fn play<'a>(&'a self, sink: &mut impl Sink<'a>) {
        for (at, told) in self.0.iter().enumerate() {
            match told {
                Told::Open(namespace, word) => sink.open(namespace, Name::Word(*word), at..at),
                Told::Text(text) => sink.text(text, at..at + text.len()),
                Told::Made(text) => sink.made(text, at..at),
                Told::Octets(octets) => sink.binary(octets, at..at),
                Told::Close => sink.close(at),
            }
            if !sink.wants_more() {
                return;
            }
        }
    }

    /// The end of the element or text that begins there.
    fn end(&self, from: usize) -> usize {
        let mut depth = 0;
        for (at, told) in self.0.iter().enumerate().skip(from) {
            match told {
                Told::Open(..) => depth += 1,
                Told::Close => depth -= 1,
                _ => {}
            }
            if depth <= 0 {
                return at + 1;
            }
        }
        self.0.len()
    }

    /// Changes one thing inside the root.
    fn change(&mut self, change: &Change) {
        let places: Vec<usize> = (1..self.0.len()).filter(|at| !matches!(self.0[*at], Told::Close)).collect();
        if places.is_empty() {
            return;
        }
        let Change { what, at, to } = change;
        let (from, to) = (places[at.index(places.len())], places[to.index(places.len())]);
        let part: Vec<Told> = self.0[from..self.end(from)].to_vec();
        let place = |tape: &mut Self, at: usize, part: Vec<Told>| drop(tape.0.splice(at..at, part));
        match what % 9 {
            0 => drop(self.0.drain(from..from + part.len())),
            1 => place(self, to, part),
            2 => place(self, from, part),
            3 => place(self, from, vec![Told::Text(" \n".to_owned())]),
            4 => place(self, from, vec![Told::Made("x".to_owned())]),
            5 => place(self, from, vec![Told::Octets(b"x".to_vec())]),
            6 => {
                for told in &mut self.0[from..from + part.len()] {
                    if let Told::Text(text) = told {
                        *told = Told::Octets(text.clone().into_bytes());
                    }
                }
            }
            7 => {
                if let (Told::Open(..), Told::Open(_, other)) = (&self.0[from], self.0[to].clone())
                    && let Told::Open(_, word) = &mut self.0[from]
                {
                    *word = other;
                }
            }
            _ => {
                let within = from + 1..from + part.len().saturating_sub(1);
                if let Some(Told::Open(..)) = part.first() {
                    place(self, within.end.max(within.start), vec![Told::Close]);
                    place(self, within.start, vec![Told::Open(Namespace::MetInf, Word::MetInf)]);
                }
            }
        }
    }
}

#[derive(Debug, Clone)]
struct Change {
    what: u8,
    at: Index,
    to: Index,
}

fn change() -> impl Strategy<Value = Change> {
    (any::<u8>(), any::<Index>(), any::<Index>()).prop_map(|(what, at, to)| Change { what, at, to })
}

fn is_of_dm(command: &Command) -> bool {
    !matches!(command.cmd, CommandName::Unknown(_)) && command.commands.iter().all(is_of_dm)
}

fn regular(tape: &Tape) -> Option<Message> {
    let mut regular = Regular::default();
    tape.play(&mut regular);
    regular.message()
}

#[test]
fn what_is_in_order_is_regular_and_the_rest_is_not() {
    let read = |commands: &str| {
        let octets = format!(
            "<SyncML xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>\
             <SessionID>1</SessionID><MsgID>1</MsgID><Target><LocURI>t</LocURI></Target><Source>\
             <LocURI>s</LocURI></Source></SyncHdr> <SyncBody>{commands}</SyncBody></SyncML>"
        );
        let mut regular = Regular::default();
        crate::xml::tell(octets.as_bytes(), &mut Irregularities::default(), &mut regular).unwrap();
        regular.message().map(|message| message.commands.len())
    };
    let met = "xmlns='syncml:metinf'";
    let format = format!("<Meta><MetInf {met}><Format>chr</Format></MetInf></Meta>");
    assert_eq!(read("<Alert><CmdID>1</CmdID><Data>12&#48;0</Data></Alert> <Final> </Final>"), Some(1));
    assert_eq!(read(&format!("<Add><CmdID>1</CmdID>{format}<Item>{format}<Data/></Item></Add>")), Some(1));
    let inner = "<Sequence><CmdID>2</CmdID><Alert><CmdID>3</CmdID><Data/></Alert></Sequence>";
    assert_eq!(read(&format!("<Atomic>{inner}<CmdID>1</CmdID>{inner}</Atomic>")), Some(1));
    for irregular in [
        "x",
        "<Alert><CmdID>1</CmdID></Alert>",
        "<Put><CmdID>1</CmdID></Put>",
        "<Final/><Final/>",
        "<Alert xmlns=''><CmdID>1</CmdID><Data/></Alert>",
        "<Alert><CmdID/><Data/></Alert>",
        "<Alert><CmdID>1</CmdID><Data/><Data/></Alert>",
        &format!("<Alert><CmdID>1</CmdID><Data/><Item><Data/>{format}</Item></Alert>"),
        &format!("<Alert><CmdID>1</CmdID><Data/><Item/>{format}</Alert>"),
        &format!("<Alert><CmdID>1</CmdID><Data/><Meta><Format {met}>a</Format><MetInf {met}/></Meta></Alert>"),
        &format!("<Alert><CmdID>1</CmdID><Data/><Meta><MetInf {met}/><Format {met}>a</Format></Meta></Alert>"),
        "<Get><CmdID>1</CmdID><Item><Target><LocName>n</LocName></Target></Item></Get>",
        &format!("<Get><CmdID>1</CmdID>{inner}<Item/></Get>"),
    ] {
        assert_eq!(read(irregular), None, "{irregular}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_regular(message in strategies::message(true)) {
        let read = regular(&Tape::of(&message));
        prop_assert_eq!(read, Some(message.clone()).filter(|message| message.commands.iter().all(is_of_dm)));
    }

    #[test]
    fn what_is_regular_is_read_as_by_its_elements(
        message in strategies::message(true),
        changes in prop::collection::vec(change(), 0..4),
    ) {
        let mut tape = Tape::of(&message);
        changes.iter().for_each(|change| tape.change(change));
        let mut builder = Builder::default();
        tape.play(&mut builder);
        if let Some(value) = regular(&tape) {
            let elements = builder.complete().unwrap();
            let whole = Message::from_elements(&elements, Irregularities::default());
            prop_assert_eq!(whole, Ok(Decoded { value, irregular: vec![] }));
        }
    }
}
