//! `beffroi account import`

use super::{Failure, open};
use crate::clock;
use crate::settings::Place;
use beffroi_app::App;
use beffroi_domain::{Domain, Tenant};
use beffroi_store::{Fate, ImportRow};
use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

/// Bytes read at once.
const PIECE: usize = 64 * 1024;

/// Imports the people of a file, or says what would happen. Cut off, the same command goes on: who is there already
/// is left as they are.
pub(super) async fn run(
    place: Place,
    file: &Path,
    domain: &Domain,
    dry_run: bool,
) -> Result<ExitCode, Failure> {
    let cannot = |cause| format!("{} cannot be read: {cause}", file.display());
    let mut input = std::fs::File::open(file).map_err(cannot)?;
    let store = open(&place).await?;
    let app = App::new(store.clone(), place.rules());
    let tenant = app.operator_tenant(domain).await?;
    let mut incoming = app.operator_begin_import(&tenant, clock::now()).await?;
    let mut piece = vec![0; PIECE];
    loop {
        let read = input.read(&mut piece).map_err(cannot)?;
        if read == 0 {
            break;
        }
        incoming.take(&piece[..read], clock::now()).await?;
    }
    let mut row = incoming.finish(clock::now()).await?;
    let t = row.totals;
    println!(
        "To add: {}; to rename: {}; as they are: {}; refused: {}.",
        t.create, t.rename, t.same, t.refused
    );
    if !row.ignored.is_empty() {
        println!("Columns that mean nothing here: {}.", row.ignored.join(", "));
    }
    refused(&app, &tenant, &row).await?;
    if !dry_run {
        let digest = row.digest.clone();
        while !(row.begun && row.over()) {
            row = app.operator_apply_import(&tenant, row.id, &digest, clock::now()).await?;
        }
        let t = row.totals;
        println!("Applied: {}; left out because they changed meanwhile: {}.", t.applied, t.skipped);
        println!(
            "Who was added without a password chooses one with a link: invite them on the page, one by one."
        );
    }
    app.operator_forget_import(&tenant, row.id).await?;
    store.close().await;
    Ok(if row.totals.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Names the lines that are refused, by their numbers and rules alone: what stands in them is in the file.
async fn refused(app: &App, tenant: &Tenant, row: &ImportRow) -> Result<(), Failure> {
    let mut after = 0;
    loop {
        let lines = app.operator_import_lines(tenant, row.id, Fate::Refused, after).await?;
        let Some(last) = lines.last() else { return Ok(()) };
        after = last.line;
        for line in lines {
            eprintln!("line {}: {}", line.line, line.rule);
        }
    }
}
