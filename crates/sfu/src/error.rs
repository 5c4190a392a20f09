//! Why somebody cannot join.

use str0m::RtcError;
use thiserror::Error;

/// Why an offer was refused. Nothing was changed in the conference.
#[derive(Debug, Error)]
pub enum JoinError {
    /// The offer is larger than a browser ever makes it.
    #[error("the offer weighs {bytes} bytes and {limit} are taken; offer the lines of docs/protocol.md only")]
    TooLarge {
        /// Size of the offer, in bytes.
        bytes: usize,
        /// [`crate::MAX_OFFER_BYTES`].
        limit: usize,
    },
    /// The text is not an SDP offer that can be answered.
    #[error("the offer cannot be read as SDP: {0}")]
    NotSdp(String),
    /// The offer is valid SDP and not the one of `docs/protocol.md`.
    #[error("the offer is not the one that the protocol asks for: {0}")]
    Shape(String),
    /// The conference is full.
    #[error("this meeting already has {limit} participants; try again when somebody has left")]
    Full {
        /// [`crate::MAX_PEERS`].
        limit: usize,
    },
    /// No candidate was given, or one that ICE cannot use.
    #[error("the server has no usable media address ({0}); check `--media`")]
    Candidate(String),
    /// WebRTC refused the offer for a reason of its own.
    #[error("the offer could not be answered; offer again with a new peer connection")]
    Refused(#[source] RtcError),
}

impl JoinError {
    /// The reason in one word, for logs: the text may quote what the client sent.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too-large",
            Self::NotSdp(_) => "not-sdp",
            Self::Shape(_) => "shape",
            Self::Full { .. } => "full",
            Self::Candidate(_) => "candidate",
            Self::Refused(_) => "refused",
        }
    }
}
