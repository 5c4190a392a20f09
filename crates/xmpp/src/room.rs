//! Events of a room as messages: docs/protocol.md, « Events of a room »; XEP-0359: Unique and Stable
//! Stanza IDs, version 0.7.0; XEP-0258: Security Labels in XMPP, version 1.1.1.

use crate::ns;
use crate::time;
use crate::xml::{Prepared, Xml};
use beffroi_domain::{Author, Content, Event, FileShared, Label};
use std::borrow::Cow;

/// How the events of a room look to its readers.
#[derive(Clone, Copy, Debug)]
pub struct RoomLook<'a> {
    /// A room, or a conversation of two as one of them sees it.
    pub place: Place<'a>,
    /// The room's label.
    pub label: &'a Label,
    /// The domain of the tenant; guests live under `guests.`.
    pub domain: &'a str,
}

/// Where events are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// In the room of this bare address: `groupchat`.
    Room(&'a str),
    /// Between two: `chat`.
    Direct {
        /// Whoever receives it (or whose archive it is), bare.
        reader: &'a str,
        /// The other one, bare.
        other: &'a str,
    },
}

/// An event for many receivers. `nick` is the author's in the room at the moment when it differs from
/// their name (`NAME (2)`).
pub fn event(event: &Event, look: &RoomLook<'_>, nick: Option<&str>) -> Prepared {
    let mut x = Xml::new();
    write(&mut x, event, look, nick, To::Hole, When::Now);
    x.prepared()
}

/// An event of before, sent to someone who comes into a room now (XEP-0045 §7.2.13), with its time
/// (XEP-0203, Delayed Delivery, version 2.0).
pub fn past_event(event: &Event, look: &RoomLook<'_>) -> Prepared {
    let mut x = Xml::new();
    write(&mut x, event, look, None, To::Hole, When::Delayed);
    x.prepared()
}

/// The same between its two bare addresses, as it is wrapped into a carbon.
pub fn event_as_kept(event: &Event, look: &RoomLook<'_>) -> String {
    let mut x = Xml::new();
    write(&mut x, event, look, None, To::Bare, When::Now);
    x.finish()
}

/// Whom a message says it is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    /// Filled per receiver.
    Hole,
    /// In a room nobody, between two the other's bare address.
    Bare,
}

/// When a message is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// As it happens.
    Now,
    /// On coming into the room.
    Delayed,
    /// Out of the archive, whose wrapper has the time.
    Archived,
}

pub(crate) fn write<'n>(
    x: &mut Xml<'n>,
    event: &'n Event,
    look: &RoomLook<'n>,
    nick: Option<&str>,
    to: To,
    when: When,
) {
    let speech = match &event.content {
        Content::Speech(speech) => Some(speech),
        _ => None,
    };
    x.open("message", ns::CLIENT);
    let archive = match look.place {
        Place::Room(room) => {
            x.attr("type", "groupchat");
            match speech {
                Some(_) => x.attr("from", format!("{room}/{}", nick.unwrap_or(event.author.name()))),
                None => x.attr("from", room),
            };
            if to == To::Hole {
                x.hole("to");
            }
            room
        }
        Place::Direct { reader, other } => {
            let author = address(&event.author, look.domain);
            let (from, for_whom) =
                if author.as_deref() == Some(reader) { (reader, other) } else { (other, reader) };
            x.attr("type", "chat").attr("from", from);
            match to {
                To::Hole => x.hole("to"),
                To::Bare => x.attr("to", for_whom),
            };
            reader
        }
    };
    match speech {
        Some(speech) => {
            x.attr_if("id", (!speech.origin.is_empty()).then_some(&speech.origin)).raw(&speech.payload);
            if let Some(meeting) = speech.meeting {
                x.leaf("thread", meeting.to_string());
            }
            author(x, &event.author, look.domain);
            if when == When::Archived
                && let (Place::Room(_), Some(jid)) = (look.place, address(&event.author, look.domain))
            {
                // XEP-0313 §6.1.2: the archive of a room that is not anonymous says who it was.
                // What they are today is not what they were, so the least is said.
                let affiliation = if matches!(event.author, Author::Guest(..)) { "none" } else { "member" };
                x.open("x", ns::MUC_USER).child("item").attr("affiliation", affiliation);
                x.attr("role", "participant").attr("jid", jid).close().close();
            }
        }
        None => {
            x.leaf("body", body(event, look.label));
            happening(x, event, look.domain);
        }
    }
    if when == When::Delayed {
        x.open("delay", ns::DELAY).attr("from", archive).attr("stamp", time::write(event.at)).close();
    }
    x.open("stanza-id", ns::SID).attr("by", archive).attr("id", event.seq.to_string()).close();
    x.open("securitylabel", ns::LABEL).leaf("displaymarking", &look.label.name).child("label");
    x.open("label", ns::ROOM).attr("slug", &look.label.slug).close().close().close();
    x.close();
}

