//! `beffroi keys …`

use super::{Failure, open};
use crate::settings::Place;
use std::process::ExitCode;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Make a new master key and new tenant keys and wrap every key again; contents are not rewritten.
    Rotate,
}

pub(super) async fn run(place: Place, command: Command) -> Result<ExitCode, Failure> {
    let Command::Rotate = command;
    let store = open(&place).await?;
    let former = store.rotate_keys().await?;
    store.close().await;
    println!("The master key is new and every key is wrapped again; contents were not rewritten.");
    println!("Copy {} to where you keep its twin.", place.store().master_key.display());
    println!("The former key is {}: it opens only backups made before now.", former.display());
    Ok(ExitCode::SUCCESS)
}
