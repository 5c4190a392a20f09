//! SQL is written in `crates/store` and nowhere else in the program (invariant 3).

use std::path::Path;

use crate::{Offence, sources};

/// What no other text starts a statement with. Upper case, as house style writes SQL.
const STATEMENTS: [&str; 8] = [
    "SELECT ",
    "INSERT INTO ",
    "DELETE FROM ",
    "CREATE TABLE ",
    "ALTER TABLE ",
    "DROP TABLE ",
    "BEGIN IMMEDIATE",
    "PRAGMA ",
];

pub(crate) fn check(root: &Path) -> Result<Vec<Offence>, String> {
    let mut offences = Vec::new();
    for source in sources::production(root, "crates")? {
        if source.path.starts_with("crates/store/") {
            continue;
        }
        for line in source.code() {
            let update = line.text.contains("UPDATE ") && line.text.contains(" SET ");
            if update || STATEMENTS.iter().any(|statement| line.text.contains(statement)) {
                offences.push(format!(
                    "{}:{} speaks SQL: give crates/store a function that says what is wanted",
                    source.path, line.number
                ));
            }
        }
    }
    Ok(offences)
}
