//! Hands letters over to the body's own mail server, and writes those that nobody may wait for.
//!
//! What is to be sent is in the store (`beffroi_store::Letter`); this task takes what is due, one letter after the
//! other. Text only, no picture, nothing that tells whether it was read.

use crate::clock;
use crate::command::Failure;
use crate::settings::{MailTls, Place};
use beffroi_app::{App, Origin};
use beffroi_domain::Micros;
use beffroi_store::{MailRow, StoreError};
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::{ExposeSecret as _, SecretString};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Errands that wait at most; the next one is dropped, and whoever asked may ask again.
const QUEUE: usize = 256;
/// How long the mail server may take for one command.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often the store is looked at without being asked: for what is tried again.
const ROUND: Duration = Duration::from_secs(5);
/// The wait after the first failure; it doubles with each, up to [`LONGEST_WAIT`].
const FIRST_WAIT: Micros = 15_000_000;
const LONGEST_WAIT: Micros = 3_600_000_000;

/// The way to the mail server.
pub struct Carrier {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
}

/// Why a letter was not taken: nothing of it, because what the other side answers may name people.
#[derive(Debug, thiserror::Error)]
#[error("{what}{}", .code.map(|code| format!(" ({code})")).unwrap_or_default())]
pub struct Undelivered {
    what: &'static str,
    code: Option<u16>,
}

impl From<lettre::transport::smtp::Error> for Undelivered {
    fn from(error: lettre::transport::smtp::Error) -> Self {
        let what = if error.is_timeout() {
            "the mail server does not answer"
        } else if error.is_tls() {
            "the mail server cannot be spoken to in private: its certificate is not trusted here, or not its own"
        } else if error.is_permanent() {
            "the mail server refuses"
        } else if error.is_transient() {
            "the mail server says later"
        } else if error.is_client() {
            "the mail server does not offer what the settings ask for"
        } else {
            "the mail server cannot be reached"
        };
        Self { what, code: error.status().map(u16::from) }
    }
}

impl Carrier {
    /// The one of the settings; none when no mail server is set.
    ///
    /// # Errors
    /// The password cannot be read, or there are no certificates to trust.
    pub fn of(place: &Place) -> Result<Option<Self>, Failure> {
        let Some((host, port)) = place.smtp() else { return Ok(None) };
        let mail = &place.settings.mail;
        let from: Address =
            mail.from.parse().map_err(|cause| format!("`mail.from` is no address: {cause}"))?;
        let parameters = || {
            TlsParameters::new_rustls(host.to_owned()).map_err(|cause| {
                format!("this machine trusts no certificates ({cause}); install ca-certificates")
            })
        };
        let tls = match mail.tls {
            MailTls::Starttls => Tls::Required(parameters()?),
            MailTls::Tls => Tls::Wrapper(parameters()?),
            MailTls::None => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(port)
            .tls(tls)
            .timeout(Some(PATIENCE))
            .hello_name(ClientId::Domain(from.domain().to_owned()));
        if !mail.user.is_empty() {
            let password =
                std::fs::read_to_string(&mail.password_file).map(SecretString::from).map_err(|cause| {
                    format!("the mail password {} cannot be read: {cause}", mail.password_file)
                })?;
            let password = password.expose_secret().trim_end_matches(['\r', '\n']).to_owned();
            builder = builder.credentials(Credentials::new(mail.user.clone(), password));
        }
        Ok(Some(Self { transport: builder.build(), from }))
    }

    /// Whether the mail server answers, as far as greeting, encryption and account.
    ///
    /// # Errors
    /// Why not.
    pub async fn reachable(&self) -> Result<(), Undelivered> {
        match self.transport.test_connection().await? {
            true => Ok(()),
            false => Err(Undelivered { what: "the mail server hangs up", code: None }),
        }
    }

    async fn carry(&self, mail: &MailRow) -> Result<(), Undelivered> {
        let unwritable = |_| Undelivered { what: "the address cannot stand in a mail", code: None };
        let to: Address = mail.address.as_str().parse().map_err(unwritable)?;
        // RFC 3834: written by a program; absence notes and lists do not answer it.
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let message = Message::builder()
            .from(Mailbox::new(None, self.from.clone()))
            .to(Mailbox::new(None, to))
            .subject(mail.subject.clone())
            // The same number when it is handed over twice: the other side may know it again.
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.domain())))
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text.as_str().to_owned())
            .map_err(|_| Undelivered { what: "the letter cannot be written", code: None })?;
        self.transport.send(message).await?;
        Ok(())
    }
}

