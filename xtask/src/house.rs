//! The parts of HOUSE_STYLE.md that a machine can see.

use std::path::Path;

use crate::{Offence, sources};

/// Past this a file holds a second idea.
const LONGEST_FILE: usize = 800;

pub(crate) fn check(root: &Path) -> Result<Vec<Offence>, String> {
    let mut offences = Vec::new();
    let mut all = Vec::new();
    for folder in ["crates", "it", "load", "xtask", "web/src", "web/e2e", "fuzz"] {
        all.extend(sources::read(root, folder, &[".rs", ".ts", ".svelte", ".css", ".py", ".sh"])?);
    }
    // Written in two halves, or this file would name itself.
    let unfinished = ["TO", "FIX", "XX"].map(|start| match start {
        "TO" => format!("{start}DO"),
        "FIX" => format!("{start}ME"),
        _ => format!("{start}X:"),
    });
    let skipped = format!("#[{}", "ignore");
    for source in all {
        if source.lines.len() > LONGEST_FILE {
            offences.push(format!(
                "{} has {} lines and {LONGEST_FILE} is the most: look for the second idea in it",
                source.path,
                source.lines.len()
            ));
        }
        for line in &source.lines {
            let at = format!("{}:{}", source.path, line.number);
            if unfinished.iter().any(|word| line.text.contains(word.as_str())) {
                offences.push(format!("{at} leaves something to do: do it, or write an issue"));
            }
            if line.text.contains(&skipped) {
                offences.push(format!(
                    "{at} skips a test: assert today's wrong answer and write why it is wrong"
                ));
            }
            if line.text.ends_with(' ') || line.text.ends_with('\t') {
                offences.push(format!("{at} ends in a space: remove it"));
            }
        }
    }
    Ok(offences)
}
