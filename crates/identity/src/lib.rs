//! Who someone is, and how they prove it: passwords, passkeys, the wait after failures, sessions.
//!
//! Everything here is a calculation. The clock (`now_us`, microseconds since the Unix epoch, UTC),
//! the entropy (byte arrays) and the stored facts are arguments, and what must be stored is returned:
//! a test lives a day in a millisecond, and the same code serves both databases.
//!
//! A second factor or an identity provider is one more way to arrive at the same place, a
//! [`session::Session`]: each comes as a module beside [`password`].

pub mod alert;
pub mod application_password;
pub mod device;
pub mod imported;
pub mod lock;
pub mod passkey;
pub mod password;
pub mod pin;
pub mod recovery;
pub mod rules;
pub mod scram;
pub mod session;
pub mod totp;
pub mod wait;

mod listed;
mod strength;

/// One second, in the unit in which this crate and the database count time.
pub const SECOND_US: i64 = 1_000_000;
/// One minute in microseconds.
pub const MINUTE_US: i64 = 60 * SECOND_US;
/// One hour in microseconds.
pub const HOUR_US: i64 = 60 * MINUTE_US;
