//! XMPP, the server's side of a client's connection: frames in, meaning out; events in, frames out.
//!
//! No socket, clock or random source: stream ids, resources and times are arguments. [`Stream`] reads
//! what a client sends and says what to do; the functions of the other modules, one per standard, write
//! what the client is sent. Everything written goes through [`Xml`], so nothing can break out of its
//! place; everything read is bounded (see [`element`]).

pub mod carbons;
pub mod disco;
pub mod element;
mod error;
mod fuzz;
pub mod im;
pub mod iq;
mod jid;
pub mod mam;
pub mod meeting;
pub mod muc;
pub mod ns;
pub mod room;
pub mod stanza;
mod stream;
pub mod time;
mod xml;

pub use element::Element;
pub use error::{Condition, StanzaError, StreamError};
pub use fuzz::fuzz_frame;
pub use jid::{BadJid, Jid};
pub use mam::ArchiveQuery;
pub use meeting::MeetingRequest;
pub use room::{Place, RoomLook};
pub use stanza::{
    Availability, ChatState, Copies, History, Iq, IqRequest, Message, MessageAct, MessageKind, Presence,
    PresenceKind, Show, Stanza, Subscription,
};
pub use stream::{AuthFailure, Step, Stream};
pub use xml::{Prepared, Xml};
