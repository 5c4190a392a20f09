//! Puts the built web client (`web/dist`) into the program, so that `beffroi` is one file.
//!
//! Writes `web_client.rs`: a table of (path, media type, plain, brotli, gzip, cached for ever). Without
//! `web/dist` the table is empty and the server says how to build it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    let dist = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the crate is"))
        .join("../../web/dist");
    println!("cargo::rerun-if-changed={}", dist.display());
    let mut files = vec![];
    collect(&dist, &mut files);
    files.sort();
    let mut table = String::from("&[\n");
    for file in &files {
        let path = file.strip_prefix(&dist).expect("collected below dist").to_string_lossy().into_owned();
        if path.ends_with(".br") || path.ends_with(".gz") || path.ends_with(".map") {
            continue;
        }
        let with = |ending: &str| {
            let packed = PathBuf::from(format!("{}.{ending}", file.display()));
            if packed.exists() { format!("Some(include_bytes!({packed:?}))") } else { "None".to_owned() }
        };
        writeln!(
            table,
            "    Asset {{ path: {path:?}, media_type: {:?}, plain: include_bytes!({file:?}), brotli: {}, gzip: {}, forever: {} }},",
            media_type(&path),
            with("br"),
            with("gz"),
            path.starts_with("assets/"),
        )
        .expect("a String takes any text");
    }
    table.push(']');
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("web_client.rs");
    std::fs::write(out, table).expect("OUT_DIR is writable");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    println!("cargo::rerun-if-changed={}", folder.display());
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" | "webmanifest" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
