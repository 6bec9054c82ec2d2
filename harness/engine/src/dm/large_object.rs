//! Large objects: items whose data come in several messages (DMPRO 7).

use dmsc_dm::syncml::{Command, CommandName, Data, Item, Message, Meta, StatusCode};

use crate::switch::{Switch, Switches};

/// The largest object that is taken, in octets as carried.
pub const MAX_OBJECT: usize = 1_048_576;

/// Puts together what comes in chunks, one object at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receiver {
    begun: Option<Begun>,
}

/// An object of which chunks have come, and its last one has not.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Begun {
    command: CommandName,
    place: String,
    meta: Meta,
    size: Option<usize>,
    data: Vec<u8>,
    /// Whether all chunks were text.
    text: bool,
}

/// What became of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is whole, with the meta information of its first chunk.
    Whole(Box<Item>),
    /// More of it has to come.
    More,
    /// It is given up, for this reason.
    Refused(StatusCode),
}

impl Receiver {
    /// Whether more of an object has to come.
    pub fn waits(&self) -> bool {
        self.begun.is_some()
    }

    /// Gives an object up that a command does not go on with; gives the address of what is lost.
    pub fn interrupted_by(&mut self, command: &Command) -> Option<String> {
        let goes_on = |begun: &Begun| {
            command.cmd == begun.command && command.items.first().map(place) == Some(begun.place.as_str())
        };
        self.begun.take_if(|begun| !goes_on(begun)).map(|begun| begun.place)
    }

    /// Gives an object up whose last chunk will not come any more; gives the address of what is lost.
    pub fn abandon(&mut self) -> Option<String> {
        self.begun.take().map(|begun| begun.place)
    }

    /// Takes an item of a command.
    pub fn take(&mut self, command: &Command, item: &Item, switches: &Switches) -> Taken {
        let Some(mut begun) = self.begun.take() else {
            if !item.more_data {
                return Taken::Whole(Box::new(item.clone()));
            }
            return self.begin(command, item);
        };
        let chunk = item.data.clone().unwrap_or_default();
        begun.text &= chunk.as_text().is_some();
        begun.data.extend(chunk.into_octets());
        if begun.data.len() > MAX_OBJECT {
            return Taken::Refused(StatusCode::RequestEntityTooLarge);
        }
        if item.more_data {
            self.begun = Some(begun);
            return Taken::More;
        }
        if begun.size.is_some_and(|size| size != begun.data.len()) && !switches.on(Switch::IgnoreObjectSize) {
            return Taken::Refused(StatusCode::SizeMismatch);
        }
        let data = match begun.text {
            true => Data::from_octets(begun.data),
            false => Data::Binary(begun.data),
        };
        let meta = Some(begun.meta).filter(|meta| !meta.is_empty());
        Taken::Whole(Box::new(Item { meta, data: Some(data), more_data: false, ..item.clone() }))
    }

    fn begin(&mut self, command: &Command, item: &Item) -> Taken {
        let own = item.meta.clone().unwrap_or_default();
        let outer = command.meta.as_deref().cloned().unwrap_or_default();
        let size: Option<usize> = own.size.as_ref().or(outer.size.as_ref()).and_then(|size| size.trim().parse().ok());
        let data = item.data.clone().unwrap_or_default();
        if size.unwrap_or_default().max(data.as_octets().len()) > MAX_OBJECT {
            return Taken::Refused(StatusCode::RequestEntityTooLarge);
        }
        let meta = Meta { format: own.format.or(outer.format), type_: own.type_.or(outer.type_), ..Meta::default() };
        let (text, place) = (data.as_text().is_some(), place(item).to_owned());
        let data = data.into_octets();
        self.begun = Some(Begun { command: command.cmd.clone(), place, meta, size, data, text });
        Taken::More
    }
}

/// The address that an item is about.
fn place(item: &Item) -> &str {
    item.target.as_deref().or(item.source.as_deref()).unwrap_or_default()
}

