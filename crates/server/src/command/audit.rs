//! `beffroi audit …`

use super::{Failure, open};
use crate::settings::Place;
use std::process::ExitCode;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Check every entry, every proof and every signature; name what was changed by hand.
    Verify,
}

pub(super) async fn run(place: Place, command: Command) -> Result<ExitCode, Failure> {
    let Command::Verify = command;
    let store = open(&place).await?;
    let findings = store.verify_audit().await?;
    let tenants = store.tenants().await?;
    store.close().await;
    if findings.is_empty() {
        println!(
            "The audit log of {} tenant(s) is intact: every entry, every proof and every signature.",
            tenants.len()
        );
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
