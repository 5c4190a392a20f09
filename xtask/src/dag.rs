//! Who may know whom: the storeys of ARCHITECTURE.md, held against `cargo metadata`.

use std::path::Path;

use crate::{Offence, list, metadata, text};

/// Each crate and those of ours that it may use outside its tests. A new edge is a line to review here.
const STOREYS: [(&str, &[&str]); 10] = [
    ("beffroi-domain", &[]),
    ("beffroi-policy", &["beffroi-domain"]),
    ("beffroi-xmpp", &["beffroi-domain"]),
    ("beffroi-dav", &["beffroi-domain"]),
    ("beffroi-sfu", &["beffroi-domain"]),
    ("beffroi-identity", &["beffroi-domain"]),
    ("beffroi-store", &["beffroi-domain", "beffroi-policy"]),
    ("beffroi-app", &["beffroi-domain", "beffroi-policy", "beffroi-identity", "beffroi-store"]),
    (
        "beffroi",
        &[
            "beffroi-domain",
            "beffroi-policy",
            "beffroi-xmpp",
            "beffroi-dav",
            "beffroi-sfu",
            "beffroi-identity",
            "beffroi-store",
            "beffroi-app",
        ],
    ),
    ("beffroi-testkit", &[]),
];

/// Outsiders that only some of ours may use: the doors of the house.
const DOORS: [(&str, &[&str]); 3] =
    [("sqlx", &["beffroi-store"]), ("object_store", &["beffroi-store"]), ("axum", &["beffroi"])];

/// Tools around the house: they may use any of ours, and none of ours may use them.
const TOOLS: [&str; 3] = ["it", "load", "xtask"];

pub(crate) fn check(root: &Path) -> Result<Vec<Offence>, String> {
    let metadata = metadata(root, &["--no-deps"])?;
    let mut offences = Vec::new();
    let members: Vec<_> = list(&metadata, "packages").iter().collect();
    for package in &members {
        let name = text(package, "name");
        let is_tool =
            TOOLS.iter().any(|tool| text(package, "manifest_path").ends_with(&format!("/{tool}/Cargo.toml")));
        if is_tool {
            continue;
        }
        let Some((_, allowed)) = STOREYS.iter().find(|(storey, _)| *storey == name) else {
            offences.push(format!(
                "{name} is in no storey: give it a line in xtask/src/dag.rs and ARCHITECTURE.md"
            ));
            continue;
        };
        for dependency in list(package, "dependencies") {
            let used = text(dependency, "name");
            let normal = dependency["kind"].is_null();
            let ours = members.iter().any(|member| text(member, "name") == used);
            if ours && normal && !allowed.contains(&used) {
                offences.push(format!(
                    "{name} uses {used}, which its storey does not allow: turn the edge into an argument or an \
                     event, or argue a new line in xtask/src/dag.rs"
                ));
            }
            if let Some((_, holders)) = DOORS.iter().find(|(door, _)| *door == used)
                && normal
                && !holders.contains(&name)
            {
                offences.push(format!(
                    "{name} uses {used}, which belongs to {}: go through it",
                    holders.join(", ")
                ));
            }
        }
    }
    Ok(offences)
}
