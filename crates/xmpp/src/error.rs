//! What is answered when something cannot be done. RFC 6120 §4.9 (streams) and §8.3 (stanzas).

use crate::ns;
use crate::xml::Xml;

/// A defined condition of a stanza error, RFC 6120 §8.3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// The stanza makes no sense.
    BadRequest,
    /// Something of that name is there already.
    Conflict,
    /// Understood, not offered.
    FeatureNotImplemented,
    /// The policy says no.
    Forbidden,
    /// It was here once.
    Gone,
    /// Our fault.
    InternalServerError,
    /// No such room, person, event.
    ItemNotFound,
    /// An address that is none.
    JidMalformed,
    /// Understood, and refused for what it holds.
    NotAcceptable,
    /// Nobody may do this.
    NotAllowed,
    /// Sign in (again) first.
    NotAuthorized,
    /// Too much, too fast.
    PolicyViolation,
    /// Not here at the moment.
    RecipientUnavailable,
    /// For members only.
    RegistrationRequired,
    /// Another server, which is not talked to.
    RemoteServerNotFound,
    /// Full, or busy.
    ResourceConstraint,
    /// Nobody answers this here.
    ServiceUnavailable,
    /// Not now.
    UnexpectedRequest,
}

impl Condition {
    /// The name of its element.
    pub fn word(self) -> &'static str {
        self.entry().0
    }

    /// The `type` that RFC 6120 §8.3.3 gives it.
    pub fn kind(self) -> &'static str {
        self.entry().1
    }

    fn entry(self) -> (&'static str, &'static str) {
        match self {
            Self::BadRequest => ("bad-request", "modify"),
            Self::Conflict => ("conflict", "cancel"),
            Self::FeatureNotImplemented => ("feature-not-implemented", "cancel"),
            Self::Forbidden => ("forbidden", "auth"),
            Self::Gone => ("gone", "cancel"),
            Self::InternalServerError => ("internal-server-error", "cancel"),
            Self::ItemNotFound => ("item-not-found", "cancel"),
            Self::JidMalformed => ("jid-malformed", "modify"),
            Self::NotAcceptable => ("not-acceptable", "modify"),
            Self::NotAllowed => ("not-allowed", "cancel"),
            Self::NotAuthorized => ("not-authorized", "auth"),
            Self::PolicyViolation => ("policy-violation", "wait"),
            Self::RecipientUnavailable => ("recipient-unavailable", "wait"),
            Self::RegistrationRequired => ("registration-required", "auth"),
            Self::RemoteServerNotFound => ("remote-server-not-found", "cancel"),
            Self::ResourceConstraint => ("resource-constraint", "wait"),
            Self::ServiceUnavailable => ("service-unavailable", "cancel"),
            Self::UnexpectedRequest => ("unexpected-request", "wait"),
        }
    }
}

/// Why a stanza is refused: a condition for the program, a sentence for the person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {text}", condition.word())]
pub struct StanzaError {
    /// The condition.
    pub condition: Condition,
    /// A sentence; nothing is written when empty.
    pub text: String,
    /// The rule of the policy that refused, which clients say in their own words.
    pub rule: Option<&'static str>,
}

impl StanzaError {
    /// A condition with its sentence.
    pub fn new(condition: Condition, text: impl Into<String>) -> Self {
        Self { condition, text: text.into(), rule: None }
    }

    /// Refused by this rule of the policy: an application-specific condition, RFC 6120 §8.3.4.
    #[must_use]
    pub fn by(self, rule: &'static str) -> Self {
        Self { rule: Some(rule), ..self }
    }

    /// Writes the `<error/>` of a stanza.
    pub(crate) fn write(&self, x: &mut Xml<'_>) {
        x.open("error", ns::CLIENT).attr("type", self.condition.kind());
        x.empty(self.condition.word(), ns::STANZA_ERRORS);
        if !self.text.is_empty() {
            x.open("text", ns::STANZA_ERRORS).text(&self.text).close();
        }
        if let Some(rule) = self.rule {
            x.open("denied", ns::POLICY).attr("rule", rule).close();
        }
        x.close();
    }
}

impl From<Condition> for StanzaError {
    fn from(condition: Condition) -> Self {
        Self::new(condition, String::new())
    }
}

/// A defined condition of a stream error, RFC 6120 §4.9.3. Each one ends the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamError {
    /// Well-formed XML that cannot be processed.
    BadFormat,
    /// The same resource was bound elsewhere.
    Conflict,
    /// Silence.
    ConnectionTimeout,
    /// Not a domain of this server.
    HostUnknown,
    /// Our fault.
    InternalServerError,
    /// `from` is somebody else.
    InvalidFrom,
    /// Not the namespace of a stream or of a client's stanza.
    InvalidNamespace,
    /// Signed out, disabled, or not signed in yet.
    NotAuthorized,
    /// Not XML.
    NotWellFormed,
    /// Too large, too deep, too many, too fast.
    PolicyViolation,
    /// No room for one more.
    ResourceConstraint,
    /// Comment, processing instruction, DTD, entity.
    RestrictedXml,
    /// The server is going down.
    SystemShutdown,
    /// Neither message, presence nor iq.
    UnsupportedStanzaType,
    /// Not XMPP 1.0.
    UnsupportedVersion,
}

impl StreamError {
    /// The name of its element.
    pub fn word(self) -> &'static str {
        match self {
            Self::BadFormat => "bad-format",
            Self::Conflict => "conflict",
            Self::ConnectionTimeout => "connection-timeout",
            Self::HostUnknown => "host-unknown",
            Self::InternalServerError => "internal-server-error",
            Self::InvalidFrom => "invalid-from",
            Self::InvalidNamespace => "invalid-namespace",
            Self::NotAuthorized => "not-authorized",
            Self::NotWellFormed => "not-well-formed",
            Self::PolicyViolation => "policy-violation",
            Self::ResourceConstraint => "resource-constraint",
            Self::RestrictedXml => "restricted-xml",
            Self::SystemShutdown => "system-shutdown",
            Self::UnsupportedStanzaType => "unsupported-stanza-type",
            Self::UnsupportedVersion => "unsupported-version",
        }
    }

    /// The `<stream:error/>` frame; a `<close/>` frame must follow it (RFC 7395 §3.5).
    ///
    /// The prefix is written as in the examples of the RFC: some clients look for `stream:error` by name.
    pub fn frame(self, text: &str) -> String {
        let mut x = Xml::new();
        x.open("stream:error", "").attr("xmlns:stream", ns::STREAM);
        x.empty(self.word(), ns::STREAM_ERRORS);
        if !text.is_empty() {
            x.open("text", ns::STREAM_ERRORS).text(text).close();
        }
        x.finish()
    }
}
