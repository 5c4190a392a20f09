//! What tests of several crates need. Only ever a development dependency.
//!
//! A **transcript** is a conversation that anyone can read, and a test of both ends of it:
//!
//! ```text
//! # A device binds a resource (RFC 6120 §7).
//! < <iq xmlns='jabber:client' type='set' id='1'>
//!     <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>
//! > bind
//! = bound web
//! > <iq …/>
//! @ 30s
//! ```
//!
//! `<` comes in from the other side, `=` is what we do ourselves, `@` lets time pass, `>` is what must
//! come out, `#` says why. A line that begins with two spaces continues the one before, its
//! leading spaces dropped; `\n` stands for the end of a line inside a text. `UPDATE_GOLDEN=1` rewrites the `>` lines; the diff is then reviewed like code.

mod authenticator;

pub use authenticator::{Authenticator, MAKER, MODEL};

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

/// Columns after which what came out is broken, between two elements only.
const WIDTH: usize = 108;

/// A line of a transcript that does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// `<`: comes in.
    In(&'a str),
    /// `=`: we do it.
    Ours(&'a str),
    /// `@`: time passes.
    Wait(Duration),
}

/// Replays every `.txt` of a folder; `begin` starts a conversation, and what it gives takes an input
/// and answers with what comes out.
///
/// # Panics
/// When something else comes out than is written, naming the file and the first line that differs; when
/// there is nothing to replay; when a line cannot be read.
pub fn replay<P>(folder: impl AsRef<Path>, mut begin: impl FnMut() -> P)
where
    P: FnMut(Input<'_>) -> Vec<String>,
{
    let folder = folder.as_ref();
    let entries = std::fs::read_dir(folder).unwrap_or_else(|cause| panic!("{}: {cause}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("a folder can be listed").path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "txt"));
    files.sort();
    assert!(!files.is_empty(), "{} holds no transcript", folder.display());
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = String::new();
    for path in files {
        let golden = std::fs::read_to_string(&path).expect("a transcript is UTF-8 text");
        let got = played(&golden, begin());
        if update && got != golden {
            std::fs::write(&path, &got).expect("a transcript can be written");
        } else if got != golden {
            let mut pairs = golden.lines().zip(got.lines()).enumerate();
            let (at, (expected, came)) = pairs.find(|(_, (a, b))| a != b).unwrap_or((
                golden.lines().count().min(got.lines().count()),
                ("(something else, or nothing)", "(something else, or nothing)"),
            ));
            let _ =
                write!(wrong, "\n{}:{}\n  expected {expected}\n  came     {came}", path.display(), at + 1);
        }
    }
    assert!(wrong.is_empty(), "{wrong}\nUPDATE_GOLDEN=1 rewrites the transcripts; read the diff");
}

/// The transcript as it would be written from what really comes out.
pub fn played(golden: &str, mut conversation: impl FnMut(Input<'_>) -> Vec<String>) -> String {
    let mut out = String::new();
    let mut lines = golden.lines().peekable();
    while let Some(line) = lines.next() {
        let mut whole = line.to_owned();
        let mut written = format!("{line}\n");
        while let Some(more) = lines.next_if(|next| next.starts_with("  ")) {
            whole += more.trim_start();
            let _ = writeln!(written, "{more}");
        }
        if whole.starts_with('>') {
            continue;
        }
        out += &written;
        let whole = whole.replace("\\n", "\n");
        let input = match whole.split_once(' ') {
            Some(("<", text)) => Input::In(text),
            Some(("=", text)) => Input::Ours(text),
            Some(("@", text)) => Input::Wait(duration(text)),
            _ if whole.is_empty() || whole.starts_with('#') => continue,
            _ => panic!("a line of a transcript begins with one of # < > = @ and a space, not so: {whole}"),
        };
        for text in conversation(input) {
            let _ = writeln!(out, "> {}", broken(&text.replace('\n', "\\n")));
        }
    }
    out
}

/// `250ms`, `30s`, `5min`, `2h`, `1d`.
fn duration(text: &str) -> Duration {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 =
        text[..split].parse().unwrap_or_else(|_| panic!("a time reads 250ms, 30s, 5min, 2h or 1d: {text}"));
    match &text[split..] {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "min" => Duration::from_secs(number * 60),
        "h" => Duration::from_secs(number * 3600),
        "d" => Duration::from_secs(number * 86_400),
        _ => panic!("a time reads 250ms, 30s, 5min, 2h or 1d: {text}"),
    }
}

/// Long lines continue on the next one between two elements, where nothing is lost by joining.
fn broken(text: &str) -> String {
    let (mut out, mut column) = (String::new(), 0);
    for (at, piece) in text.split("><").enumerate() {
        // Cutting between '>' and '<' took both away.
        let (before, after) = (if at == 0 { "" } else { ">" }, if at == 0 { "" } else { "<" });
        out += before;
        let length = after.len() + piece.chars().count();
        if column > 0 && column + length > WIDTH {
            out += "\n    ";
            column = 4;
        }
        out += after;
        out += piece;
        column += length + 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_is_played_in_order_and_rewritten_whole() {
        let long = format!("<a>{}</a><b>{}</b>", "x".repeat(90), "y".repeat(60));
        let golden = "# Why.\n\n< one\n  two\n> old\n> old\n= do\n@ 5min\n";
        let mut seen = vec![];
        let got = played(golden, |input| {
            seen.push(format!("{input:?}"));
            match input {
                Input::Ours(_) => vec![long.clone(), "done".into()],
                _ => vec![],
            }
        });
        assert_eq!(seen, ["In(\"onetwo\")", "Ours(\"do\")", "Wait(300s)"]);
        let (x, y) = ("x".repeat(90), "y".repeat(60));
        let expected =
            format!("# Why.\n\n< one\n  two\n= do\n> <a>{x}</a>\n    <b>{y}</b>\n> done\n@ 5min\n");
        assert_eq!(got, expected);
        assert_eq!(
            played(&got, |input| if input == Input::Ours("do") {
                vec![long.clone(), "done".into()]
            } else {
                vec![]
            }),
            got
        );
    }

    #[test]
    #[should_panic(expected = "begins with one of")]
    fn a_line_that_is_none_is_named() {
        played("hello\n", |_| vec![]);
    }
}
