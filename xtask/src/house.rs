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
    offences.extend(dead_links(root)?);
    Ok(offences)
}

/// Links of our pages to files that are not there.
fn dead_links(root: &Path) -> Result<Vec<Offence>, String> {
    let mut offences = Vec::new();
    for page in sources::read(root, "", &[".md"])? {
        let folder = root.join(&page.path).parent().map(Path::to_path_buf).unwrap_or_default();
        for line in &page.lines {
            for link in links(&line.text) {
                if !folder.join(link).exists() {
                    offences.push(format!(
                        "{}:{} points to {link}, which is not there: correct the link or write the page",
                        page.path, line.number
                    ));
                }
            }
        }
    }
    Ok(offences)
}

/// The paths in `](path#part)` of a line, without those that lead elsewhere.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| {
        let target = rest.split_once(')')?.0;
        let path = target.split('#').next().unwrap_or_default();
        (!path.is_empty() && !path.contains(':')).then_some(path)
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn links_to_files_are_found_and_others_are_not() {
        let line = "see [a](docs/a.md#part), ![b](b.png), [c](https://c.example/), [d](#here) and x](y";
        assert_eq!(super::links(line).collect::<Vec<_>>(), ["docs/a.md", "b.png"]);
    }
}
