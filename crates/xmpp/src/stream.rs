//! One connection of a client, from the first `<open/>` to the last `<close/>`.
//!
//! RFC 7395 for the frames; RFC 6120 §4 for streams, §6 for SASL, §7 for resource binding; XEP-0178
//! version 1.2 for `EXTERNAL`, where "the certificate" is the session cookie of the upgrade request.
//!
//! Who comes with a session is offered `EXTERNAL`; who comes without one is an application, and is offered
//! `SCRAM-SHA-256`, whose messages are carried here and read in `identity`. `PLAIN` is not: the clients that
//! reach a WebSocket speak SCRAM, and a proxy that ends TLS on the way need not see passwords.

use crate::element::{BadXml, Element};
use crate::error::{Condition, StanzaError, StreamError};
use crate::jid::Jid;
use crate::ns;
use crate::stanza::{self, Stanza};
use crate::xml::Xml;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What to do next, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send this frame.
    Send(String),
    /// Say who the connection belongs to by calling [`Stream::authenticated`].
    Authenticate {
        /// Whom the client says it is, a bare JID; nothing leaves it to the session.
        authzid: Option<String>,
    },
    /// Take this message of SCRAM and answer with [`Stream::challenge`], [`Stream::proved`] or, for a
    /// failure, [`Stream::authenticated`].
    Scram {
        /// Whether it begins a try; what was left of an earlier one is forgotten.
        first: bool,
        /// The message.
        message: Vec<u8>,
    },
    /// Give the connection a resource by calling [`Stream::bound`] or [`Stream::bind_refused`].
    Bind {
        /// What the client asks for.
        resource: Option<String>,
    },
    /// Act upon this.
    Stanza(Box<Stanza>),
    /// Close the socket once everything is sent.
    Close,
}

/// Why SASL fails, RFC 6120 §6.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthFailure {
    /// The account is switched off.
    AccountDisabled,
    /// The session is over.
    CredentialsExpired,
    /// The authzid is not the session's own address.
    InvalidAuthzid,
    /// A message of SCRAM that is none.
    MalformedRequest,
    /// No session, or no such password.
    NotAuthorized,
    /// Who it is cannot be read at the moment.
    TemporaryAuthFailure,
}

