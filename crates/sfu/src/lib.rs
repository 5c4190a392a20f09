//! Who hears and sees whom in a meeting: a selective forwarding unit without a socket.
//!
//! A [`Conference`] is one meeting. Datagrams and the time go in, datagrams and [`Event`]s come out;
//! nothing here opens a socket, reads a clock or starts a thread, so a test can hold a meeting of an
//! hour in a few milliseconds. WebRTC itself (ICE-lite, DTLS, SRTP, RTCP) is str0m's, in RTP mode:
//! media is forwarded packet by packet and never decoded.
//!
//! One peer connection per participant, negotiated once (`docs/protocol.md`, "Meetings, Media"): three
//! lines on which the participant sends (microphone, camera, screen) and a fixed stock of receive lines,
//! the *slots*, on which the conference puts the streams of the others.
//!
//! ```text
//! datagram ─▶ peer (decrypt) ─▶ may this source send now? ─▶ slot of every receiver ─▶ continuity ─▶ peer (encrypt)
//! ```

mod conference;
mod continuity;
mod downlink;
mod error;
mod offer;
mod peer;
mod slots;
mod speaking;
mod stun;

pub use conference::{Conference, Event, Joined, Transmit};
pub use error::JoinError;
pub use offer::{MAX_OFFER_BYTES, MAX_OFFER_LINES, answer_anything, read_anything};
pub use peer::Gone;
pub use slots::{Kind, Slot};
pub use stun::stun_username;

use std::fmt;

/// Most people whom one conference takes; the next one is refused with [`JoinError::Full`].
///
/// Twelve may be seen at once by everybody (see [`VIDEO_SLOTS`]); the others listen, and the loudest of
/// them are heard. The bound keeps a meeting within what one core forwards.
pub const MAX_PEERS: usize = 100;

/// Receive lines for sound in a client's offer: eleven others out of twelve.
pub const AUDIO_SLOTS: usize = 11;

/// Receive lines for pictures in a client's offer: eleven cameras and two screens.
pub const VIDEO_SLOTS: usize = 13;

/// A participant of one conference. The number is chosen by the caller and unique within the meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Participant(pub u32);

impl fmt::Display for Participant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "P{}", self.0)
    }
}

/// What a participant says they send now. Nothing is forwarded of what is `false`, whatever arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sending {
    /// The microphone is on.
    pub audio: bool,
    /// The camera is on.
    pub video: bool,
    /// A screen is shared.
    pub screen: bool,
}

impl Sending {
    /// Whether `kind` is on.
    pub fn has(self, kind: Kind) -> bool {
        match kind {
            Kind::Audio => self.audio,
            Kind::Video => self.video,
            Kind::Screen => self.screen,
        }
    }
}