/// Takes as much off the front of a command's last item as `octets` say, at least a character, and leaves the rest in the
/// command. The first chunk tells the size of the whole. `None` where nothing is left to take off.
pub fn split(command: &mut Command, octets: usize, first: bool) -> Option<Command> {
    let item = command.items.last_mut()?;
    let data = item.data.as_mut()?;
    let whole = data.as_octets().len();
    let (front, rest) = match data {
        Data::Text(text) => {
            let at = (octets.min(text.len())..=text.len()).find(|at| *at > 0 && text.is_char_boundary(*at))?;
            let (front, rest) = text.split_at_checked(at)?;
            (Data::from(front), Data::from(rest))
        }
        Data::Binary(held) => {
            let (front, rest) = held.split_at_checked(octets.clamp(1, held.len().max(1)))?;
            (Data::Binary(front.to_vec()), Data::Binary(rest.to_vec()))
        }
    };
    if rest.as_octets().is_empty() {
        return None;
    }
    *data = rest;
    let mut chunk = command.clone();
    let item = chunk.items.last_mut()?;
    (item.data, item.more_data) = (Some(front), true);
    if first {
        item.meta.get_or_insert_with(Meta::default).size = Some(whole.to_string().into());
    }
    Some(chunk)
}

/// Whether an item of a message says that more of it has to come.
pub fn goes_on(message: &Message) -> bool {
    message.commands.iter().any(|command| command.items.iter().any(|item| item.more_data))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replace(text: &str, size: Option<&str>, more_data: bool) -> Command {
        let mut command = Command::new(CommandName::Replace, "1");
        let meta = size.map(|size| Meta { size: Some(size.into()), ..Meta::new("chr", "text/plain") });
        let (target, data) = (Some("./A".into()), Some(Data::from(text)));
        command.items.push(Item { target, meta, data, more_data, ..Item::default() });
        command
    }

    fn take(receiver: &mut Receiver, command: &Command) -> Taken {
        receiver.take(command, &command.items[0], &Switches::default())
    }

    #[test]
    fn chunks_become_one_item_with_the_meta_of_the_first() {
        let mut receiver = Receiver::default();
        assert_eq!(take(&mut receiver, &replace("one", Some("8"), true)), Taken::More);
        assert!(receiver.waits());
        assert_eq!(receiver.interrupted_by(&replace("", None, false)), None);
        let Taken::Whole(item) = take(&mut receiver, &replace(" two!", None, false)) else { panic!("not whole") };
        assert_eq!(item.data, Some("one two!".into()));
        assert_eq!(item.meta, Some(Meta::new("chr", "text/plain")));
        assert!(!receiver.waits());
    }

    #[test]
    fn a_wrong_size_and_an_interruption_give_the_object_up() {
        let mut receiver = Receiver::default();
        take(&mut receiver, &replace("one", Some("7"), true));
        assert_eq!(take(&mut receiver, &replace(" two!", None, false)), Taken::Refused(StatusCode::SizeMismatch));
        take(&mut receiver, &replace("one", Some("8"), true));
        assert_eq!(receiver.interrupted_by(&Command::new(CommandName::Get, "2")), Some("./A".into()));
        assert!(!receiver.waits());
        let huge = replace("x", Some("99999999"), true);
        assert_eq!(take(&mut receiver, &huge), Taken::Refused(StatusCode::RequestEntityTooLarge));
    }

    #[test]
    fn what_is_split_ends_at_a_character_and_tells_its_size_once() {
        let mut rest = replace("a\u{E9}b", None, false);
        let first = split(&mut rest, 2, true).unwrap();
        assert_eq!(first.items[0].data, Some("a\u{E9}".into()));
        assert_eq!(first.items[0].meta.as_ref().unwrap().size.as_deref(), Some("4"));
        assert!(first.items[0].more_data && !rest.items[0].more_data);
        assert_eq!(split(&mut rest, 5, false), None);
        assert_eq!(rest.items[0].data, Some("b".into()));
    }
}
