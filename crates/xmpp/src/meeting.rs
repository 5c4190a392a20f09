//! Meetings, `urn:beffroi:meeting:0`: docs/protocol.md.

use crate::element::Element;
use crate::error::StanzaError;
use crate::ns;
use crate::stanza::bad_request;
use crate::time;
use crate::xml::Xml;
use beffroi_domain::meeting::{Meeting, ParticipantId, Sending};
use beffroi_domain::{MeetingId, MemberRank, Micros};

/// Bytes in an offer; a full one of 27 m-lines has about 20,000.
pub const MOST_SDP: usize = 128 * 1024;

/// What is asked of a meeting, in an iq to its room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MeetingRequest {
    /// Starts it, or finds it running.
    Ring,
    /// A guest waits at the door.
    Knock,
    /// Comes in with this offer.
    Join {
        /// The offer.
        sdp: String,
    },
    /// Says no to the call that rings for me, in a room of two.
    Decline,
    /// Goes.
    Leave,
    /// What I send now.
    Media(Sending),
    /// Raises or lowers my hand.
    Hand(bool),
    /// Lowers someone's hand.
    Lower(ParticipantId),
    /// Lets a guest in, `ID@guests.DOMAIN`.
    Admit(String),
    /// Sends a guest away.
    Refuse(String),
    /// Takes someone out.
    Remove(ParticipantId),
    /// Ends it for all.
    End,
    /// Asks for the state.
    State,
}

impl MeetingRequest {
    /// Reads the payload of an iq.
    pub(crate) fn decode(payload: &Element, get: bool) -> Result<Self, StanzaError> {
        let flag = |name: &str| match payload.attr(name) {
            Some("true" | "1") => Ok(true),
            Some("false" | "0") => Ok(false),
            _ => Err(bad_request(format!("<{}/> says {name}='true' or 'false'", payload.name))),
        };
        let participant = || {
            let number = payload.attr("participant").and_then(read_participant);
            number.ok_or_else(|| bad_request("a participant reads P1, P2, …"))
        };
        let guest = || {
            let guest = payload.attr("guest").filter(|guest| !guest.is_empty() && guest.len() <= 1023);
            guest.map(str::to_owned).ok_or_else(|| bad_request("a guest reads ID@guests.DOMAIN"))
        };
        Ok(match (payload.name.as_str(), get) {
            ("state", true) => Self::State,
            ("ring", false) => Self::Ring,
            ("knock", false) => Self::Knock,
            ("join", false) => {
                let sdp = payload.find("sdp", ns::MEETING).map(|sdp| sdp.content().into_owned());
                match sdp.filter(|sdp| !sdp.trim().is_empty()) {
                    None => return Err(bad_request("<join/> holds the offer in <sdp/>")),
                    Some(sdp) if sdp.len() > MOST_SDP => {
                        return Err(bad_request(format!("an offer has at most {MOST_SDP} bytes")));
                    }
                    Some(sdp) => Self::Join { sdp },
                }
            }
            ("decline", false) => Self::Decline,
            ("leave", false) => Self::Leave,
            ("media", false) => {
                Self::Media(Sending { audio: flag("audio")?, video: flag("video")?, screen: flag("screen")? })
            }
            ("hand", false) => Self::Hand(flag("raised")?),
            ("lower", false) => Self::Lower(participant()?),
            ("admit", false) => Self::Admit(guest()?),
            ("refuse", false) => Self::Refuse(guest()?),
            ("remove", false) => Self::Remove(participant()?),
            ("end", false) => Self::End,
            _ => return Err(bad_request("a meeting does not understand this")),
        })
    }
}

/// `P7`.
pub fn participant(id: ParticipantId) -> String {
    format!("P{}", id.0)
}

fn read_participant(text: &str) -> Option<ParticipantId> {
    let digits = text.strip_prefix('P')?;
    let plain = !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { digits.parse().ok().map(ParticipantId) } else { None }
}

/// One of the receiver's receive slots, and whose stream it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Whose stream.
    pub participant: ParticipantId,
    /// The `mid` of the m-line in the receiver's offer.
    pub mid: String,
    /// What it carries.
    pub kind: SlotKind,
}

/// What a stream carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotKind {
    /// Microphone.
    Audio,
    /// Camera.
    Video,
    /// Screen.
    Screen,
}

impl SlotKind {
    /// The value of `kind`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Screen => "screen",
        }
    }
}

/// Whose eyes a meeting is seen with.
#[derive(Clone, Copy, Debug, Default)]
pub struct View<'a> {
    /// The receiver's own number, when they are in.
    pub me: Option<ParticipantId>,
    /// They keep the door: owner or moderator.
    pub door: bool,
    /// They wait at the door: nothing of the inside is shown.
    pub outside: bool,
    /// Their slots.
    pub slots: &'a [Slot],
    /// Who is being called, in a room of two.
    pub called: Option<Called<'a>>,
}

/// Somebody for whom a call rings.
#[derive(Clone, Copy, Debug)]
pub struct Called<'a> {
    /// Their address.
    pub address: &'a str,
    /// Their name.
    pub name: &'a str,
    /// One of their windows rings; otherwise nobody is there to hear it.
    pub reached: bool,
    /// Until when it rings.
    pub until: Micros,
}

