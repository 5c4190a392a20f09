//! Stanzas, decoded by what they mean. RFC 6120 §8, RFC 6121.

use crate::element::{Element, MOST_BYTES};
use crate::error::{Condition, StanzaError};
use crate::jid::Jid;
use crate::mam::ArchiveQuery;
use crate::meeting::MeetingRequest;
use crate::ns;
use crate::xml::Xml;

/// Bytes in the id of a message, and in the id of an iq.
pub const MOST_ID: usize = 128;

/// Something a client wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stanza {
    /// Something said, or told about a conversation.
    Message(Message),
    /// Being there.
    Presence(Presence),
    /// A question that wants an answer.
    Iq(Iq),
    /// The answer to a question of ours.
    IqReply {
        /// The id of the question.
        id: String,
        /// `result`, as opposed to `error`.
        ok: bool,
    },
}

/// RFC 6121 §5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// To whom; nobody means the sender's own account (RFC 6120 §8.1.1.1).
    pub to: Option<Jid>,
    /// Its type.
    pub kind: MessageKind,
    /// The sender's id, at most [`MOST_ID`] bytes.
    pub id: Option<String>,
    /// What it does.
    pub act: MessageAct,
}

/// RFC 6121 §5.2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// Between two.
    Chat,
    /// In a room.
    Groupchat,
    /// Not to be kept.
    Headline,
    /// Outside a conversation; a message without type.
    Normal,
    /// About a message of ours; never answered.
    Error,
}

impl MessageKind {
    /// The value of `type`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Groupchat => "groupchat",
            Self::Headline => "headline",
            Self::Normal => "normal",
            Self::Error => "error",
        }
    }
}

/// What a message does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageAct {
    /// Says something that belongs into the timeline.
    Speech {
        /// The content of the stanza, serialised for a place inside `jabber:client`, without the thread
        /// ([`with_thread`] puts one back) and without what only the server may say (see [`ours`]);
        /// `<origin-id/>` is kept.
        payload: String,
        /// The text of the first `<body/>`.
        body: Option<String>,
        /// `<thread/>`: the meeting's conversation when it is the meeting's id.
        thread: Option<String>,
        /// The sender's id of the message: the stanza's `id`, else `<origin-id/>` (XEP-0359 §2.2).
        origin: Option<String>,
    },
    /// XEP-0085 version 2.1.
    ChatState(ChatState),
    /// XEP-0333 version 1.0.0: read up to here.
    Displayed {
        /// The `stanza-id`: the event's number.
        id: String,
    },
    /// XEP-0045 §8.1: another subject for a room.
    Subject(String),
    /// Nothing that is handled here; forwarded by nobody.
    Other,
}

/// XEP-0085.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatState {
    /// Looks at the conversation.
    Active,
    /// Types.
    Composing,
    /// Stopped typing.
    Paused,
    /// Looks elsewhere.
    Inactive,
    /// Left it.
    Gone,
}

impl ChatState {
    /// The name of its element.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Composing => "composing",
            Self::Paused => "paused",
            Self::Inactive => "inactive",
            Self::Gone => "gone",
        }
    }

    fn of(element: &Element) -> Option<Self> {
        if element.ns != ns::CHAT_STATES {
            return None;
        }
        [Self::Active, Self::Composing, Self::Paused, Self::Inactive, Self::Gone]
            .into_iter()
            .find(|state| state.word() == element.name)
    }
}

/// RFC 6121 §3 and §4, XEP-0045 §7.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// To whom; nobody means everyone who follows.
    pub to: Option<Jid>,
    /// Its id, if it has one.
    pub id: Option<String>,
    /// What it says.
    pub kind: PresenceKind,
}

/// What a presence says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PresenceKind {
    /// Here.
    Available(Availability),
    /// Gone.
    Unavailable,
    /// XEP-0045 §7.2: into the room of `to`.
    JoinRoom {
        /// The nick that is asked for.
        nick: String,
        /// How much history is wanted.
        history: History,
    },
    /// XEP-0045 §7.14: out of the room of `to`.
    LeaveRoom,
    /// RFC 6121 §3.
    Subscription(Subscription),
    /// RFC 6121 §4.3.
    Probe,
    /// Bounced; never answered.
    Error,
}

/// How someone is here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Availability {
    /// RFC 6121 §4.7.2.1.
    pub show: Show,
    /// Their own words, at most 1,024 characters (the rest is cut).
    pub status: Option<String>,
}

/// RFC 6121 §4.7.2.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Show {
    /// Nothing said: simply here.
    #[default]
    Available,
    /// `away`.
    Away,
    /// `chat`.
    Chat,
    /// `dnd`.
    DoNotDisturb,
    /// `xa`.
    ExtendedAway,
}

