//! The command line: what an administrator or a script says to Beffroi. These words are a contract.

mod accounts;
mod alerts;
mod audit;
mod bodies;
mod demo;
mod doctor;
mod import;
mod keys;
mod requests;
mod roles;
mod rooms;
mod tenants;

use crate::settings::{self, Place};
use beffroi_store::Store;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Conversations, meetings and files of a public body, on its own machine.
#[derive(Parser)]
#[command(name = "beffroi", version, disable_help_subcommand = true)]
struct Line {
    #[command(flatten)]
    places: Places,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args)]
struct Places {
    /// Folder of everything that this server keeps.
    #[arg(long, global = true, value_name = "DIR", default_value = "beffroi-data")]
    data: PathBuf,
    /// Settings; `beffroi.toml` in the data folder when absent.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Args, Clone, Default)]
pub(crate) struct Listen {
    /// Address and TCP port of the web client, the API and XMPP.
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<std::net::SocketAddr>,
    /// Address and UDP port of meetings.
    #[arg(long, value_name = "ADDR:PORT")]
    media: Option<std::net::SocketAddr>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server until it is told to stop (SIGTERM, Ctrl+C).
    Serve {
        #[command(flatten)]
        listen: Listen,
    },
    /// Run a small town hall at `demo.localhost`, made on the first start.
    Demo {
        #[command(flatten)]
        listen: Listen,
    },
    /// The public bodies hosted here.
    Tenant {
        #[command(subcommand)]
        command: tenants::Command,
    },
    /// The people.
    Account {
        #[command(subcommand)]
        command: accounts::Command,
    },
    /// The rooms.
    Room {
        #[command(subcommand)]
        command: rooms::Command,
    },
    /// The roles that a body makes for itself, and the rooms that they bring.
    Role {
        #[command(subcommand)]
        command: roles::Command,
    },
    /// Dangerous acts that wait for a second person.
    Request {
        #[command(subcommand)]
        command: requests::Command,
    },
    /// The audit log.
    Audit {
        #[command(subcommand)]
        command: audit::Command,
    },
    /// The keys.
    Keys {
        #[command(subcommand)]
        command: keys::Command,
    },
    /// Show the settings in force, or every setting with its default.
    Config {
        /// Every setting with its unit, bounds and default, as a file that could be used.
        #[arg(long)]
        reference: bool,
    },
    /// Say in plain words what is wrong with this installation.
    Doctor {
        #[command(flatten)]
        listen: Listen,
    },
}

/// What a command failed of: a sentence, its causes below it.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Reads the command line and does what it says.
pub(crate) fn run() -> ExitCode {
    let line = Line::parse();
    match execute(line) {
        Ok(code) => code,
        Err(failure) => {
            say(failure.as_ref());
            ExitCode::FAILURE
        }
    }
}

/// Says what failed, and of what.
fn say(failure: &(dyn std::error::Error + Send + Sync)) {
    eprintln!("beffroi: {failure}");
    let mut cause = failure.source();
    while let Some(below) = cause {
        eprintln!("  because: {below}");
        cause = below.source();
    }
}

fn execute(line: Line) -> Result<ExitCode, Failure> {
    let Places { data, config } = line.places;
    let place = |listen: &Listen| -> Result<Place, Failure> {
        let mut place = Place::read(&data, config.as_deref())?;
        if let Some(http) = listen.listen {
            place.settings.listen.http = http.to_string();
        }
        if let Some(media) = listen.media {
            place.settings.listen.media = media.to_string();
        }
        Ok(place)
    };
    let usual = Listen::default();
    match line.command {
        Command::Serve { listen } => wide(crate::serve::run(place(&listen)?)),
        Command::Demo { listen } => wide(demo::run(place(&listen)?)),
        Command::Tenant { command } => narrow(tenants::run(place(&usual)?, command)),
        Command::Account { command } => narrow(accounts::run(place(&usual)?, command)),
        Command::Room { command } => narrow(rooms::run(place(&usual)?, command)),
        Command::Role { command } => narrow(roles::run(place(&usual)?, command)),
        Command::Request { command } => narrow(requests::run(place(&usual)?, command)),
        Command::Audit { command } => narrow(audit::run(place(&usual)?, command)),
        Command::Keys { command } => narrow(keys::run(place(&usual)?, command)),
        Command::Config { reference: true } => {
            print!("{}", settings::reference());
            Ok(ExitCode::SUCCESS)
        }
        Command::Config { reference: false } => {
            println!("{:#?}", place(&usual)?.settings);
            Ok(ExitCode::SUCCESS)
        }
        Command::Doctor { listen } => match place(&listen) {
            Ok(place) => narrow(doctor::run(place)),
            Err(failure) => doctor::settings_unreadable(failure.as_ref()),
        },
    }
}

/// Runs a server's future on every core.
fn wide(future: impl Future<Output = Result<ExitCode, Failure>>) -> Result<ExitCode, Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(future)
}

/// Runs a command's future on one thread.
fn narrow(future: impl Future<Output = Result<ExitCode, Failure>>) -> Result<ExitCode, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future)
}

/// Opens the store of `place`, making it when it is not there.
async fn open(place: &Place) -> Result<Store, Failure> {
    place
        .make_data_folder()
        .map_err(|cause| format!("the data folder {} cannot be made: {cause}", place.data.display()))?;
    Ok(Store::open(place.store()).await?)
}
