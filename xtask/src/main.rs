//! Checks that the compiler cannot make: `cargo xtask dag | licences | sql | pure | house | all`.
//!
//! Each prints every offender with what to do, and fails if there is one. Standard library and
//! serde_json only, so that the checks themselves need no check.

mod dag;
mod house;
mod licences;
mod pure;
mod sources;
mod sql;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use serde_json::Value;

/// One thing that is wrong: where, what, and what to do about it, in a line.
type Offence = String;
type Check = fn(&Path) -> Result<Vec<Offence>, String>;

const CHECKS: [(&str, Check); 5] = [
    ("dag", dag::check),
    ("licences", licences::check),
    ("sql", sql::check),
    ("pure", pure::check),
    ("house", house::check),
];

fn main() -> ExitCode {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let chosen: Vec<_> = CHECKS.iter().filter(|(name, _)| wanted == *name || wanted == "all").collect();
    if chosen.is_empty() {
        let names: Vec<_> = CHECKS.iter().map(|(name, _)| *name).collect();
        eprintln!("cargo xtask {{{}|all}}: {wanted:?} is none of these", names.join("|"));
        return ExitCode::FAILURE;
    }
    let root = root();
    let mut failed = false;
    for (name, check) in chosen {
        match check(&root) {
            Ok(offences) if offences.is_empty() => println!("{name}: nothing to say"),
            Ok(offences) => {
                failed = true;
                for offence in &offences {
                    println!("{name}: {offence}");
                }
            }
            Err(reason) => {
                failed = true;
                eprintln!("{name}: could not be checked: {reason}");
            }
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The folder of the workspace, wherever cargo is called from.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// What `cargo metadata` says, with `extra` arguments.
fn metadata(root: &Path, extra: &[&str]) -> Result<Value, String> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(extra)
        .current_dir(root)
        .output()
        .map_err(|cause| format!("cargo metadata did not start: {cause}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    serde_json::from_slice(&output.stdout).map_err(|cause| format!("cargo metadata is no JSON: {cause}"))
}

/// The array under `key`, empty when there is none.
fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// The text under `key`, empty when there is none.
fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
