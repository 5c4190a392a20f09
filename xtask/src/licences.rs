//! Every third-party licence, of Rust and of the web client, against what the EUPL-1.2 lets us ship.

use std::path::Path;

use crate::{Offence, list, metadata, text};

/// Permissive licences, and the weak copyleft of the MPL that the EUPL's appendix names.
const RUST: [&str; 17] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "EUPL-1.2",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "OpenSSL",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Besides those, what fonts, data and tools of the web client carry.
const WEB: [&str; 5] = ["CC-BY-3.0", "CC-BY-4.0", "OFL-1.1", "Python-2.0", "W3C-20150513"];

pub(crate) fn check(root: &Path) -> Result<Vec<Offence>, String> {
    let mut offences = rust(root)?;
    let lock = root.join("web/package-lock.json");
    if lock.exists() {
        offences.extend(web(&lock)?);
    }
    Ok(offences)
}

fn rust(root: &Path) -> Result<Vec<Offence>, String> {
    let metadata = metadata(root, &[])?;
    let mut offences = Vec::new();
    for package in list(&metadata, "packages") {
        let (name, version, licence) =
            (text(package, "name"), text(package, "version"), text(package, "license"));
        if licence.is_empty() {
            offences.push(format!(
                "crate {name} {version} states no licence: read its sources, or do without it"
            ));
        } else if !allows(licence, &|one| RUST.contains(&one)) {
            offences.push(format!("crate {name} {version} is under {licence}: do without it"));
        }
    }
    Ok(offences)
}

fn web(lock: &Path) -> Result<Vec<Offence>, String> {
    let bytes = std::fs::read(lock).map_err(|cause| format!("{}: {cause}", lock.display()))?;
    let lock: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|cause| format!("package-lock.json is no JSON: {cause}"))?;
    let mut offences = Vec::new();
    for (path, package) in lock["packages"].as_object().into_iter().flatten() {
        let licence = text(package, "license");
        let allowed = |one: &str| RUST.contains(&one) || WEB.contains(&one);
        if package["link"] == true {
            continue;
        }
        if licence.is_empty() {
            offences.push(format!("npm package {path:?} states no licence: do without it"));
        } else if !allows(licence, &allowed) {
            offences.push(format!("npm package {path:?} is under {licence}: do without it"));
        }
    }
    Ok(offences)
}

/// Whether an SPDX expression can be satisfied with allowed licences: any side of `OR`, all of `AND`.
///
/// `A/B` is how old crates write `A OR B`; an exception (`WITH`) only ever grants more.
fn allows(expression: &str, allowed: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let verdict = any(&words, &mut at, allowed);
    verdict && at == words.len()
}

fn any(words: &[&str], at: &mut usize, allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut verdict = all(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        verdict |= all(words, at, allowed);
    }
    verdict
}

fn all(words: &[&str], at: &mut usize, allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut verdict = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        verdict &= one(words, at, allowed);
    }
    verdict
}

fn one(words: &[&str], at: &mut usize, allowed: &dyn Fn(&str) -> bool) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let verdict = any(words, at, allowed);
        *at += 1;
        return verdict;
    }
    if words.get(*at) == Some(&"WITH") {
        *at += 2;
    }
    allowed(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_as_spdx_means_them() {
        let check = |expression| allows(expression, &|one| RUST.contains(&one));
        for good in [
            "MIT",
            "MIT OR Apache-2.0",
            "MIT/Apache-2.0",
            "GPL-3.0-only OR MIT",
            "Apache-2.0 WITH LLVM-exception OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "ISC AND (Apache-2.0 OR ISC) AND OpenSSL",
        ] {
            assert!(check(good), "{good}");
        }
        for bad in ["", "GPL-3.0-only", "MIT AND GPL-3.0-only", "(MIT", "MIT MIT", "AGPL-3.0 OR SSPL-1.0"] {
            assert!(!check(bad), "{bad}");
        }
    }
}
