//! `beffroi room …`

use super::{Failure, open};
use crate::clock;
use crate::settings::Place;
use beffroi_app::App;
use beffroi_domain::{Address, RoomName};
use std::process::ExitCode;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Make a room.
    Add {
        /// What it is called on screen.
        name: String,
        /// The slug of its label: public, internal, sensitive…
        #[arg(long)]
        label: String,
        /// Its owner.
        #[arg(long, value_name = "EMAIL")]
        owner: String,
        /// Its other members.
        #[arg(long = "member", value_name = "EMAIL")]
        members: Vec<String>,
    },
}

pub(super) async fn run(place: Place, command: Command) -> Result<ExitCode, Failure> {
    let Command::Add { name, label, owner, members } = command;
    let name: RoomName = name.parse()?;
    let owner: Address = owner.parse()?;
    let members = members.iter().map(|m| m.parse()).collect::<Result<Vec<Address>, _>>()?;
    let store = open(&place).await?;
    let app = App::new(store.clone(), place.rules());
    let room = app.operator_add_room(name, &label, &owner, &members, clock::now()).await?;
    println!("{}@rooms.{}", room.slug, owner.domain());
    store.close().await;
    Ok(ExitCode::SUCCESS)
}