impl AuthFailure {
    fn word(self) -> &'static str {
        match self {
            Self::AccountDisabled => "account-disabled",
            Self::CredentialsExpired => "credentials-expired",
            Self::InvalidAuthzid => "invalid-authzid",
            Self::MalformedRequest => "malformed-request",
            Self::NotAuthorized => "not-authorized",
            Self::TemporaryAuthFailure => "temporary-auth-failure",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mechanism {
    External,
    Scram,
}

impl Mechanism {
    fn name(self) -> &'static str {
        match self {
            Self::External => "EXTERNAL",
            Self::Scram => "SCRAM-SHA-256",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// Waits for `<open/>`.
    Fresh,
    /// Waits for `<auth/>`.
    Opened,
    /// Waits for `<response/>`: `<auth/>` came without initial response.
    Challenged(Mechanism),
    /// Waits for [`Stream::authenticated`].
    Authenticating,
    /// Waits for [`Stream::challenge`], or for a failure.
    Challenging,
    /// Waits for `<response/>` to the challenge of SCRAM.
    Proving,
    /// Waits for [`Stream::proved`], or for a failure.
    Judging,
    /// Waits for the second `<open/>`.
    Authenticated,
    /// Waits for the bind request.
    Reopened,
    /// Waits for [`Stream::bound`]; the id of the request.
    Binding(String),
    /// Stanzas.
    Bound,
    /// `<close/>` was sent.
    Closed,
}

/// Tries at SASL on one connection before it is closed; RFC 6120 §6.4.5 says 2 to 5.
const MOST_TRIES: u32 = 3;

/// The server's side of one connection.
#[derive(Clone, Debug)]
pub struct Stream {
    domain: String,
    rooms: String,
    /// What the first `<open/>` may name.
    served: Vec<String>,
    offered: Mechanism,
    ids: [String; 2],
    state: State,
    tries: u32,
    account: String,
    full: String,
}

impl Stream {
    /// A connection to `domain`. `ids` are the ids of its two streams, before and after sign-in:
    /// unpredictable (RFC 6120 §4.7.3) and never used twice.
    pub fn new(domain: &str, ids: [String; 2]) -> Self {
        Self {
            domain: domain.to_owned(),
            rooms: format!("rooms.{domain}"),
            served: vec![domain.to_owned()],
            offered: Mechanism::External,
            ids,
            state: State::Fresh,
            tries: 0,
            account: String::new(),
            full: String::new(),
        }
    }

    /// A connection of someone without a session, to whichever of the `served` domains they name; `host` is
    /// what they called this server, and only its name in errors.
    pub fn of_application(host: &str, served: Vec<String>, ids: [String; 2]) -> Self {
        Self { served, offered: Mechanism::Scram, ..Self::new(host, ids) }
    }

    /// The domain that the client named.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The full address, empty before binding.
    pub fn full(&self) -> &str {
        &self.full
    }

    /// The bare address, empty before sign-in.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Whether stanzas may be sent to the client.
    pub fn is_bound(&self) -> bool {
        self.state == State::Bound
    }

    /// Takes a WebSocket text message. Never panics.
    pub fn handle_frame(&mut self, frame: &str) -> Vec<Step> {
        if self.state == State::Closed {
            // Only the other half of the handshake matters; the rest was on its way.
            return match Element::parse(frame) {
                Ok(element) if element.is("close", ns::FRAMING) => vec![Step::Close],
                _ => vec![],
            };
        }
        let element = match Element::parse(frame) {
            Ok(element) => element,
            Err(bad) => return self.fail(broken(&bad), &bad.to_string()),
        };
        if element.is("close", ns::FRAMING) {
            // RFC 7395 §3.6: answered in kind, then the socket goes.
            self.state = State::Closed;
            return vec![Step::Send(close_frame()), Step::Close];
        }
        match self.state {
            State::Fresh | State::Authenticated => self.open(&element),
            State::Opened | State::Challenged(_) | State::Proving => self.sasl(&element),
            State::Reopened => self.bind(&element),
            State::Bound => self.stanza(&element),
            State::Authenticating | State::Challenging | State::Judging | State::Binding(_) => {
                self.fail(StreamError::PolicyViolation, "wait for the answer before sending more")
            }
            State::Closed => vec![],
        }
    }

    /// Answers [`Step::Authenticate`] with the session's bare address, and a failure to [`Step::Scram`] too.
    pub fn authenticated(&mut self, who: Result<&str, AuthFailure>) -> Vec<Step> {
        match (who, &self.state) {
            (Ok(account), State::Authenticating) => {
                let account = account.to_owned();
                self.succeeded(account, b"")
            }
            (Err(failure), State::Authenticating | State::Challenging | State::Judging) => {
                self.sasl_failure(failure.word())
            }
            _ => vec![],
        }
    }

    /// Answers the first [`Step::Scram`] of a try with the challenge.
    pub fn challenge(&mut self, challenge: &[u8]) -> Vec<Step> {
        if self.state != State::Challenging {
            return vec![];
        }
        self.state = State::Proving;
        let mut x = Xml::new();
        x.open("challenge", ns::SASL).text(STANDARD.encode(challenge));
        vec![Step::Send(x.finish())]
    }

    /// Answers the second [`Step::Scram`] of a try: it was the password of `account`, and `last` proves that
    /// we know it.
    pub fn proved(&mut self, account: &str, last: &[u8]) -> Vec<Step> {
        if self.state != State::Judging {
            return vec![];
        }
        self.succeeded(account.to_owned(), last)
    }

    fn succeeded(&mut self, account: String, last: &[u8]) -> Vec<Step> {
        self.account = account;
        self.state = State::Authenticated;
        let mut x = Xml::new();
        x.open("success", ns::SASL);
        if !last.is_empty() {
            x.text(STANDARD.encode(last));
        }
        vec![Step::Send(x.finish())]
    }

    /// Answers [`Step::Bind`] with the resource given.
    pub fn bound(&mut self, resource: &str) -> Vec<Step> {
        let State::Binding(id) = &self.state else { return vec![] };
        let full = format!("{}/{resource}", self.account);
        let mut x = Xml::new();
        x.open("iq", ns::CLIENT).attr("type", "result").attr("id", id);
        x.open("bind", ns::BIND).leaf("jid", &full);
        self.full = full;
        self.state = State::Bound;
        vec![Step::Send(x.finish())]
    }

    /// Answers [`Step::Bind`] with a no: too many devices, say (RFC 6120 §7.6.2.1). The client may ask
    /// again.
    pub fn bind_refused(&mut self, error: &StanzaError) -> Vec<Step> {
        let State::Binding(id) = &self.state else { return vec![] };
        let frame = crate::iq::error(id, "", &self.account, error);
        self.state = State::Reopened;
        vec![Step::Send(frame)]
    }

    /// Ends the stream from our side with an error: signed out ([`StreamError::NotAuthorized`]), going
    /// down ([`StreamError::SystemShutdown`]), another device with this resource
    /// ([`StreamError::Conflict`]), too slow a reader ([`StreamError::ResourceConstraint`]).
    pub fn fail(&mut self, error: StreamError, text: &str) -> Vec<Step> {
        if self.state == State::Closed {
            return vec![];
        }
        let mut steps = vec![];
        if self.state == State::Fresh {
            // RFC 6120 §4.9.1.2: an error before our opening comes after it.
            steps.push(Step::Send(self.open_frame()));
        }
        self.state = State::Closed;
        steps.extend([Step::Send(error.frame(text)), Step::Send(close_frame()), Step::Close]);
        steps
    }

    /// Ends the stream from our side without an error; the socket may stay until the client answers.
    pub fn close(&mut self) -> Vec<Step> {
        if self.state == State::Closed {
            return vec![];
        }
        self.state = State::Closed;
        vec![Step::Send(close_frame())]
    }

    fn open(&mut self, element: &Element) -> Vec<Step> {
        if element.name != "open" || element.ns != ns::FRAMING {
            return self.fail(StreamError::InvalidNamespace, "a stream begins with <open/> (RFC 7395 §3.4)");
        }
        let to = element.attr("to");
        let named =
            self.served.iter().position(|domain| to.is_some_and(|to| to.eq_ignore_ascii_case(domain)));
        let Some(named) = named else {
            let text =
                format!("{} is not served here", to.filter(|to| to.len() < 256).unwrap_or("this domain"));
            return self.fail(StreamError::HostUnknown, &text);
        };
        // The second opening names the same again.
        self.domain = self.served.swap_remove(named);
        self.rooms = format!("rooms.{}", self.domain);
        self.served = vec![self.domain.clone()];
        // RFC 6120 §4.7.5: no version is 0.9; a higher minor or major one is answered with ours.
        let major =
            element.attr("version").and_then(|version| version.split_once('.')).map(|(major, _)| major);
        if major.and_then(|major| major.parse::<u32>().ok()).is_none_or(|major| major < 1) {
            return self.fail(StreamError::UnsupportedVersion, "XMPP 1.0 is spoken here");
        }
        let open = Step::Send(self.open_frame());
        let (next, features) = if self.state == State::Fresh {
            (State::Opened, features_before(self.offered))
        } else {
            (State::Reopened, features_after())
        };
        self.state = next;
        vec![open, Step::Send(features)]
    }

    fn open_frame(&self) -> String {
        let id = if self.account.is_empty() { &self.ids[0] } else { &self.ids[1] };
        let mut x = Xml::new();
        x.open("open", ns::FRAMING).attr("from", &self.domain).attr("id", id);
        x.attr("version", "1.0").attr("xml:lang", "fr");
        x.finish()
    }

    fn sasl(&mut self, element: &Element) -> Vec<Step> {
        if element.ns != ns::SASL {
            return self.fail(StreamError::NotAuthorized, "sign in first");
        }
        match (element.name.as_str(), &self.state) {
            ("abort", _) => self.sasl_failure("aborted"),
            ("auth", State::Opened) => {
                let mechanism = match element.attr("mechanism") {
                    // Whoever has no session is told so, rather than that there is no such mechanism.
                    Some("EXTERNAL") => Mechanism::External,
                    Some(name) if name == self.offered.name() => self.offered,
                    _ => return self.sasl_failure("invalid-mechanism"),
                };
                if element.content().trim().is_empty() {
                    // RFC 6120 §6.4.2: no initial response is asked for by an empty challenge.
                    self.state = State::Challenged(mechanism);
                    let mut x = Xml::new();
                    x.open("challenge", ns::SASL);
                    return vec![Step::Send(x.finish())];
                }
                self.response(mechanism, element)
            }
            ("response", State::Challenged(mechanism)) => self.response(*mechanism, element),
            ("response", State::Proving) => match decoded(element) {
                Some(message) => {
                    self.state = State::Judging;
                    vec![Step::Scram { first: false, message }]
                }
                None => self.sasl_failure("incorrect-encoding"),
            },
            _ => self.sasl_failure("malformed-request"),
        }
    }

    fn response(&mut self, mechanism: Mechanism, element: &Element) -> Vec<Step> {
        let Some(message) = decoded(element) else { return self.sasl_failure("incorrect-encoding") };
        if mechanism == Mechanism::Scram {
            self.state = State::Challenging;
            return vec![Step::Scram { first: true, message }];
        }
        let authzid = match String::from_utf8(message) {
            Err(_) => return self.sasl_failure("incorrect-encoding"),
            Ok(nothing) if nothing.is_empty() => None,
            Ok(authzid) => match authzid.parse::<Jid>() {
                Ok(jid) if jid.is_bare() && jid.local.is_some() => Some(jid.bare()),
                _ => return self.sasl_failure("invalid-authzid"),
            },
        };
        self.state = State::Authenticating;
        vec![Step::Authenticate { authzid }]
    }

    fn sasl_failure(&mut self, word: &'static str) -> Vec<Step> {
        self.tries += 1;
        self.state = State::Opened;
        let mut x = Xml::new();
        x.open("failure", ns::SASL).child(word);
        let mut steps = vec![Step::Send(x.finish())];
        if self.tries >= MOST_TRIES {
            steps.extend(self.fail(StreamError::PolicyViolation, "too many tries at signing in"));
        }
        steps
    }

    fn bind(&mut self, element: &Element) -> Vec<Step> {
        if element.ns != ns::CLIENT {
            return self.fail(StreamError::InvalidNamespace, "stanzas are of jabber:client");
        }
        let bind = element.find("bind", ns::BIND);
        let (Some(bind), Some(id), "iq", Some("set")) =
            (bind, element.attr("id"), element.name.as_str(), element.attr("type"))
        else {
            // RFC 6120 §7.1: nothing else before a resource is bound.
            return self.fail(StreamError::NotAuthorized, "bind a resource first");
        };
        let resource = bind.find("resource", ns::BIND).map(|r| r.content().into_owned());
        let resource = resource.filter(|resource| !resource.is_empty());
        let id: String = id.chars().take(stanza::MOST_ID).collect();
        self.state = State::Binding(id);
        match &resource {
            Some(text) if format!("a@b/{text}").parse::<Jid>().is_err() => {
                let text = "a resource has 1 to 1023 bytes and no control character";
                self.bind_refused(&StanzaError::new(Condition::BadRequest, text))
            }
            _ => vec![Step::Bind { resource }],
        }
    }

    fn stanza(&mut self, element: &Element) -> Vec<Step> {
        if element.ns != ns::CLIENT {
            let known = matches!(&*element.ns, ns::FRAMING | ns::SASL);
            let error = if known { StreamError::PolicyViolation } else { StreamError::InvalidNamespace };
            return self.fail(error, "after signing in, stanzas of jabber:client are expected");
        }
        if !matches!(element.name.as_str(), "message" | "presence" | "iq") {
            return self
                .fail(StreamError::UnsupportedStanzaType, "a stanza is a message, a presence or an iq");
        }
        // RFC 6120 §8.1.2.1.
        if let Some(from) = element.attr("from") {
            let own = from.parse::<Jid>().is_ok_and(|jid| {
                let text = jid.to_string();
                text == self.full || text == self.account
            });
            if !own {
                return self.fail(StreamError::InvalidFrom, "`from` is not the address of this connection");
            }
        }
        match stanza::decode(element, &self.rooms) {
            Ok(stanza) => vec![Step::Stanza(Box::new(stanza))],
            Err(unfit) => crate::iq::unfit(&unfit, &self.full).map(Step::Send).into_iter().collect(),
        }
    }
}

fn broken(bad: &BadXml) -> StreamError {
    match bad {
        BadXml::Long(_) | BadXml::Deep | BadXml::Elements | BadXml::Attributes(_) => {
            StreamError::PolicyViolation
        }
        BadXml::Restricted(_) => StreamError::RestrictedXml,
        BadXml::Malformed(_) => StreamError::NotWellFormed,
    }
}

/// What a SASL element carries; `=` is an answer of no bytes (RFC 6120 §6.4.2).
fn decoded(element: &Element) -> Option<Vec<u8>> {
    let content = element.content();
    match content.trim() {
        "" | "=" => Some(vec![]),
        text => STANDARD.decode(text).ok(),
    }
}

/// `<close/>`.
fn close_frame() -> String {
    let mut x = Xml::new();
    x.open("close", ns::FRAMING);
    x.finish()
}

// As in RFC 7395 §3.3.2, with the prefix of its examples: some clients look for `stream:features` by name.
fn features<'n>() -> Xml<'n> {
    let mut x = Xml::new();
    x.open("stream:features", "").attr("xmlns:stream", ns::STREAM);
    x
}

fn features_before(offered: Mechanism) -> String {
    let mut x = features();
    x.open("mechanisms", ns::SASL).leaf("mechanism", offered.name());
    x.finish()
}

fn features_after() -> String {
    let mut x = features();
    x.empty("bind", ns::BIND);
    x.open("session", ns::SESSION).child("optional");
    x.finish()
}
