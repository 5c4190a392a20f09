//! XEP-0313: Message Archive Management, version 1.1.3, paged by XEP-0059: Result Set Management,
//! version 1.0; forwarded as XEP-0297 version 1.0 with the time of XEP-0203 version 2.0.

use crate::element::Element;
use crate::error::{Condition, StanzaError};
use crate::ns;
use crate::stanza::{MOST_ID, bad_request};
use crate::time;
use crate::xml::Xml;
use crate::{Jid, Place, RoomLook, room};
use beffroi_domain::{Event, Micros, RoomId};

/// Ids in one query by ids.
pub const MOST_IDS: usize = 100;

/// The id of an event in an archive (XEP-0359 `stanza-id`): its number in its room; in the archive of a
/// person, which holds many conversations, after the id of the conversation: `0000000000003-42`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveId {
    /// The conversation, in the archive of a person.
    pub room: Option<RoomId>,
    /// The event's number there.
    pub seq: i64,
}

impl ArchiveId {
    /// What this event is called where it is read.
    pub fn of(event: &Event, place: &Place<'_>) -> Self {
        let room = match place {
            Place::Room(_) => None,
            Place::Direct { .. } => Some(event.room),
        };
        Self { room, seq: event.seq }
    }
}

impl std::fmt::Display for ArchiveId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.room {
            Some(room) => write!(f, "{room}-{}", self.seq),
            None => write!(f, "{}", self.seq),
        }
    }
}

impl std::str::FromStr for ArchiveId {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (room, seq) = match text.split_once('-') {
            Some((room, seq)) => (Some(room.parse().map_err(|_| ())?), seq),
            None => (None, text),
        };
        let digits = !seq.is_empty() && seq.bytes().all(|b| b.is_ascii_digit());
        let seq = if digits { seq.parse().map_err(|_| ())? } else { return Err(()) };
        Ok(Self { room, seq })
    }
}

/// Which events of an archive are wanted, in which order, how many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArchiveQuery {
    /// To be repeated in each result.
    pub queryid: Option<String>,
    /// In the archive of a person: the conversation with whom.
    pub with: Option<Jid>,
    /// Not before.
    pub start: Option<Micros>,
    /// Not after.
    pub end: Option<Micros>,
    /// Only these.
    pub ids: Option<Vec<ArchiveId>>,
    /// What comes before each of these: RSM `<before>n</before>`, the field `before-id`.
    pub before: Vec<ArchiveId>,
    /// What comes after each of these: RSM `<after/>`, the field `after-id`.
    pub after: Vec<ArchiveId>,
    /// The *last* page of what matches is wanted: RSM `<before/>`, with or without a number.
    pub backwards: bool,
    /// Most events wanted; 0 asks only for the count.
    pub max: Option<u32>,
    /// §4.3.4: results latest first.
    pub flip: bool,
}

impl ArchiveQuery {
    /// Reads `<query xmlns='urn:xmpp:mam:2'/>`.
    pub(crate) fn decode(query: &Element) -> Result<Self, StanzaError> {
        // It is repeated in every result.
        if query.attr("queryid").is_some_and(|id| id.len() > MOST_ID) {
            return Err(bad_request(format!("a queryid has at most {MOST_ID} bytes")));
        }
        let mut read = Self {
            queryid: query.attr("queryid").map(str::to_owned),
            flip: query.find("flip-page", ns::MAM).is_some(),
            ..Self::default()
        };
        if let Some(form) = query.find("x", ns::DATA) {
            read.fields(form)?;
        }
        if let Some(set) = query.find("set", ns::RSM) {
            read.page(set)?;
        }
        Ok(read)
    }

    fn fields(&mut self, form: &Element) -> Result<(), StanzaError> {
        for field in form.elements().filter(|e| e.is("field", ns::DATA)) {
            let values: Vec<_> =
                field.elements().filter(|e| e.is("value", ns::DATA)).map(Element::content).collect();
            let first = values.first().map(|value| value.trim()).unwrap_or_default();
            match field.attr("var").unwrap_or_default() {
                "FORM_TYPE" if first == ns::MAM => {}
                "FORM_TYPE" => {
                    return Err(bad_request("the FORM_TYPE of an archive query is urn:xmpp:mam:2"));
                }
                "with" => {
                    let with = first
                        .parse()
                        .map_err(|bad| StanzaError::new(Condition::JidMalformed, format!("`with`: {bad}")))?;
                    self.with = Some(with);
                }
                "start" => self.start = Some(instant("start", first)?),
                "end" => self.end = Some(instant("end", first)?),
                "before-id" => self.before = vec![archive_id(first)?],
                "after-id" => self.after = vec![archive_id(first)?],
                "ids" if values.len() > MOST_IDS => {
                    return Err(bad_request(format!("a query names at most {MOST_IDS} ids")));
                }
                "ids" => {
                    self.ids = Some(values.iter().map(|id| archive_id(id.trim())).collect::<Result<_, _>>()?)
                }
                // §4.1.5: a field that is not known makes the answer wrong, so it is refused.
                other => {
                    let text = format!("the archive cannot be asked for `{other}`");
                    return Err(StanzaError::new(Condition::FeatureNotImplemented, text));
                }
            }
        }
        Ok(())
    }

