//! What a browser calls itself, in words that we know: what a stranger writes there is not sent on.

/// The first that fits: every Chromium says Safari and Chrome, Edge says Chrome too.
const BROWSERS: [(&str, &str); 6] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
const SYSTEMS: [(&str, &str); 6] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// `Firefox, Windows`; a question mark for what is not known.
pub(super) fn of(agent: &str) -> String {
    let named = |known: &[(&str, &'static str)]| {
        known.iter().find(|(word, _)| agent.contains(word)).map_or("?", |(_, name)| *name)
    };
    format!("{}, {}", named(&BROWSERS), named(&SYSTEMS))
}

#[cfg(test)]
mod tests {
    #[test]
    fn browsers_are_named_and_strangers_are_not_quoted() {
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0";
        assert_eq!(super::of(edge), "Edge, Windows");
        assert_eq!(super::of("curl/8 http://mechant.test"), "?, ?");
    }
}
