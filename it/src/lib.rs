//! The real program, seen from outside: started as an operator starts it, spoken to as a browser does.
//!
//! Everything here runs the binary `beffroi` itself, on ports that the system gives and in a folder of
//! its own, and knows nothing of its crates: what a test says here, any client could say. Conditions
//! are awaited, nothing is slept for; what does not come within [`PATIENCE`] is a failure that names
//! what was awaited.

mod application;
mod authenticator;
mod description;
mod frames;
mod house;
mod http;
mod post;
mod server;
mod talk;

pub use application::Application;
pub use authenticator::{Authenticator, MAKER, MODEL};
pub use description::{DESCRIPTION, Operation, conforms, operations};
pub use frames::{attribute, element, text};
pub use house::{House, Ran, free_port};
pub use http::{Answer, Browser, Request};
pub use post::{Post, Received};
pub use server::{Server, program};
pub use talk::Talker;

use std::time::Duration;

/// How long anything may take before a test gives up on it. Not a measure: a broken program's limit.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The domain of the town hall of [`House::town`].
pub const DOMAIN: &str = "mairie.test";
/// Everybody's password there: long and varied enough for an administrator.
pub const PASSWORD: &str = "Vigne-haute-9-lanternes";
/// An agent, owner of the room `accueil`.
pub const ALICE: &str = "alice@mairie.test";
/// An agent, member of it.
pub const BOB: &str = "bob@mairie.test";
/// The administrator, member of it.
pub const CLAIRE: &str = "claire@mairie.test";

/// Waits for `what` for [`PATIENCE`].
///
/// # Panics
/// When it does not come, naming it.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} did not come within {PATIENCE:?}"),
    }
}
