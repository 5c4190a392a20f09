//! XEP-0280: Message Carbons, version 1.0.1.

use crate::ns;
use crate::xml::Xml;

/// Which of one's other devices' messages is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Another device of mine sent it.
    Sent,
    /// Another device of mine received it.
    Received,
}

/// A copy of `message`, a whole stanza as this crate writes it, for another device `to` of `account`.
pub fn copy(direction: Direction, message: &str, account: &str, to: &str) -> String {
    let name = match direction {
        Direction::Sent => "sent",
        Direction::Received => "received",
    };
    let mut x = Xml::new();
    x.open("message", ns::CLIENT).attr("type", "chat").attr("from", account).attr("to", to);
    x.open(name, ns::CARBONS).open("forwarded", ns::FORWARD).raw(message);
    x.finish()
}
