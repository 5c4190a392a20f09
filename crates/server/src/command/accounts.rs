//! `beffroi account …`

use super::{Failure, import, open};
use crate::clock;
use crate::settings::Place;
use beffroi_app::{App, NewPerson};
use beffroi_domain::{Address, PersonName, Role};
use std::io::Read as _;
use std::process::ExitCode;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Add a person. Their address says which tenant they belong to.
    #[command(group = clap::ArgGroup::new("way in").required(true))]
    Add {
        /// Their e-mail address.
        email: String,
        /// What they are called on screen.
        #[arg(long)]
        name: String,
        /// agent, auditor, business-administrator, security-officer, administrator, or operator in a body that operates.
        #[arg(long, default_value = "agent")]
        role: String,
        /// Read their password from standard input, one line.
        #[arg(long, group = "way in")]
        password_stdin: bool,
        /// Print a link with which they choose their password: once, within one hour.
        #[arg(long, group = "way in")]
        invite: bool,
    },
    /// Say up to which label a person may see.
    Clear {
        /// Their e-mail address.
        email: String,
        /// The slug of the label: public, internal, sensitive, restricted, medical.
        #[arg(long, value_name = "SLUG")]
        label: String,
    },
    /// Give a person another technical role: their sessions and streams end at once.
    Role {
        /// Their e-mail address.
        email: String,
        /// agent, auditor, business-administrator, security-officer, administrator, or operator in a body that operates.
        #[arg(long)]
        role: String,
    },
    /// Take away what a person lost to sign in with, whom you recognised by other means: keys, codes, password,
    /// passwords of applications. Prints a link with which they choose a password: once, within one hour.
    LostKeys {
        /// Their e-mail address.
        email: String,
    },
    /// Add and rename the people of a CSV file: columns `address` and `name`, others in docs/operating.md. Nobody is
    /// closed by it. Ends with 1 when lines were refused; the others are
    /// imported.
    Import {
        /// The file, UTF-8, separated by commas or semicolons.
        file: std::path::PathBuf,
        /// The domain of the body whose people these are.
        #[arg(long, value_name = "DOMAIN")]
        tenant: String,
        /// Say what would happen, and do nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Close an account: its sessions and streams end at once.
    Disable {
        /// Their e-mail address.
        email: String,
    },
}

pub(super) async fn run(place: Place, command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Add { email, name, role, password_stdin, invite: _ } => {
            let address: Address = email.parse()?;
            let name: PersonName = name.parse()?;
            let role = read_role(&role)?;
            let password = if password_stdin { Some(read_password()?) } else { None };
            let store = open(&place).await?;
            let app = App::new(store.clone(), place.rules());
            let person = NewPerson { address: address.clone(), name, role, password };
            let invitation = app.operator_add_account(person, clock::now()).await?;
            println!("{address} is added.");
            if let Some(token) = invitation {
                println!("{}/bienvenue/{token}", place.public_url(address.domain()));
                println!("The link works once, within one hour.");
            }
            store.close().await;
        }
        Command::Clear { email, label } => {
            let address: Address = email.parse()?;
            let store = open(&place).await?;
            let app = App::new(store.clone(), place.rules());
            let label = app.operator_clear(&address, &label, clock::now()).await?;
            println!("{address} is cleared up to « {label} ».");
            store.close().await;
        }
        Command::Role { email, role } => {
            let address: Address = email.parse()?;
            let role = read_role(&role)?;
            let store = open(&place).await?;
            let app = App::new(store.clone(), place.rules());
            app.operator_set_role(&address, role, clock::now()).await?;
            println!("{address} has the role {}.", role.word());
            store.close().await;
        }
        Command::LostKeys { email } => {
            let address: Address = email.parse()?;
            let store = open(&place).await?;
            let app = App::new(store.clone(), place.rules());
            let token = app.operator_replace_lost_keys(&address, clock::now()).await?;
            println!("What {address} signed in with opens nothing any more; their sessions have ended.");
            println!("{}/bienvenue/{token}", place.public_url(address.domain()));
            println!("The link works once, within one hour.");
            store.close().await;
        }
        Command::Import { file, tenant, dry_run } => {
            return import::run(place, &file, &tenant.parse()?, dry_run).await;
        }
        Command::Disable { email } => {
            let address: Address = email.parse()?;
            let store = open(&place).await?;
            let app = App::new(store.clone(), place.rules());
            app.operator_disable_account(&address, clock::now()).await?;
            println!("{address} is disabled; their sessions have ended.");
            store.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read_role(word: &str) -> Result<Role, Failure> {
    Role::from_word(word).ok_or_else(|| {
        format!("there is no role `{word}`; choose agent, auditor, business-administrator, security-officer, administrator or operator").into()
    })
}

fn read_password() -> Result<beffroi_app::Secret, Failure> {
    let mut text = String::new();
    std::io::stdin().take(4096).read_to_string(&mut text)?;
    let password = text.lines().next().unwrap_or_default().to_owned();
    if password.is_empty() {
        return Err("no password came on standard input; write it on one line, or use --invite".into());
    }
    Ok(password.into())
}