impl Show {
    /// The text of `<show/>`; nothing when simply here.
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::Available => None,
            Self::Away => Some("away"),
            Self::Chat => Some("chat"),
            Self::DoNotDisturb => Some("dnd"),
            Self::ExtendedAway => Some("xa"),
        }
    }
}

/// XEP-0045 §7.2.14.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Most messages wanted.
    pub max_stanzas: Option<u32>,
    /// From the last so many seconds.
    pub seconds: Option<u32>,
    /// From this time on, microseconds since the epoch.
    pub since: Option<i64>,
}

/// RFC 6121 §3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subscription {
    /// Wants to follow.
    Subscribe,
    /// Lets follow.
    Subscribed,
    /// Follows no more.
    Unsubscribe,
    /// Lets follow no more.
    Unsubscribed,
}

/// RFC 6120 §8.2.3, a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Iq {
    /// To be repeated in the answer.
    pub id: String,
    /// To whom; nobody means the sender's own account.
    pub to: Option<Jid>,
    /// What is asked.
    pub request: IqRequest,
}

/// Which copies of messages a stream wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copies {
    /// None.
    Off,
    /// Of what one's other devices said.
    Others,
    /// Of what this stream itself said to somebody, too: docs/protocol.md, how it learns the event's number.
    Echo,
}

/// What an iq asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IqRequest {
    /// RFC 6121 §2.2.
    RosterGet,
    /// XEP-0030 §3.
    DiscoInfo {
        /// Which part.
        node: Option<String>,
    },
    /// XEP-0030 §4.
    DiscoItems {
        /// Which part.
        node: Option<String>,
    },
    /// XEP-0199.
    Ping,
    /// XEP-0313 §4: events of an archive.
    Archive(ArchiveQuery),
    /// XEP-0313 §4.1.5: which fields a query can have.
    ArchiveForm,
    /// XEP-0313 §5: the first and the last event of an archive.
    ArchiveMetadata,
    /// XEP-0280 §4 and §5: copies of one's other devices' messages, on or off.
    Carbons(Copies),
    /// docs/protocol.md, meetings.
    Meeting(MeetingRequest),
    /// XEP-0045 §9 and §10: done over HTTP here.
    MucOwnerOrAdmin,
    /// XEP-0054, asked.
    Vcard,
    /// RFC 3921 §3: nothing to do, answered with an empty result.
    Session,
    /// What nobody here understands.
    Unknown {
        /// `get`, as opposed to `set`.
        get: bool,
        /// The namespace of what was asked.
        ns: String,
    },
}

/// What comes out of a frame that is no stanza anyone can act upon: the answer to send, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// `iq`, `message` or `presence`.
    pub stanza: &'static str,
    /// The stanza's id; empty for an iq without one, whose answer must have one all the same.
    pub id: Option<String>,
    /// Whom it was for, when that is an address.
    pub to: Option<String>,
    /// Why; nothing when it must not be answered (an error about an error, RFC 6120 §8.3.1).
    pub error: Option<StanzaError>,
}

/// Decodes a `message`, `presence` or `iq` of `jabber:client`. `rooms` is the domain of rooms
/// (`rooms.demo.localhost`): presence to it is about rooms.
///
/// # Errors
/// [`Unfit`] with the stanza error to answer.
pub fn decode(element: &Element, rooms: &str) -> Result<Stanza, Unfit> {
    let stanza = match element.name.as_str() {
        "message" => "message",
        "presence" => "presence",
        _ => "iq",
    };
    let is_answer = matches!((stanza, element.attr("type")), (_, Some("error")) | ("iq", Some("result")));
    let id = element.attr("id").filter(|id| id.len() <= MOST_ID);
    let unfit = |error: StanzaError| Unfit {
        stanza,
        id: id.or((stanza == "iq").then_some("")).map(str::to_owned),
        to: element.attr("to").filter(|to| to.parse::<Jid>().is_ok()).map(str::to_owned),
        error: (!is_answer).then_some(error),
    };
    let to = element.attr("to").map(str::parse::<Jid>).transpose();
    let to = to.map_err(|bad| unfit(StanzaError::new(Condition::JidMalformed, bad.to_string())))?;
    if element.attr("id").is_some_and(|id| id.len() > MOST_ID) {
        return Err(unfit(bad_request(format!("an id has at most {MOST_ID} bytes"))));
    }
    let id = id.map(str::to_owned);
    match stanza {
        "message" => message(element, to, id).map(Stanza::Message),
        "presence" => presence(element, to, id, rooms).map(Stanza::Presence),
        _ => iq(element, to, id),
    }
    .map_err(unfit)
}

