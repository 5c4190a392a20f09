//! What a use case answers when it does not do what was asked.

use beffroi_policy::Denied;
use beffroi_store::StoreError;

/// Why nothing was done. Nothing is ever half done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The policy says no; the audit log has it.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// No such thing, or none that the caller may know of.
    #[error("there is no such {0} here")]
    NotFound(&'static str),
    /// What came cannot be accepted; the sentence says what would be.
    #[error("{0}")]
    Invalid(String),
    /// It would contradict what is there.
    #[error("{0}")]
    Conflict(String),
    /// It destroys something, and nobody said yes to that yet.
    #[error("this would destroy {events} events and {files} files for good; say `confirmed` to do it")]
    Unconfirmed {
        /// Events that would be gone.
        events: i64,
        /// Files that would be gone.
        files: i64,
    },
    /// Too many failures: wait.
    #[error("too many attempts; try again in {0} seconds")]
    Wait(u64),
    /// Wrong address or wrong password: which of them is told to nobody.
    #[error("the address or the password is not right")]
    WrongCredentials,
    /// A code that is not right, or was used.
    #[error(
        "this code is not right, or was used already; wait for the next one, or check the clock of the phone"
    )]
    WrongCode,
    /// Not the PIN of this browser.
    #[error("this is not the PIN of this browser; {left} tries are left before its session ends")]
    WrongPin {
        /// Tries left.
        left: u32,
        /// Seconds before the next one.
        wait: u64,
    },
    /// A wrong PIN too many: the session is over, and the browser forgets what it holds.
    #[error(
        "this PIN was wrong ten times: the session has ended and this browser forgets what it held; sign in again"
    )]
    Wiped,
    /// A passkey that opens nothing; the sentence says why.
    #[error("{0}")]
    WrongPasskey(String),
    /// A new passkey of a maker that the body does not trust, or that does not say whose it is.
    #[error("{0}")]
    ForeignPasskey(String),
    /// The password breaks these rules (stable codes).
    #[error("this password is too easy to guess: {}", .0.iter().map(|(_, sentence, _)| sentence.as_str()).collect::<Vec<_>>().join("; "))]
    WeakPassword(Vec<(&'static str, String, Option<u64>)>),
    /// A PIN that cannot be chosen.
    #[error(transparent)]
    WeakPin(#[from] beffroi_identity::pin::WeakPin),
    /// Every hashing place is taken and the queue is full.
    #[error("many people are signing in at this moment; try again in a few seconds")]
    Busy,
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}
