//! No clock, randomness, file, socket or task outside `store` and `server` (invariant 1).

use std::path::Path;

use crate::{Offence, sources};

/// The crates that calculate.
const PURE: [&str; 7] = ["domain", "policy", "xmpp", "dav", "sfu", "identity", "app"];

/// What reaches outside, and the argument that should have come in instead.
const REACHES: [(&str, &str); 14] = [
    ("SystemTime::now", "take `now_us` as an argument"),
    ("Instant::now", "take `now` as an argument"),
    ("std::fs", "take the bytes as an argument"),
    ("File::open", "take the bytes as an argument"),
    ("TcpStream", "turn it into bytes in, bytes out"),
    ("TcpListener", "turn it into bytes in, bytes out"),
    ("UdpSocket", "turn it into bytes in, bytes out"),
    ("thread::spawn", "return what should be done; server does it"),
    ("thread::sleep", "return when to be called again"),
    ("tokio::spawn", "return what should be done; server does it"),
    ("tokio::time", "return when to be called again"),
    ("SystemRandom", "take the entropy as an argument"),
    ("getrandom", "take the entropy as an argument"),
    ("std::env", "take the setting as an argument"),
];

pub(crate) fn check(root: &Path) -> Result<Vec<Offence>, String> {
    let mut offences = Vec::new();
    for name in PURE {
        for source in sources::production(root, &format!("crates/{name}/src"))? {
            for line in source.code() {
                for (reach, instead) in REACHES {
                    if line.text.contains(reach) {
                        offences.push(format!("{}:{} uses {reach}: {instead}", source.path, line.number));
                    }
                }
            }
        }
    }
    Ok(offences)
}