    fn page(&mut self, set: &Element) -> Result<(), StanzaError> {
        if let Some(max) = set.find("max", ns::RSM) {
            self.max = Some(max.content().trim().parse().map_err(|_| bad_request("<max/> is a number"))?);
        }
        if let Some(after) = set.find("after", ns::RSM) {
            self.after.push(archive_id(after.content().trim())?);
        }
        if let Some(before) = set.find("before", ns::RSM) {
            self.backwards = true;
            let before = before.content();
            if !before.trim().is_empty() {
                self.before.push(archive_id(before.trim())?);
            }
        }
        if set.find("index", ns::RSM).is_some() {
            return Err(StanzaError::new(
                Condition::FeatureNotImplemented,
                "pages are named by id, not by index",
            ));
        }
        Ok(())
    }
}

fn instant(name: &str, text: &str) -> Result<Micros, StanzaError> {
    time::read(text).ok_or_else(|| bad_request(format!("`{name}` is a time as 2026-11-23T09:00:00Z")))
}

/// An id that no event has is not-found (XEP-0059 §2.3), not a mistake of form.
fn archive_id(text: &str) -> Result<ArchiveId, StanzaError> {
    text.parse().map_err(|()| StanzaError::new(Condition::ItemNotFound, "no event has this id"))
}

/// One event of the archive of `archive` (a room's address, or the account's own), for `to`.
pub fn result(event: &Event, look: &RoomLook<'_>, queryid: Option<&str>, archive: &str, to: &str) -> String {
    let event_id = ArchiveId::of(event, &look.place).to_string();
    let mut x = Xml::new();
    x.open("message", ns::CLIENT).attr("from", archive).attr("to", to);
    x.open("result", ns::MAM).attr_if("queryid", queryid).attr("id", event_id);
    x.open("forwarded", ns::FORWARD);
    x.open("delay", ns::DELAY).attr("stamp", time::write(event.at)).close();
    room::write(&mut x, event, look, None, room::To::Bare, room::When::Archived);
    x.finish()
}

/// What ends a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The first event sent, and the last; nothing when the page is empty.
    pub bounds: Option<(ArchiveId, ArchiveId)>,
    /// Events that match in all, when it is known.
    pub count: Option<u64>,
    /// No further page in this direction.
    pub complete: bool,
}

/// The `result` of the iq that asked.
pub fn fin(id: &str, from: &str, to: &str, page: &Page) -> String {
    let mut x = crate::iq::reply(id, from, to);
    x.open("fin", ns::MAM);
    if page.complete {
        x.attr("complete", "true");
    }
    x.open("set", ns::RSM);
    if let Some((first, last)) = page.bounds {
        x.leaf("first", first.to_string()).leaf("last", last.to_string());
    }
    if let Some(count) = page.count {
        x.leaf("count", count.to_string());
    }
    x.finish()
}

/// §4.1.5: the fields that a query can have.
pub fn form(id: &str, from: &str, to: &str) -> String {
    let mut x = crate::iq::reply(id, from, to);
    x.open("query", ns::MAM).open("x", ns::DATA).attr("type", "form");
    x.child("field").attr("type", "hidden").attr("var", "FORM_TYPE").leaf("value", ns::MAM).close();
    for (name, kind) in [
        ("with", "jid-single"),
        ("start", "text-single"),
        ("end", "text-single"),
        ("before-id", "text-single"),
        ("after-id", "text-single"),
        ("ids", "list-multi"),
    ] {
        x.child("field").attr("type", kind).attr("var", name).close();
    }
    x.finish()
}

/// The id and the time of an event.
pub type Mark = (ArchiveId, Micros);

/// §5: the first and the last event of an archive; nothing when it is empty.
pub fn metadata(id: &str, from: &str, to: &str, ends: Option<(Mark, Mark)>) -> String {
    let mut x = crate::iq::reply(id, from, to);
    x.open("metadata", ns::MAM);
    if let Some((first, last)) = ends {
        for (name, (event, at)) in [("start", first), ("end", last)] {
            x.child(name).attr("id", event.to_string()).attr("timestamp", time::write(at)).close();
        }
    }
    x.finish()
}
