//! `beffroi tenant …`

use super::{Failure, open};
use crate::clock;
use crate::settings::Place;
use beffroi_app::App;
use beffroi_domain::{Domain, Factor, Network};
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
    /// Say what whoever administers must have proved, and from where.
    Administration {
        /// The domain of its people's addresses.
        domain: String,
        /// password (for trying out), second (a code beside the password) or passkey.
        #[arg(long, default_value = "passkey")]
        factor: String,
        /// A network from which administering is done, such as 192.0.2.0/24; may be said several times.
        /// Without any, every network will do.
        #[arg(long = "network", value_name = "NETWORK")]
        networks: Vec<String>,
    },
}

pub(super) async fn run(place: Place, command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Add { domain, name } => add(place, &domain.parse()?, name.trim()).await,
        Command::Administration { domain, factor, networks } => {
            let networks = networks.iter().map(|n| n.parse()).collect::<Result<Vec<Network>, _>>()?;
            let factor = Factor::from_word(&factor).ok_or_else(|| {
                format!("`{factor}` is nothing to be proved; choose password, second or passkey")
            })?;
            administration(place, &domain.parse()?, factor, networks).await
        }
    }
}

async fn administration(
    place: Place,
    domain: &Domain,
    factor: Factor,
    networks: Vec<Network>,
) -> Result<ExitCode, Failure> {
    let store = open(&place).await?;
    let app = App::new(store.clone(), place.rules());
    let tenant = app.operator_tenant(domain).await?;
    app.operator_set_administration(&tenant, factor, networks, clock::now()).await?;
    println!("Whoever administers {domain} must have proved: {}.", factor.word());
    if factor == Factor::Password {
        println!("A password alone is for trying out: whoever learns it administers.");
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn add(place: Place, domain: &Domain, name: &str) -> Result<ExitCode, Failure> {
    let store = open(&place).await?;
    let tenant = store.add_tenant(domain, name, clock::now()).await?;
    println!("{} is hosted here ({}).", tenant.name, tenant.domain);
    println!(
        "Next: beffroi account add YOU@{} --name \"YOUR NAME\" --role administrator --invite",
        tenant.domain
    );
    store.close().await;
    Ok(ExitCode::SUCCESS)
}
