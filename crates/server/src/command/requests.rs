//! `beffroi request …`: the second person of a body that has none.

use super::{Failure, open};
use crate::clock;
use crate::settings::Place;
use beffroi_app::App;
use beffroi_domain::{Dangerous, Domain, RequestId};
use beffroi_store::{RequestRow, RequestState, Store};
use std::process::ExitCode;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// The dangerous acts that wait for a second person, and the latest that were decided.
    List {
        /// Only those of this body.
        #[arg(long, value_name = "DOMAIN")]
        tenant: Option<String>,
    },
    /// Say yes: it is done exactly as it was asked for, or can be done once by whoever asked.
    Approve {
        /// The request.
        id: String,
    },
    /// Say no.
    Refuse {
        /// The request.
        id: String,
    },
}

pub(super) async fn run(place: Place, command: Command) -> Result<ExitCode, Failure> {
    let store = open(&place).await?;
    let app = App::new(store.clone(), place.rules());
    let done = execute(&store, &app, command).await;
    store.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn execute(store: &Store, app: &App, command: Command) -> Result<(), Failure> {
    match command {
        Command::List { tenant: Some(domain) } => list(app, &domain.parse()?).await,
        Command::List { tenant: None } => {
            for tenant in store.tenants().await? {
                list(app, &tenant.domain).await?;
            }
            Ok(())
        }
        Command::Approve { id } => decide(app, &id, true).await,
        Command::Refuse { id } => decide(app, &id, false).await,
    }
}

async fn list(app: &App, domain: &Domain) -> Result<(), Failure> {
    let now = clock::now();
    let rows = app.operator_requests(domain, now).await?;
    println!("{domain}: {}", if rows.is_empty() { "nothing was asked for" } else { "asked for" });
    for row in rows {
        let state = match row.state {
            RequestState::Waiting if row.expires <= now => "over",
            RequestState::Waiting => "waits",
            RequestState::Approved => "approved",
            RequestState::Refused => "refused",
        };
        println!("    {}  {state}  {}  {}: {}", row.id, said(&row), row.asked_by.address, row.reason);
    }
    Ok(())
}

fn said(row: &RequestRow) -> String {
    match &row.act {
        Dangerous::Retention { label, days } => format!("keep what carries `{label}` for {days} days only"),
        Dangerous::Export => "take the audit log out".into(),
        Dangerous::Impersonation { whom } => format!("act as the account {whom}"),
        Dangerous::Administration(rules) => format!("ask only for this of who administers: {rules}"),
        Dangerous::PasskeyMakers { told, .. } => format!("take passkeys of more makers, {told}"),
        Dangerous::FourEyes { on: true } => "ask for a second person again".into(),
        Dangerous::FourEyes { on: false } => "ask for no second person any more".into(),
    }
}

async fn decide(app: &App, id: &str, yes: bool) -> Result<(), Failure> {
    let id: RequestId = id.parse()?;
    let row = app.operator_decide_request(id, yes, clock::now()).await?;
    let outcome = match (yes, &row.act) {
        (false, _) => "Refused",
        (true, Dangerous::Export | Dangerous::Impersonation { .. }) => {
            "Approved; whoever asked may do it once within 15 minutes"
        }
        (true, _) => "Approved and done",
    };
    println!("{outcome}: {}, asked by {}.", said(&row), row.asked_by.address);
    Ok(())
}
