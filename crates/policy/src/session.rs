//! What stands between a session and everything that it may do: its lock, and the charter of its body.

use crate::Denied;

/// How a session stands, whoever it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passage {
    /// It is locked.
    pub locked: bool,
    /// The version of the charter that its person has yet to accept.
    pub charter: Option<i64>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Anything of the product.
    Anything,
    /// Reading and accepting the charter, and staying signed in while one reads it.
    Charter,
    /// The session itself: who it is, what unlocks it, its end.
    Itself,
}

/// May this session ask for that at all? Asked before everything else, of every door.
///
/// # Errors
/// `Locked`, then `Charter`.
pub fn decide_passage(session: Passage, asked: Asked) -> Result<(), Denied> {
    match (asked, session) {
        (Asked::Itself, _) => Ok(()),
        (_, Passage { locked: true, .. }) => Err(Denied::Locked),
        (Asked::Charter, _) | (_, Passage { charter: None, .. }) => Ok(()),
        (Asked::Anything, Passage { charter: Some(version), .. }) => Err(Denied::Charter { version }),
    }
}