pub(crate) fn bad_request(text: impl Into<String>) -> StanzaError {
    StanzaError::new(Condition::BadRequest, text)
}

fn message(element: &Element, to: Option<Jid>, id: Option<String>) -> Result<Message, StanzaError> {
    let kind = match element.attr("type") {
        Some("chat") => MessageKind::Chat,
        Some("groupchat") => MessageKind::Groupchat,
        Some("headline") => MessageKind::Headline,
        Some("error") => MessageKind::Error,
        // RFC 6121 §5.2.2: an unknown type is `normal`.
        _ => MessageKind::Normal,
    };
    let act = if kind == MessageKind::Error { MessageAct::Other } else { act(element, id.as_deref())? };
    Ok(Message { to, kind, id, act })
}

fn act(element: &Element, id: Option<&str>) -> Result<MessageAct, StanzaError> {
    let body = element.find("body", ns::CLIENT).map(|body| body.content().into_owned());
    // XEP-0334 §4.4: `<store/>` asks to keep a message that has no body (an encrypted one).
    if body.is_some() || element.find("store", ns::HINTS).is_some() {
        let given = element.find("origin-id", ns::SID).and_then(|origin| origin.attr("id"));
        if given.is_some_and(|id| id.len() > MOST_ID) {
            return Err(bad_request(format!("an origin-id has at most {MOST_ID} bytes")));
        }
        let origin = id.or(given).filter(|id| !id.is_empty()).map(str::to_owned);
        let payload = payload(element);
        // What is written again can be longer than what came: references stand for single characters.
        if payload.len() > MOST_BYTES {
            let text =
                format!("a message of {} bytes is more than the {MOST_BYTES} that are kept", payload.len());
            return Err(StanzaError::new(Condition::NotAcceptable, text));
        }
        let thread = element.find("thread", ns::CLIENT).map(|thread| thread.content().into_owned());
        return Ok(MessageAct::Speech { payload, body, thread, origin });
    }
    if let Some(displayed) = element.find("displayed", ns::MARKERS) {
        let id = displayed.attr("id").ok_or_else(|| bad_request("<displayed/> names the id of a message"))?;
        return Ok(MessageAct::Displayed { id: id.to_owned() });
    }
    if let Some(subject) = element.find("subject", ns::CLIENT) {
        return Ok(MessageAct::Subject(subject.content().into_owned()));
    }
    Ok(element.elements().find_map(ChatState::of).map_or(MessageAct::Other, MessageAct::ChatState))
}

/// Whether only the server may say this: who speaks, when, under which number and label, and every
/// wrapper that a receiver would believe to come from an archive or another device.
pub fn ours(element: &Element) -> bool {
    matches!(
        &*element.ns,
        ns::ROOM
            | ns::MEETING
            | ns::DELAY
            | ns::OLD_DELAY
            | ns::ADDRESSES
            | ns::LABEL
            | ns::MUC
            | ns::MUC_USER
            | ns::OCCUPANT_ID
            | ns::MAM
            | ns::CARBONS
            | ns::FORWARD
            | ns::STANZA_ERRORS
    ) || element.is("stanza-id", ns::SID)
        || element.is("error", ns::CLIENT)
}

fn payload(element: &Element) -> String {
    let mut x = Xml::within(ns::CLIENT);
    for child in element.elements().filter(|e| !ours(e) && !e.is("thread", ns::CLIENT)) {
        child.write(&mut x);
    }
    x.finish()
}

/// A payload with a thread that is not a meeting's put back.
pub fn with_thread(payload: &str, thread: &str) -> String {
    let mut x = Xml::within(ns::CLIENT);
    x.raw(payload).leaf("thread", thread);
    x.finish()
}