fn write_state(x: &mut Xml<'_>, meeting: &Meeting, view: &View<'_>) {
    x.open("meeting", ns::MEETING).attr("id", meeting.id.to_string());
    x.attr("version", meeting.version().to_string()).attr("started", time::write(meeting.started));
    x.attr_if("ends", meeting.ends.map(time::write)).attr_if("me", view.me.map(participant));
    x.flag("admitted", !view.outside);
    if !view.outside {
        write_inside(x, meeting, view);
    }
    x.close();
}

fn write_inside(x: &mut Xml<'_>, meeting: &Meeting, view: &View<'_>) {
    for p in meeting.participants() {
        x.child("participant")
            .attr("id", participant(p.id))
            .attr("address", &p.address)
            .attr("name", &p.name);
        x.attr("kind", if p.rank == MemberRank::Guest { "guest" } else { "account" });
        x.attr("role", p.rank.word());
        let Sending { audio, video, screen } = p.sending;
        x.flag("audio", audio).flag("video", video).flag("screen", screen);
        for slot in view.slots.iter().filter(|slot| slot.participant == p.id) {
            x.child("slot").attr("mid", &slot.mid).attr("kind", slot.kind.word()).close();
        }
        x.close();
    }
    if let Some(called) = &view.called {
        x.child("called").attr("address", called.address).attr("name", called.name);
        x.flag("reached", called.reached).attr("until", time::write(called.until)).close();
    }
    for hand in meeting.hands() {
        x.child("hand").attr("participant", participant(*hand)).close();
    }
    for waiting in meeting.waiting().iter().filter(|_| view.door) {
        x.child("waiting").attr("guest", &waiting.guest).attr("name", &waiting.name);
        x.attr("since", time::write(waiting.since)).close();
    }
}

fn headline<'n>(room: &str, to: &str) -> Xml<'n> {
    let mut x = Xml::new();
    x.open("message", ns::CLIENT).attr("type", "headline").attr("from", room).attr("to", to);
    x
}

/// The state as a message, sent after every change.
pub fn state(meeting: &Meeting, view: &View<'_>, room: &str, to: &str) -> String {
    let mut x = headline(room, to);
    write_state(&mut x, meeting, view);
    x.finish()
}

/// The state as the answer to `<state/>`; an empty result when there is no meeting.
pub fn state_result(id: &str, meeting: Option<(&Meeting, &View<'_>)>, room: &str, to: &str) -> String {
    let mut x = crate::iq::reply(id, room, to);
    if let Some((meeting, view)) = meeting {
        write_state(&mut x, meeting, view);
    }
    x.finish()
}

/// The answer to `<ring/>`.
pub fn rung(id: &str, meeting: MeetingId, room: &str, to: &str) -> String {
    let mut x = crate::iq::reply(id, room, to);
    x.open("meeting", ns::MEETING).attr("id", meeting.to_string());
    x.finish()
}

/// The answer to `<join/>`.
pub fn joined(id: &str, me: ParticipantId, sdp: &str, room: &str, to: &str) -> String {
    let mut x = crate::iq::reply(id, room, to);
    x.open("joined", ns::MEETING).attr("participant", participant(me)).leaf("sdp", sdp);
    x.finish()
}

/// Why a meeting is over for someone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// For everyone.
    Ended,
    /// They were taken out.
    Removed,
    /// They were not let in.
    Refused,
    /// They came in from another screen.
    Replaced,
    /// The other declined the call.
    Declined,
    /// The other did not take the call.
    Unanswered,
}

impl Over {
    /// The value of `reason`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Removed => "removed",
            Self::Refused => "refused",
            Self::Replaced => "replaced",
            Self::Declined => "declined",
            Self::Unanswered => "unanswered",
        }
    }
}

/// The last word about a meeting to someone.
pub fn over(id: MeetingId, why: Over, room: &str, to: &str) -> String {
    let mut x = headline(room, to);
    x.open("meeting", ns::MEETING).attr("id", id.to_string());
    x.attr("ended", "true").attr("reason", why.word());
    x.finish()
}

/// What has become of a call, for the windows of both that are not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallNews {
    /// It rings until then.
    Rings {
        /// When it gives up.
        until: Micros,
    },
    /// It was taken, on one of the windows.
    Taken,
    /// It rings no more: the timeline says why.
    Over,
}

/// A call between two, told to a window of one of them; `by` is who called (address and name).
pub fn call(id: MeetingId, news: CallNews, by: (&str, &str), other: &str, to: &str) -> String {
    let mut x = headline(other, to);
    x.open("call", ns::MEETING).attr("id", id.to_string());
    let (state, until) = match news {
        CallNews::Rings { until } => ("rings", Some(time::write(until))),
        CallNews::Taken => ("taken", None),
        CallNews::Over => ("over", None),
    };
    x.attr("state", state).attr("by", by.0).attr("by-name", by.1).attr_if("until", until);
    x.finish()
}

/// Who speaks, for many receivers.
pub fn speaking(id: MeetingId, who: &[ParticipantId], room: &str) -> crate::Prepared {
    let names: Vec<_> = who.iter().map(|id| participant(*id)).collect();
    let mut x = Xml::new();
    x.open("message", ns::CLIENT).attr("type", "headline").attr("from", room).hole("to");
    x.open("speaking", ns::MEETING).attr("id", id.to_string()).text(names.join(" "));
    x.prepared()
}