fn author(x: &mut Xml<'_>, author: &Author, domain: &str) {
    let kind = match author {
        Author::Account(..) => "account",
        Author::Guest(..) => "guest",
        Author::Server => return,
    };
    x.open("author", ns::ROOM).attr_if("address", address(author, domain)).attr("name", author.name());
    x.attr("kind", kind).close();
}

fn address<'e>(author: &'e Author, domain: &str) -> Option<Cow<'e, str>> {
    match author {
        Author::Account(_, address, _) => Some(Cow::Borrowed(address.as_str())),
        Author::Guest(id, _) => Some(Cow::Owned(format!("{id}@guests.{domain}"))),
        Author::Server => None,
    }
}

fn happening(x: &mut Xml<'_>, event: &Event, domain: &str) {
    let by_address = address(&event.author, domain);
    let by = |x: &mut Xml<'_>| {
        if let Some(address) = &by_address {
            x.attr("by", address).attr("by-name", event.author.name());
        }
    };
    match &event.content {
        Content::Speech(_) => return,
        Content::File(file) => {
            x.open("file", ns::ROOM).attr("id", file.file.to_string()).attr("name", &file.name);
            x.attr("size", file.size.to_string()).attr("media-type", &file.media_type);
            x.attr("sha256", hex(&file.sha256)).attr_if("author", by_address.as_deref());
            x.attr("author-name", event.author.name());
        }
        Content::MeetingStarted(meeting) => {
            x.open("meeting-started", ns::ROOM).attr("meeting", meeting.to_string());
            by(x);
        }
        Content::CallMissed(meeting) => {
            x.open("call-missed", ns::ROOM).attr("meeting", meeting.to_string());
            by(x);
        }
        Content::CallDeclined(meeting) => {
            x.open("call-declined", ns::ROOM).attr("meeting", meeting.to_string());
            by(x);
        }
        Content::MeetingEnded(meeting, minutes) => {
            x.open("meeting-ended", ns::ROOM)
                .attr("meeting", meeting.to_string())
                .number("minutes", *minutes);
        }
        Content::LabelChanged { from, to } => {
            x.open("label-changed", ns::ROOM).attr("from", from).attr("to", to);
            by(x);
        }
        Content::MemberAdded(who, name) => {
            x.open("member-added", ns::ROOM).attr("who", who.as_str()).attr("who-name", name.as_str());
            by(x);
        }
        Content::MemberRemoved(who, name) => {
            x.open("member-removed", ns::ROOM).attr("who", who.as_str()).attr("who-name", name.as_str());
            by(x);
        }
        Content::Renamed { from, to } => {
            x.open("renamed", ns::ROOM).attr("from", from).attr("to", to);
            by(x);
        }
    }
    x.close();
}

/// What clients show that do not know the element. The language is the product's first.
fn body(event: &Event, label: &Label) -> String {
    let by = match &event.author {
        Author::Server => "Le serveur",
        author => author.name(),
    };
    let itself =
        |who: &beffroi_domain::Address| matches!(&event.author, Author::Account(_, by, _) if by == who);
    match &event.content {
        Content::Speech(_) => String::new(),
        Content::File(FileShared { name, size, .. }) => {
            format!("{by} a déposé « {name} » ({})", weight(*size))
        }
        Content::MeetingStarted(_) => format!("{by} a lancé une réunion"),
        Content::CallMissed(_) => format!("Appel manqué de {by}"),
        Content::CallDeclined(_) => format!("Appel de {by} refusé"),
        Content::MeetingEnded(_, minutes) => format!("La réunion est terminée ({minutes} min)"),
        Content::LabelChanged { from, to } => {
            let to = if *to == label.slug { &label.name } else { to };
            format!("{by} a changé la classification du salon : « {from} » devient « {to} »")
        }
        Content::MemberAdded(who, name) if itself(who) => format!("{name} a rejoint le salon"),
        Content::MemberAdded(_, name) => format!("{by} a ajouté {name}"),
        Content::MemberRemoved(who, name) if itself(who) => format!("{name} a quitté le salon"),
        Content::MemberRemoved(_, name) => format!("{by} a retiré {name}"),
        Content::Renamed { from, to } => format!("{by} a renommé le salon « {from} » en « {to} »"),
    }
}

/// Bytes for a person: `512 o`, `209,7 Mo` (decimal, as a disk is sold).
fn weight(bytes: u64) -> String {
    let units = ["o", "ko", "Mo", "Go", "To"];
    let (mut tenths, mut unit) = (bytes.saturating_mul(10), 0);
    while tenths >= 10_000 && unit + 1 < units.len() {
        tenths /= 1000;
        unit += 1;
    }
    if unit == 0 || tenths % 10 == 0 {
        format!("{} {}", tenths / 10, units[unit])
    } else {
        format!("{},{} {}", tenths / 10, tenths % 10, units[unit])
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).expect("four bits are a hexadecimal digit");
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}