fn presence(
    element: &Element,
    to: Option<Jid>,
    id: Option<String>,
    rooms: &str,
) -> Result<Presence, StanzaError> {
    let is_room = to.as_ref().is_some_and(|to| to.domain == rooms);
    let muc = element.find("x", ns::MUC);
    let kind = match element.attr("type") {
        None => match (&to, muc) {
            (Some(to), Some(muc)) if is_room => {
                // XEP-0045 §7.2.1: a nick is required.
                let nick = to.resource.clone().ok_or_else(|| {
                    StanzaError::new(Condition::JidMalformed, "a room is joined as ROOM@rooms.DOMAIN/NICK")
                })?;
                PresenceKind::JoinRoom { nick, history: history(muc) }
            }
            _ => PresenceKind::Available(availability(element)?),
        },
        Some("unavailable") if is_room => PresenceKind::LeaveRoom,
        Some("unavailable") => PresenceKind::Unavailable,
        Some("subscribe") => PresenceKind::Subscription(Subscription::Subscribe),
        Some("subscribed") => PresenceKind::Subscription(Subscription::Subscribed),
        Some("unsubscribe") => PresenceKind::Subscription(Subscription::Unsubscribe),
        Some("unsubscribed") => PresenceKind::Subscription(Subscription::Unsubscribed),
        Some("probe") => PresenceKind::Probe,
        Some("error") => PresenceKind::Error,
        Some(_) => return Err(bad_request("this type of presence does not exist (RFC 6121 §4.7.1)")),
    };
    Ok(Presence { to, id, kind })
}

fn availability(element: &Element) -> Result<Availability, StanzaError> {
    let show = match element.find("show", ns::CLIENT).map(|show| show.content()) {
        None => Show::Available,
        Some(word) => match word.trim() {
            "" => Show::Available,
            "away" => Show::Away,
            "chat" => Show::Chat,
            "dnd" => Show::DoNotDisturb,
            "xa" => Show::ExtendedAway,
            _ => return Err(bad_request("<show/> is away, chat, dnd or xa (RFC 6121 §4.7.2.1)")),
        },
    };
    let status =
        element.find("status", ns::CLIENT).map(|status| status.content().chars().take(1024).collect());
    Ok(Availability { show, status: status.filter(|s: &String| !s.is_empty()) })
}

fn history(muc: &Element) -> History {
    let Some(history) = muc.find("history", ns::MUC) else { return History::default() };
    let number = |name| history.attr(name).and_then(|value| value.parse().ok());
    // `maxchars='0'` is the older way of asking for nothing (XEP-0045 §7.2.14).
    let none = number("maxchars") == Some(0);
    History {
        max_stanzas: if none { Some(0) } else { number("maxstanzas") },
        seconds: number("seconds"),
        since: history.attr("since").and_then(crate::time::read),
    }
}

fn iq(element: &Element, to: Option<Jid>, id: Option<String>) -> Result<Stanza, StanzaError> {
    let id =
        id.filter(|id| !id.is_empty()).ok_or_else(|| bad_request("an iq has an id (RFC 6120 §8.2.3)"))?;
    let get = match element.attr("type") {
        Some("get") => true,
        Some("set") => false,
        Some("result") => return Ok(Stanza::IqReply { id, ok: true }),
        Some("error") => return Ok(Stanza::IqReply { id, ok: false }),
        _ => return Err(bad_request("an iq is get, set, result or error (RFC 6120 §8.2.3)")),
    };
    let mut children = element.elements();
    let (Some(payload), None) = (children.next(), children.next()) else {
        return Err(bad_request("an iq of type get or set holds exactly one element (RFC 6120 §8.2.3)"));
    };
    Ok(Stanza::Iq(Iq { id, to, request: request(payload, get)? }))
}

fn request(payload: &Element, get: bool) -> Result<IqRequest, StanzaError> {
    let node = || payload.attr("node").map(str::to_owned);
    Ok(match (&*payload.ns, payload.name.as_str(), get) {
        (ns::ROSTER, "query", true) => IqRequest::RosterGet,
        (ns::DISCO_INFO, "query", true) => IqRequest::DiscoInfo { node: node() },
        (ns::DISCO_ITEMS, "query", true) => IqRequest::DiscoItems { node: node() },
        (ns::PING, "ping", true) => IqRequest::Ping,
        (ns::MAM, "query", true) => IqRequest::ArchiveForm,
        (ns::MAM, "metadata", true) => IqRequest::ArchiveMetadata,
        (ns::MAM, "query", false) => IqRequest::Archive(ArchiveQuery::decode(payload)?),
        (ns::CARBONS, "enable", false) => IqRequest::Carbons(match payload.find("echo", ns::ROOM) {
            Some(_) => Copies::Echo,
            None => Copies::Others,
        }),
        (ns::CARBONS, "disable", false) => IqRequest::Carbons(Copies::Off),
        (ns::MEETING, _, _) => IqRequest::Meeting(MeetingRequest::decode(payload, get)?),
        (ns::MUC_ADMIN | ns::MUC_OWNER, "query", _) => IqRequest::MucOwnerOrAdmin,
        (ns::VCARD, "vCard", true) => IqRequest::Vcard,
        (ns::SESSION, "session", false) => IqRequest::Session,
        (ns, _, _) => IqRequest::Unknown { get, ns: ns.to_owned() },
    })
}
