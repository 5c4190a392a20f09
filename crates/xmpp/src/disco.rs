//! XEP-0030: Service Discovery, version 2.5.0: what is here, and what it can do.

use crate::ns;
use crate::xml::Xml;

/// Something that can be asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing<'a> {
    /// The server itself, `DOMAIN`.
    Server,
    /// The home of rooms, `rooms.DOMAIN`.
    Rooms,
    /// A room.
    Room {
        /// Its name.
        name: &'a str,
        /// What it is for; may be empty.
        topic: &'a str,
        /// People who belong to it.
        members: u32,
    },
    /// One's own account, or a colleague's.
    Account,
}

const SERVER: &[&str] =
    &[ns::DISCO_INFO, ns::DISCO_ITEMS, ns::PING, ns::CARBONS, ns::LABEL, ns::MEETING, ns::ROOM];
const ROOMS: &[&str] = &[ns::DISCO_INFO, ns::DISCO_ITEMS, ns::MUC, ns::PING];
const ROOM: &[&str] = &[
    ns::DISCO_INFO,
    ns::MUC,
    "muc_hidden",
    "muc_membersonly",
    "muc_nonanonymous",
    "muc_persistent",
    "muc_unmoderated",
    "muc_unsecured",
    ns::MAM,
    ns::MAM_EXTENDED,
    ns::SID,
    ns::CHAT_STATES,
    ns::MARKERS,
    ns::LABEL,
    ns::PING,
    ns::ROOM,
    ns::MEETING,
];
const ACCOUNT: &[&str] = &[ns::DISCO_INFO, ns::MAM, ns::MAM_EXTENDED, ns::SID, ns::PING, ns::MEETING];

/// What it is and what it can do (§3).
pub fn info(id: &str, from: &str, to: &str, thing: Thing<'_>) -> String {
    let (category, kind, name, features) = match thing {
        Thing::Server => ("server", "im", "Beffroi", SERVER),
        Thing::Rooms => ("conference", "text", "Salons", ROOMS),
        Thing::Room { name, .. } => ("conference", "text", name, ROOM),
        Thing::Account => ("account", "registered", "", ACCOUNT),
    };
    let mut x = crate::iq::reply(id, from, to);
    x.open("query", ns::DISCO_INFO).child("identity").attr("category", category).attr("type", kind);
    x.attr_if("name", (!name.is_empty()).then_some(name)).close();
    for feature in features {
        x.child("feature").attr("var", feature).close();
    }
    if let Thing::Room { topic, members, .. } = thing {
        // XEP-0045 §6.4.
        x.open("x", ns::DATA).attr("type", "result");
        field(&mut x, "FORM_TYPE", "http://jabber.org/protocol/muc#roominfo");
        field(&mut x, "muc#roominfo_description", topic);
        field(&mut x, "muc#roominfo_occupants", &members.to_string());
    }
    x.finish()
}

fn field(x: &mut Xml<'_>, name: &str, value: &str) {
    x.child("field").attr("var", name);
    if name == "FORM_TYPE" {
        x.attr("type", "hidden");
    }
    x.leaf("value", value).close();
}

/// What is inside (§4): address and name; nothing for rooms (who is in is for members).
pub fn items(id: &str, from: &str, to: &str, items: &[(&str, &str)]) -> String {
    let mut x = crate::iq::reply(id, from, to);
    x.open("query", ns::DISCO_ITEMS);
    for (address, name) in items {
        x.child("item").attr("jid", address).attr("name", name).close();
    }
    x.finish()
}
