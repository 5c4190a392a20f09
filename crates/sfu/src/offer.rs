//! The offer of a client: bounded and pruned before anything parses it, then held against the shape
//! that `docs/protocol.md` fixes.

use std::net::SocketAddr;
use std::time::Instant;

use str0m::change::SdpOffer;
use str0m::media::{Direction, MediaKind};

use crate::peer::Peer;
use crate::{AUDIO_SLOTS, JoinError, VIDEO_SLOTS};

/// Largest offer taken, in bytes. Chromium's offer of 27 lines weighs about 25 kB.
pub const MAX_OFFER_BYTES: usize = 128 * 1024;

/// Most `m=` lines taken: three to send on, eleven and thirteen to receive on.
pub const MAX_OFFER_LINES: usize = 3 + AUDIO_SLOTS + VIDEO_SLOTS;

/// Most lines of text taken, so that a small offer cannot hold tens of thousands of attributes.
const MAX_TEXT_LINES: usize = 4096;

/// Reads an offer's text. The client's own candidates are left out: the server is ICE-lite, it answers
/// where the checks come from and never needs to know the addresses of somebody's machine.
pub(crate) fn read(text: &str) -> Result<SdpOffer, JoinError> {
    if text.len() > MAX_OFFER_BYTES {
        return Err(JoinError::TooLarge { bytes: text.len(), limit: MAX_OFFER_BYTES });
    }
    let mut pruned = String::with_capacity(text.len());
    let (mut lines, mut media) = (0, 0);
    for line in text.lines() {
        lines += 1;
        if line.starts_with("m=") {
            media += 1;
            if !line.starts_with("m=audio ") && !line.starts_with("m=video ") {
                return Err(shape("only audio and video lines are answered, no data channel"));
            }
        }
        if line.starts_with("a=simulcast:") || line.starts_with("a=rid:") {
            return Err(shape("each line carries one encoding, without simulcast"));
        }
        if line.starts_with("a=candidate:") || line.starts_with("a=end-of-candidates") {
            continue;
        }
        pruned.push_str(line);
        pruned.push_str("\r\n");
    }
    if lines > MAX_TEXT_LINES {
        return Err(shape(format!("{lines} lines of text, at most {MAX_TEXT_LINES} are read")));
    }
    if media > MAX_OFFER_LINES {
        return Err(shape(format!("{media} media lines, at most {MAX_OFFER_LINES} are taken")));
    }
    SdpOffer::from_sdp_string(&pruned).map_err(|cause| JoinError::NotSdp(cause.to_string()))
}

/// What one line of the offer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// The client sends on it.
    Source,
    /// The client receives on it.
    Slot,
    /// Switched off by the client.
    Nothing,
}

/// Counts the lines of an answered offer against the protocol's.
#[derive(Default)]
pub(crate) struct Shape {
    sources: [usize; 2],
    slots: [usize; 2],
}

impl Shape {
    /// Takes one more line; `direction` is ours, so a line on which the client sends is `RecvOnly`.
    pub(crate) fn line(&mut self, kind: MediaKind, direction: Direction) -> Result<Use, JoinError> {
        let (place, sources, slots) = match kind {
            MediaKind::Audio => (0, 1, AUDIO_SLOTS),
            MediaKind::Video => (1, 2, VIDEO_SLOTS),
        };
        let (count, limit, used) = match direction {
            Direction::RecvOnly => (&mut self.sources[place], sources, Use::Source),
            Direction::SendOnly => (&mut self.slots[place], slots, Use::Slot),
            Direction::Inactive => return Ok(Use::Nothing),
            Direction::SendRecv => {
                return Err(shape("a line either sends or receives, never both (`sendrecv`)"));
            }
        };
        *count += 1;
        if *count > limit {
            return Err(shape(format!("more than {limit} {kind:?} lines that {used:?}")));
        }
        Ok(used)
    }
}

pub(crate) fn shape(what: impl Into<String>) -> JoinError {
    JoinError::Shape(what.into())
}

/// Reads any bytes as an offer and forgets the result: a door for the fuzzer. Must never panic.
pub fn read_anything(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = read(text);
    }
}

/// Answers any bytes as an offer and forgets the result: a second door for the fuzzer, slower and
/// deeper. Must never panic.
pub fn answer_anything(bytes: &[u8], now: Instant) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Peer::answer(text, &[SocketAddr::from(([192, 0, 2, 1], 3478))], now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_much_is_refused_before_it_is_parsed() {
        let large = "a".repeat(MAX_OFFER_BYTES + 1);
        assert!(matches!(read(&large), Err(JoinError::TooLarge { .. })));
        let wide = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n".repeat(MAX_OFFER_LINES + 1);
        assert!(matches!(read(&wide), Err(JoinError::Shape(_))));
        let long = "a=x\r\n".repeat(MAX_TEXT_LINES + 1);
        assert!(matches!(read(&long), Err(JoinError::Shape(_))));
        let channel = "v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n";
        assert!(matches!(read(channel), Err(JoinError::Shape(_))));
        assert!(matches!(read("hello"), Err(JoinError::NotSdp(_))));
        assert!(matches!(read(""), Err(JoinError::NotSdp(_))));
    }

    #[test]
    fn lines_are_counted_against_the_protocol() {
        let mut shape = Shape::default();
        assert_eq!(shape.line(MediaKind::Audio, Direction::RecvOnly).unwrap(), Use::Source);
        assert!(shape.line(MediaKind::Audio, Direction::RecvOnly).is_err());
        for _ in 0..VIDEO_SLOTS {
            assert_eq!(shape.line(MediaKind::Video, Direction::SendOnly).unwrap(), Use::Slot);
        }
        assert!(shape.line(MediaKind::Video, Direction::SendOnly).is_err());
        assert!(shape.line(MediaKind::Video, Direction::SendRecv).is_err());
        assert_eq!(shape.line(MediaKind::Video, Direction::Inactive).unwrap(), Use::Nothing);
    }
}
