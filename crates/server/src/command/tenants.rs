//! `beffroi tenant …`

use super::{Failure, open};
use crate::clock;
use crate::settings::Place;
use beffroi_domain::Domain;
use std::process::ExitCode;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Host a public body: its people have addresses in DOMAIN.
    Add {
        /// The domain of its people's addresses.
        domain: String,
        /// What it is called on screen.
        #[arg(long)]
        name: String,
    },
}

pub(super) async fn run(place: Place, command: Command) -> Result<ExitCode, Failure> {
    let Command::Add { domain, name } = command;
    let domain: Domain = domain.parse()?;
    let store = open(&place).await?;
    let tenant = store.add_tenant(&domain, name.trim(), clock::now()).await?;
    println!("{} is hosted here ({}).", tenant.name, tenant.domain);
    println!(
        "Next: beffroi account add YOU@{} --name \"YOUR NAME\" --role administrator --invite",
        tenant.domain
    );
    store.close().await;
    Ok(ExitCode::SUCCESS)
}
