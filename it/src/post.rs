//! A mail server: the real `aiosmtpd`, a process of its own that keeps what it is given in a Maildir.

use crate::{House, free_port, soon};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// The mail server of a test.
#[derive(Debug)]
pub struct Post {
    /// Where it listens on loopback.
    pub port: u16,
    maildir: PathBuf,
    child: Option<Child>,
}

/// A letter as it was received.
#[derive(Clone, Debug)]
pub struct Received {
    /// The head and the body as they came.
    pub raw: String,
    /// The body, decoded.
    pub text: String,
}

impl Received {
    /// A header of the letter, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.raw.split("\n\n").next()?.replace("\n ", " ").replace("\n\t", " ");
        let prefix = format!("{}:", name.to_ascii_lowercase());
        let found = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&prefix))?;
        Some(found[prefix.len()..].trim().to_owned())
    }

    /// The first link of the letter.
    ///
    /// # Panics
    /// When it has none.
    pub fn link(&self) -> String {
        let line = self.text.lines().find(|line| line.starts_with("http"));
        line.unwrap_or_else(|| panic!("no link in {}", self.text)).trim().to_owned()
    }
}

/// `BEFFROI_MAIL_PYTHON`, or the Python that `scripts/test.sh needs` made.
fn python() -> PathBuf {
    if let Some(named) = std::env::var_os("BEFFROI_MAIL_PYTHON") {
        return named.into();
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).unwrap_or_else(|| {
        PathBuf::from(std::env::var_os("HOME").expect("somebody runs this")).join(".cache")
    });
    cache.join("beffroi/mail-venv/bin/python")
}

impl Post {
    /// A place for one that does not run yet: nobody answers at its port.
    pub fn closed(house: &House) -> Self {
        Self { port: free_port(), maildir: house.beside("letters"), child: None }
    }

    /// One that runs.
    pub async fn open(house: &House) -> Self {
        let mut post = Self::closed(house);
        post.start(&[]).await;
        post
    }

    /// Starts it, with more of its own arguments, and waits until it greets.
    ///
    /// # Panics
    /// When it cannot be started: `scripts/test.sh needs` installs it.
    pub async fn start(&mut self, more: &[&str]) {
        let python = python();
        let listen = format!("127.0.0.1:{}", self.port);
        let child = Command::new(&python)
            .args(["-m", "aiosmtpd", "-n", "-l", &listen])
            .args(more)
            .args(["-c", "aiosmtpd.handlers.Mailbox"])
            .arg(&self.maildir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|wrong| panic!("{}: {wrong}; run scripts/test.sh needs", python.display()));
        self.child = Some(child);
        let greets = async {
            while tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        soon("the mail server's greeting", greets).await;
    }

    /// What the settings say to use it.
    pub fn settings(&self) -> String {
        format!(
            "[mail]\nsmtp = \"127.0.0.1:{}\"\ntls = \"none\"\nfrom = \"beffroi@mairie.test\"\n",
            self.port
        )
    }

    /// What came until now, in no order.
    pub fn received(&self) -> Vec<Received> {
        let Ok(folder) = std::fs::read_dir(self.maildir.join("new")) else { return vec![] };
        let read = |path: PathBuf| {
            let raw = std::fs::read_to_string(path).ok()?.replace("\r\n", "\n");
            let text = body(&raw);
            Some(Received { raw, text })
        };
        folder.filter_map(|entry| read(entry.ok()?.path())).collect()
    }

    /// Waits until `count` letters came.
    pub async fn letters(&self, count: usize) -> Vec<Received> {
        let come = async {
            loop {
                let received = self.received();
                if received.len() >= count {
                    return received;
                }
                tokio::task::yield_now().await;
            }
        };
        soon("a letter", come).await
    }
}

/// Quoted-printable, base64 or plain, as the head says.
fn body(raw: &str) -> String {
    let (head, body) = raw.split_once("\n\n").unwrap_or((raw, ""));
    let head = head.to_ascii_lowercase();
    if head.contains("content-transfer-encoding: base64") {
        use base64::Engine as _;
        let joined: String = body.split_whitespace().collect();
        let bytes = base64::engine::general_purpose::STANDARD.decode(joined).expect("base64, as it says");
        return String::from_utf8(bytes).expect("UTF-8, as it says");
    }
    if !head.contains("content-transfer-encoding: quoted-printable") {
        return body.to_owned();
    }
    let mut bytes = vec![];
    let joined = body.replace("=\n", "");
    let mut rest = joined.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'=' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
        let text = std::str::from_utf8(&digits).expect("two digits");
        bytes.push(u8::from_str_radix(text, 16).expect("two digits"));
    }
    String::from_utf8(bytes).expect("UTF-8, as it says")
}

impl Drop for Post {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
