//! `beffroi audit …`

use super::{Failure, open};
use crate::settings::Place;
use beffroi_domain::AccountId;
use beffroi_store::{Noted, Store};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Check every entry, every proof and every signature; name what was changed by hand.
    Verify {
        /// Compare with what `audit export` wrote into this folder earlier.
        #[arg(long, value_name = "DIR")]
        folder: Vec<PathBuf>,
        /// Compare with a checkpoint that you noted earlier.
        #[arg(long, value_name = "FILE")]
        checkpoint: Vec<PathBuf>,
    },
    /// Write each log into a folder that any web server can serve, or add what is new since the last time.
    Export {
        /// The folder; each tenant has its own in it, named by its domain.
        folder: PathBuf,
        /// Only this tenant, by its domain.
        #[arg(long, value_name = "DOMAIN")]
        tenant: Option<String>,
    },
}

pub(super) async fn run(place: Place, command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Verify { folder, checkpoint } => {
            let noted = noted(&folder, &checkpoint)?;
            let store = open(&place).await?;
            let code = verify(&store, &noted).await;
            store.close().await;
            code
        }
        Command::Export { folder, tenant } => {
            let store = open(&place).await?;
            let code = export(&store, &folder, tenant.as_deref()).await;
            store.close().await;
            code
        }
    }
}

fn noted(folders: &[PathBuf], checkpoints: &[PathBuf]) -> Result<Vec<Noted>, Failure> {
    let mut noted = vec![];
    for folder in folders {
        noted.extend(Noted::exported(folder)?);
    }
    for file in checkpoints {
        let shown = file.display();
        let text =
            std::fs::read_to_string(file).map_err(|cause| format!("{shown} cannot be read: {cause}"))?;
        noted.push(Noted::checkpoint(&text).ok_or_else(|| {
            format!("{shown} is not a checkpoint: five lines, the first a name, the last a signature")
        })?);
    }
    Ok(noted)
}

async fn verify(store: &Store, noted: &[Noted]) -> Result<ExitCode, Failure> {
    let findings = store.verify_audit_against(noted).await?;
    if findings.is_empty() {
        let tenants = store.tenants().await?.len();
        println!(
            "The audit log of {tenants} tenant(s) is intact: every entry, every proof and every signature."
        );
        if !noted.is_empty() {
            println!("It begins with what you kept of it: {} checkpoint(s).", noted.len());
        }
        return Ok(ExitCode::SUCCESS);
    }
    for finding in &findings {
        println!("{}", finding.text);
    }
    println!(
        "The audit log was changed in {} place(s). Keep this machine as it is and call your security officer.",
        findings.len()
    );
    Ok(ExitCode::FAILURE)
}

/// What cannot be exported is said; the others are exported all the same.
async fn export(store: &Store, folder: &Path, only: Option<&str>) -> Result<ExitCode, Failure> {
    let mut tenants = store.tenants().await?;
    if let Some(domain) = only {
        let all: Vec<_> = tenants.iter().map(|tenant| tenant.domain.to_string()).collect();
        tenants.retain(|tenant| tenant.domain.as_str() == domain);
        if tenants.is_empty() {
            return Err(format!("nobody of {domain} is hosted here, but {}", all.join(", ")).into());
        }
    }
    let mut failures: Vec<Failure> = vec![];
    for tenant in tenants {
        // The operator reads what the machine keeps; entries are sealed and stay so.
        let permit = beffroi_policy::operator(tenant.id, AccountId(0));
        match store.export_audit(&permit, folder).await {
            Ok(done) => {
                let place = folder.join(&done.domain);
                println!(
                    "{}: {} entries, {} of them new, in {}",
                    done.domain,
                    done.size,
                    done.new,
                    place.display()
                );
            }
            Err(failure) => failures.push(failure.into()),
        }
    }
    let Some(last) = failures.pop() else { return Ok(ExitCode::SUCCESS) };
    failures.iter().for_each(|failure| super::say(failure.as_ref()));
    Err(last)
}