/// Where letters are asked for.
#[derive(Clone)]
pub struct Door(mpsc::Sender<Errand>);

enum Errand {
    /// Somebody forgot their password, or says so.
    Forgotten(String, Origin),
    /// A letter was written that somebody waits for.
    Hurry,
}

impl Door {
    /// Somebody forgot the password of this address. The answer does not wait for it: how long it takes would tell
    /// whether there is such an account.
    pub fn forgotten(&self, address: String, origin: Origin) {
        if self.0.try_send(Errand::Forgotten(address, origin)).is_err() {
            tracing::warn!("too many letters are asked for at once; one was not written");
        }
    }

    /// A letter was written that somebody waits for: sends it now instead of with the next round.
    pub fn hurry(&self) {
        // With a full queue it is looked at soon anyway.
        let _ = self.0.try_send(Errand::Hurry);
    }
}

/// The task.
pub struct Postman {
    door: Door,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Postman {
    /// Starts; what was written before the last stop is sent now.
    pub fn start(app: App, place: Arc<Place>, carrier: Carrier) -> Self {
        let (door, errands) = mpsc::channel(QUEUE);
        let (stop, stopping) = oneshot::channel();
        let task = tokio::spawn(Round { app, place, carrier }.walk(errands, stopping));
        Self { door: Door(door), stop, task }
    }

    /// Where letters are asked for.
    pub fn door(&self) -> Door {
        self.door.clone()
    }

    /// Writes what was asked for, and goes home; what is not sent is sent after the next start.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        if self.task.await.is_err() {
            tracing::error!("the postman ended badly; letters are kept and sent after the next start");
        }
    }
}

struct Round {
    app: App,
    place: Arc<Place>,
    carrier: Carrier,
}

impl Round {
    async fn walk(self, mut errands: mpsc::Receiver<Errand>, mut stopping: oneshot::Receiver<()>) {
        let mut round = tokio::time::interval(ROUND);
        round.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                errand = errands.recv() => match errand {
                    Some(errand) => self.write(errand).await,
                    None => return,
                },
                _ = round.tick() => {}
                _ = &mut stopping => break,
            }
            tokio::select! {
                () = self.send_due() => {}
                _ = &mut stopping => break,
            }
        }
        while let Ok(errand) = errands.try_recv() {
            self.write(errand).await;
        }
    }

    async fn write(&self, errand: Errand) {
        let Errand::Forgotten(address, origin) = errand else { return };
        let public_url = |domain: &str| self.place.public_url(domain);
        if let Err(error) = self.app.write_forgotten(&address, public_url, &origin, clock::now()).await {
            tracing::error!(error = &error as &dyn std::error::Error, "a letter could not be written");
        }
    }

    async fn send_due(&self) {
        if let Err(error) = self.try_send_due().await {
            tracing::error!(error = &error as &dyn std::error::Error, "letters could not be read; later");
        }
    }

    async fn try_send_due(&self) -> Result<(), StoreError> {
        let store = self.app.store();
        loop {
            let due = store.due_mail(clock::now()).await?;
            if due.is_empty() {
                return Ok(());
            }
            for mail in due {
                if mail.until <= clock::now() {
                    tracing::warn!(mail = %mail.id, tries = mail.tries, "a letter was given up: too late for what it says");
                    store.mail_done(mail.id).await?;
                    continue;
                }
                match self.carrier.carry(&mail).await {
                    Ok(()) => store.mail_done(mail.id).await?,
                    Err(why) => {
                        let wait = FIRST_WAIT.saturating_mul(1 << mail.tries.min(20)).min(LONGEST_WAIT);
                        tracing::warn!(mail = %mail.id, tries = mail.tries + 1, %why, "a letter was not taken; it is tried again");
                        store.mail_failed(mail.id, clock::now() + wait).await?;
                    }
                }
            }
        }
    }
}
