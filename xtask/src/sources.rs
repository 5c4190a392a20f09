//! Reading our own source files, line by line, without their tests.

use std::fs;
use std::path::{Path, PathBuf};

/// A line of a file, with its number from 1.
pub(crate) struct Line {
    pub(crate) number: usize,
    pub(crate) text: String,
}

/// A source file of ours.
pub(crate) struct Source {
    /// From the root, with `/`.
    pub(crate) path: String,
    pub(crate) lines: Vec<Line>,
}

impl Source {
    /// The lines that run in production: not comments, and not after the module of tests, which house
    /// style puts last.
    pub(crate) fn code(&self) -> impl Iterator<Item = &Line> {
        let inline = |at: &usize| self.test_module(*at).is_some_and(|rest| rest.contains('{'));
        let end = (0..self.lines.len()).find(inline).unwrap_or(self.lines.len());
        self.lines[..end].iter().filter(|line| !line.text.trim_start().starts_with("//"))
    }

    /// If line `at` is `#[cfg(test)]` above a module: what follows `mod `.
    fn test_module(&self, at: usize) -> Option<&str> {
        (self.lines[at].text.trim() == "#[cfg(test)]")
            .then(|| self.lines.get(at + 1))??
            .text
            .split_once("mod ")
            .map(|(_, rest)| rest)
    }

    /// Names of the modules that this file declares for tests only and keeps in files of their own.
    fn test_files(&self) -> impl Iterator<Item = String> {
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let own = self.path.trim_end_matches(".rs");
        (0..self.lines.len()).filter_map(|at| self.test_module(at)?.strip_suffix(';')).flat_map(move |name| {
            [format!("{folder}/{name}.rs"), format!("{folder}/{name}/"), format!("{own}/{name}.rs")]
        })
    }
}

/// The Rust files under `folder` that are part of the program, not of its tests.
pub(crate) fn production(root: &Path, folder: &str) -> Result<Vec<Source>, String> {
    let mut sources = read(root, folder, &[".rs"])?;
    let tests: Vec<String> = sources.iter().flat_map(Source::test_files).collect();
    sources.retain(|source| {
        !source.path.contains("/tests/") && !tests.iter().any(|test| source.path.starts_with(test.as_str()))
    });
    Ok(sources)
}

/// All files under `folder` (from the root) with one of the `endings`, in order.
pub(crate) fn read(root: &Path, folder: &str, endings: &[&str]) -> Result<Vec<Source>, String> {
    let mut paths = Vec::new();
    walk(&root.join(folder), &mut paths)?;
    paths.sort();
    let mut sources = Vec::new();
    for path in paths {
        let inside = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        if !endings.iter().any(|ending| inside.ends_with(ending)) {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(|cause| format!("{inside}: {cause}"))?;
        let lines = text.lines().enumerate();
        let lines = lines.map(|(at, line)| Line { number: at + 1, text: line.to_owned() }).collect();
        sources.push(Source { path: inside, lines });
    }
    Ok(sources)
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), String> {
    if !folder.exists() {
        return Ok(());
    }
    let entries = fs::read_dir(folder).map_err(|cause| format!("{}: {cause}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|cause| format!("{}: {cause}", folder.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !matches!(name.as_str(), "target" | "node_modules" | "dist" | "test-results" | ".git") {
                walk(&path, paths)?;
            }
        } else {
            paths.push(path);
        }
    }
    Ok(())
}
