//! Settings: each declared once, with unit, bounds, default and the price of both extremes. The struct,
//! its defaults and `beffroi config --reference` come from this text.

use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

macro_rules! settings {
    ($($(#[doc = $top:literal])+ $section:ident: $name:ident { $($(#[doc = $doc:literal])+ $key:ident: $ty:ty = $default:expr, shown $shown:literal;)+ })+) => {
        $(
            $(#[doc = $top])+
            #[derive(Clone, Debug, Deserialize)]
            #[serde(default, deny_unknown_fields)]
            pub struct $name { $($(#[doc = $doc])+ pub $key: $ty,)+ }
            impl Default for $name {
                fn default() -> Self { Self { $($key: $default,)+ } }
            }
        )+
        /// Everything that `beffroi.toml` may say.
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Settings { $($(#[doc = $top])+ pub $section: $name,)+ }

        /// (section, its text, [(key, default, text)]).
        const REFERENCE: &[(&str, &str, &[(&str, &str, &str)])] = &[
            $((stringify!($section), concat!($($top, "\n"),+), &[$((stringify!($key), $shown, concat!($($doc, "\n"),+)),)+]),)+
        ];
    };
}

settings! {
    /// Where Beffroi listens.
    listen: Listen {
        /// Address and TCP port of the web client, the API and XMPP over WebSocket.
        /// Beyond loopback a certificate is required (`[tls]`): nothing travels in clear between machines.
        http: String = "127.0.0.1:8440".into(), shown "\"127.0.0.1:8440\"";
        /// Address and UDP port of meetings' sound and picture. Empty: the same address and number as `http`.
        media: String = String::new(), shown "\"\"";
        /// Addresses (IP:PORT) under which the media port is reached from elsewhere, when a router
        /// translates them. 0 to 4 of them; a wrong one makes people wait before their first picture.
        media_public: Vec<SocketAddr> = vec![], shown "[]";
        /// How people reach this server, `https://beffroi.valmont.be`, for the links it writes.
        /// Empty: `http(s)://TENANT-DOMAIN:PORT`. Never taken from what a browser claims.
        public_url: String = String::new(), shown "\"\"";
    }
    /// Where facts and contents are kept.
    storage: Storage {
        /// `postgres://USER@HOST/DATABASE`. Empty: SQLite in the data folder, right for one machine.
        database: String = String::new(), shown "\"\"";
        /// File of the master key, mode 0600. Empty: `master.key` in the data folder. Keep a copy
        /// elsewhere than the backups: without it nothing can be read, with it everything can.
        master_key: String = String::new(), shown "\"\"";
    }
    /// The certificate that browsers see.
    tls: Tls {
        /// PEM file with the certificate and its chain.
        certificate: String = String::new(), shown "\"\"";
        /// PEM file with its private key.
        key: String = String::new(), shown "\"\"";
    }
    /// The mail server that takes what Beffroi writes: links for forgotten passwords.
    mail: Mail {
        /// `HOST:PORT` of the server that takes it, such as `smtp.valmont.be:587`. Empty: nothing is
        /// sent, and nothing that would need it is offered.
        smtp: String = String::new(), shown "\"\"";
        /// `starttls` (usual on port 587), `tls` (usual on port 465), or `none`, for a mail server on this
        /// machine alone. Never in clear because the other side does not offer better.
        tls: MailTls = MailTls::Starttls, shown "\"starttls\"";
        /// The account at that server. Empty: it takes our mail without one.
        user: String = String::new(), shown "\"\"";
        /// File with that account's password, readable by Beffroi alone.
        password_file: String = String::new(), shown "\"\"";
        /// The address that it comes from, `beffroi@valmont.be`. Answers go nowhere else.
        from: String = String::new(), shown "\"\"";
    }
    /// How long a browser stays signed in.
    sessions: Sessions {
        /// Minutes without any act before a session ends; 5 to 720. Lower protects a desk left alone,
        /// higher spares people their password. They are warned two minutes before, and can stay.
        idle_minutes: u32 = 60, shown "60";
        /// Hours after which a session ends whatever happens; 1 to 24.
        absolute_hours: u32 = 12, shown "12";
    }
    /// Who else may see that the audit log only grows.
    audit: Audit {
        /// Domains of the tenants whose signed checkpoint and hashes anybody may read under
        /// `/witness/DOMAIN/`, so that other bodies keep them and would notice a rewritten log. 0 to 1000
        /// of them. They tell how many entries there are and when, never what is in one. Empty: nobody
        /// reads them without a session, and checkpoints leave this machine by `beffroi audit export`.
        published: Vec<String> = vec![], shown "[]";
    }
    /// Which clients are served.
    clients: Clients {
        /// The oldest version of a client that is served, such as `1.4.2`; an older one is told to load
        /// again. Empty: any. Higher shuts out known holes, and whoever has not loaded the page since.
        least_version: String = String::new(), shown "\"\"";
    }
    /// What one may bring.
    limits: Limits {
        /// Bytes of one file; 1 to 1 TiB. Lower refuses large scans, higher fills the disk sooner.
        file_bytes: u64 = 20 << 30, shown "21474836480";
        /// Connected browsers of the whole server; 10 to 100000. Each costs about 40 KB.
        streams: usize = 10_000, shown "10000";
    }
}

impl Clients {
    /// The oldest version that is served.
    pub fn least(&self) -> Option<beffroi_policy::ClientVersion> {
        self.least_version.parse().ok()
    }
}

/// How the mail server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// In clear until both know each other, then TLS or not at all.
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// In clear, on this machine.
    None,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadSettings {
    /// The file named cannot be read.
    #[error("the settings {place} cannot be read; check the path and its permissions")]
    Unreadable {
        /// The file.
        place: String,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The file is not the TOML expected.
    #[error("the settings {place} are not valid; `beffroi config --reference` lists every key")]
    Invalid {
        /// The file.
        place: String,
        /// Where and why.
        #[source]
        cause: Box<toml::de::Error>,
    },
    /// A setting of a former version that is somewhere else now.
    #[error(
        "the settings {place} say `[passwords]`, which each organisation keeps itself now: take the section out of the file, then run `beffroi tenant set DOMAIN --passwords s1` for each domain that it named"
    )]
    Moved {
        /// The file.
        place: String,
    },
    /// A value out of its bounds.
    #[error("`{key} = {value}` is out of bounds: {bounds}")]
    Bounds {
        /// `section.key`.
        key: &'static str,
        /// As given.
        value: String,
        /// What is allowed.
        bounds: &'static str,
    },
}

/// Where everything of one server is: its data folder and its settings.
#[derive(Clone, Debug)]
pub struct Place {
    /// The data folder.
    pub data: PathBuf,
    /// What the file says, or the defaults.
    pub settings: Settings,
}

impl Place {
    /// Reads `config`, or `beffroi.toml` in `data` if it is there.
    ///
    /// # Errors
    /// The file named is missing, invalid, or says something out of bounds.
    pub fn read(data: &Path, config: Option<&Path>) -> Result<Self, BadSettings> {
        let usual = data.join("beffroi.toml");
        let path = config.or(usual.exists().then_some(&usual));
        let settings = match path {
            None => Settings::default(),
            Some(path) => {
                let place = path.display().to_string();
                let text = std::fs::read_to_string(path)
                    .map_err(|cause| BadSettings::Unreadable { place: place.clone(), cause })?;
                if toml::from_str::<toml::Table>(&text).is_ok_and(|table| table.contains_key("passwords")) {
                    return Err(BadSettings::Moved { place });
                }
                toml::from_str(&text)
                    .map_err(|cause| BadSettings::Invalid { place, cause: Box::new(cause) })?
            }
        };
        let place = Self { data: data.to_owned(), settings };
        place.check()?;
        Ok(place)
    }

    fn check(&self) -> Result<(), BadSettings> {
        let s = &self.settings;
        let bounds = |key, value: String, fits: bool, bounds| {
            if fits { Ok(()) } else { Err(BadSettings::Bounds { key, value, bounds }) }
        };
        let (idle, hours) = (s.sessions.idle_minutes, s.sessions.absolute_hours);
        bounds("sessions.idle_minutes", idle.to_string(), (5..=720).contains(&idle), "5 to 720 minutes")?;
        bounds("sessions.absolute_hours", hours.to_string(), (1..=24).contains(&hours), "1 to 24 hours")?;
        let bytes = s.limits.file_bytes;
        bounds(
            "limits.file_bytes",
            bytes.to_string(),
            (1..=1 << 40).contains(&bytes),
            "1 to 1099511627776 bytes",
        )?;
        let streams = s.limits.streams;
        bounds("limits.streams", streams.to_string(), (10..=100_000).contains(&streams), "10 to 100000")?;
        bounds(
            "listen.http",
            s.listen.http.clone(),
            s.listen.http.parse::<SocketAddr>().is_ok(),
            "ADDRESS:PORT, such as 127.0.0.1:8440",
        )?;
        let media = &s.listen.media;
        bounds(
            "listen.media",
            media.clone(),
            media.is_empty() || media.parse::<SocketAddr>().is_ok(),
            "ADDRESS:PORT, or nothing",
        )?;
        let public = &s.listen.public_url;
        let fits = public.is_empty()
            || ((public.starts_with("https://") || public.starts_with("http://")) && !public.ends_with('/'));
        bounds(
            "listen.public_url",
            public.clone(),
            fits,
            "https://NAME without a slash at the end, or nothing",
        )?;
        self.check_mail()?;
        let least = &s.clients.least_version;
        let fits = least.is_empty() || s.clients.least().is_some();
        bounds("clients.least_version", least.clone(), fits, "a version such as 1.4.2, or nothing")?;
        bounds(
            "tls",
            String::new(),
            s.tls.certificate.is_empty() == s.tls.key.is_empty(),
            "certificate and key go together",
        )
    }

    fn check_mail(&self) -> Result<(), BadSettings> {
        let mail = &self.settings.mail;
        if mail.smtp.is_empty() {
            return Ok(());
        }
        let bounds = |key, value: &str, fits: bool, bounds| {
            if fits { Ok(()) } else { Err(BadSettings::Bounds { key, value: value.to_owned(), bounds }) }
        };
        bounds("mail.smtp", &mail.smtp, self.smtp().is_some(), "HOST:PORT, such as smtp.valmont.be:587")?;
        let here = self.smtp().is_some_and(|(host, _)| {
            host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
        });
        let clear = mail.tls == MailTls::None;
        bounds("mail.tls", "none", !clear || here, "starttls or tls, as that server is another machine")?;
        let from = mail.from.parse::<beffroi_domain::Address>().is_ok();
        bounds("mail.from", &mail.from, from, "an e-mail address, such as beffroi@valmont.be")?;
        bounds(
            "mail.user",
            &mail.user,
            mail.user.is_empty() == mail.password_file.is_empty(),
            "user and password_file go together",
        )
    }

    /// The mail server: its name and port.
    pub fn smtp(&self) -> Option<(&str, u16)> {
        let (host, port) = self.settings.mail.smtp.rsplit_once(':')?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Some((host, port.parse().ok()?)).filter(|(host, _)| !host.is_empty())
    }

    /// Makes the data folder, readable by its owner alone, when it is not there.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn make_data_folder(&self) -> std::io::Result<()> {
        use std::os::unix::fs::DirBuilderExt as _;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.data)
    }

    /// Where to listen for HTTP.
    pub fn http(&self) -> SocketAddr {
        self.settings.listen.http.parse().expect("checked when read")
    }

    /// Where to listen for media.
    pub fn media(&self) -> SocketAddr {
        self.settings.listen.media.parse().unwrap_or_else(|_| self.http())
    }

    /// Where the store is.
    pub fn store(&self) -> beffroi_store::Settings {
        let (database, key) = (&self.settings.storage.database, &self.settings.storage.master_key);
        beffroi_store::Settings {
            database: if database.is_empty() {
                format!("sqlite:{}", self.data.join("beffroi.db").display())
            } else {
                database.clone()
            },
            blobs: self.data.join("files"),
            master_key: if key.is_empty() { self.data.join("master.key") } else { key.into() },
            create: true,
        }
    }

    /// The name in `public_url`, when there is one: then all bodies are reached there.
    pub fn shared_host(&self) -> Option<String> {
        let (_, rest) = self.settings.listen.public_url.split_once("://")?;
        let authority = rest.split('/').next()?;
        let name = authority.rsplit_once(':').map_or(authority, |(name, _)| name);
        Some(name.to_ascii_lowercase()).filter(|name| !name.is_empty())
    }

    /// What a link of this tenant starts with, without a slash at the end.
    pub fn public_url(&self, tenant_domain: &str) -> String {
        match self.settings.listen.public_url.as_str() {
            "" => {
                let scheme = if self.settings.tls.certificate.is_empty() { "http" } else { "https" };
                format!("{scheme}://{tenant_domain}:{}", self.http().port())
            }
            url => url.to_owned(),
        }
    }
}

/// The reference page: every key with its default, as a file that could be used.
pub fn reference() -> String {
    let mut text = String::from("# beffroi.toml: every setting with its default.\n");
    for (section, top, keys) in REFERENCE {
        text.push('\n');
        comment(&mut text, top);
        text.push_str(&format!("[{section}]\n"));
        for (key, default, about) in *keys {
            comment(&mut text, about);
            text.push_str(&format!("{key} = {default}\n"));
        }
    }
    text
}

fn comment(text: &mut String, lines: &str) {
    for line in lines.lines() {
        text.push_str(&format!("# {}\n", line.trim()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_is_a_valid_file_with_the_defaults() {
        let read: Settings = toml::from_str(&reference()).unwrap();
        assert_eq!(format!("{read:?}"), format!("{:?}", Settings::default()));
    }

    #[test]
    fn what_is_unknown_or_out_of_bounds_is_refused_by_name() {
        let check = |text: &str| {
            let settings: Settings = toml::from_str(text).map_err(|e| e.to_string())?;
            Place { data: "d".into(), settings }.check().map_err(|e| e.to_string())
        };
        assert!(check("[listen]\nport = 1").unwrap_err().contains("port"));
        assert!(check("[sessions]\nidle_minutes = 1").unwrap_err().contains("5 to 720"));
        assert!(check("[tls]\nkey = \"k\"").unwrap_err().contains("go together"));
        assert!(check("[listen]\nhttp = \"here\"").unwrap_err().contains("listen.http"));
        assert_eq!(check("[listen]\nhttp = \"[::1]:1\""), Ok(()));
        let mail = |smtp: &str, more: &str| {
            check(&format!("[mail]\nsmtp = \"{smtp}\"\nfrom = \"beffroi@mairie.test\"\n{more}"))
        };
        assert_eq!(mail("smtp.mairie.test:587", ""), Ok(()));
        assert_eq!(mail("[::1]:25", "tls = \"none\""), Ok(()));
        assert!(mail("smtp.mairie.test:25", "tls = \"none\"").unwrap_err().contains("another machine"));
        assert!(mail("smtp.mairie.test", "").unwrap_err().contains("HOST:PORT"));
        assert!(mail("smtp.mairie.test:587", "user = \"u\"").unwrap_err().contains("go together"));
        assert!(check("[mail]\nsmtp = \"a.test:25\"\nfrom = \"a b@c\"").unwrap_err().contains("mail.from"));
    }
}
