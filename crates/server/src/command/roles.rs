//! `beffroi role …`

use super::{Failure, open};
use crate::clock;
use crate::settings::Place;
use beffroi_app::App;
use beffroi_domain::{Address, Domain, MemberRank, RoleName};
use std::process::ExitCode;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Make a role of a body: who holds it belongs to the rooms that it brings.
    Add {
        /// What it is called on screen.
        name: String,
        /// The domain of the body.
        #[arg(long, value_name = "DOMAIN")]
        tenant: String,
        /// What it is for.
        #[arg(long, default_value = "")]
        description: String,
    },
    /// Give a role to a person: they belong to its rooms at once.
    Give {
        /// The role.
        name: String,
        /// Their e-mail address.
        email: String,
    },
    /// Take a role from a person: they leave the rooms to which only it brought them.
    Take {
        /// The role.
        name: String,
        /// Their e-mail address.
        email: String,
    },
    /// Say that a role brings a room to all who hold it.
    Room {
        /// The role.
        name: String,
        /// The room's address: SLUG@rooms.DOMAIN.
        room: String,
        /// member or moderator.
        #[arg(long, default_value = "member")]
        rank: String,
    },
}

pub(super) async fn run(place: Place, command: Command) -> Result<ExitCode, Failure> {
    let store = open(&place).await?;
    let app = App::new(store.clone(), place.rules());
    let done = execute(&app, command).await;
    store.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn execute(app: &App, command: Command) -> Result<(), Failure> {
    let now = clock::now();
    match command {
        Command::Add { name, tenant, description } => {
            let (name, domain): (RoleName, Domain) = (name.parse()?, tenant.parse()?);
            app.operator_add_business_role(&domain, &name, &description, now).await?;
            println!("The role « {name} » is there in {domain}; nobody holds it yet.");
        }
        Command::Give { name, email } => {
            let (name, address): (RoleName, Address) = (name.parse()?, email.parse()?);
            app.operator_hold_business_role(&name, &address, true, now).await?;
            println!("{address} holds the role « {name} ».");
        }
        Command::Take { name, email } => {
            let (name, address): (RoleName, Address) = (name.parse()?, email.parse()?);
            app.operator_hold_business_role(&name, &address, false, now).await?;
            println!("{address} no longer holds the role « {name} ».");
        }
        Command::Room { name, room, rank } => {
            let name: RoleName = name.parse()?;
            let rank = match rank.as_str() {
                "member" => MemberRank::Member,
                "moderator" => MemberRank::Moderator,
                _ => return Err(format!("a role makes no `{rank}`; choose member or moderator").into()),
            };
            let found = app.operator_set_business_role_room(&name, &room, rank, now).await?;
            println!("Who holds « {name} » is {} of « {} ».", rank.word(), found.name);
        }
    }
    Ok(())
}
