//! RFC 6121: the roster and the presence of contacts. Everyone of a tenant follows everyone, so a
//! subscription is always `both` and nobody edits it.

use crate::ns;
use crate::stanza::{Availability, ChatState, MessageKind};
use crate::xml::{Prepared, Xml};

/// A colleague.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contact<'a> {
    /// Their address.
    pub address: &'a str,
    /// What they are called.
    pub name: &'a str,
}

/// The answer to a roster request, RFC 6121 §2.2.
pub fn roster(id: &str, to: &str, contacts: &[Contact<'_>]) -> String {
    let mut x = crate::iq::reply(id, "", to);
    x.open("query", ns::ROSTER);
    for contact in contacts {
        item(&mut x, contact, "both");
    }
    x.finish()
}

/// A colleague came (`here`), changed their name, or went; RFC 6121 §2.1.6.
pub fn roster_push(id: &str, contact: &Contact<'_>, here: bool) -> Prepared {
    let mut x = Xml::new();
    x.open("iq", ns::CLIENT).attr("type", "set").attr("id", id).hole("to").open("query", ns::ROSTER);
    item(&mut x, contact, if here { "both" } else { "remove" });
    x.prepared()
}

fn item(x: &mut Xml<'_>, contact: &Contact<'_>, subscription: &str) {
    x.child("item")
        .attr("jid", contact.address)
        .attr_if("name", (!contact.name.is_empty()).then_some(contact.name));
    x.attr("subscription", subscription).close();
}

/// Someone's device is here; `from` is its full address.
pub fn available(from: &str, availability: &Availability) -> Prepared {
    let mut x = Xml::new();
    x.open("presence", ns::CLIENT).attr("from", from).hole("to");
    write_availability(&mut x, availability);
    x.prepared()
}

pub(crate) fn write_availability(x: &mut Xml<'_>, availability: &Availability) {
    if let Some(show) = availability.show.word() {
        x.leaf("show", show);
    }
    if let Some(status) = &availability.status {
        x.leaf("status", status);
    }
}

/// Someone's device is gone.
pub fn unavailable(from: &str) -> Prepared {
    let mut x = Xml::new();
    x.open("presence", ns::CLIENT).attr("type", "unavailable").attr("from", from).hole("to");
    x.prepared()
}

/// XEP-0085, Chat State Notifications, version 2.1: passed on, never kept. In a room `from` has the nick.
pub fn chat_state(from: &str, kind: MessageKind, state: ChatState, thread: Option<&str>) -> Prepared {
    let mut x = Xml::new();
    x.open("message", ns::CLIENT).attr("type", kind.word()).attr("from", from).hole("to");
    x.empty(state.word(), ns::CHAT_STATES);
    if let Some(thread) = thread {
        x.leaf("thread", thread);
    }
    x.prepared()
}

/// XEP-0333, Displayed Markers, version 1.0.0: someone read up to the event of this id. `reader` says who
/// where `from` has only a nick, which two people of one name may both have had.
pub fn displayed(from: &str, kind: MessageKind, id: &str, reader: Option<&Contact<'_>>) -> Prepared {
    let mut x = Xml::new();
    x.open("message", ns::CLIENT).attr("type", kind.word()).attr("from", from).hole("to");
    x.open("displayed", ns::MARKERS).attr("id", id).close();
    if let Some(reader) = reader {
        x.open("author", ns::ROOM).attr("address", reader.address).attr("name", reader.name);
        x.attr("kind", "account").close();
    }
    x.prepared()
}

/// Something changed that the HTTP API tells more about (docs/protocol.md); `what` is `rooms`.
pub fn changed(domain: &str, what: &str, room: Option<&str>) -> Prepared {
    let mut x = Xml::new();
    x.open("message", ns::CLIENT).attr("type", "headline").attr("from", domain).hole("to");
    x.open("changed", ns::ROOM).attr("what", what).attr_if("room", room);
    x.prepared()
}
