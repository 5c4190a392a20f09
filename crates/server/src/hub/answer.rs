//! Errors of use cases as stanza errors.

use beffroi_app::Error;
use beffroi_domain::meeting::Refused;
use beffroi_xmpp::{Condition, StanzaError};

/// What a client is told.
pub(super) fn stanza_error(error: &Error) -> StanzaError {
    let condition = match error {
        Error::Denied(beffroi_policy::Denied::Tenant) | Error::NotFound(_) => Condition::ItemNotFound,
        Error::Denied(_) => Condition::Forbidden,
        Error::Invalid(_) | Error::WeakPassword(_) | Error::WeakPin(_) => Condition::BadRequest,
        Error::Conflict(_) | Error::Unconfirmed { .. } => Condition::Conflict,
        Error::Wait(_) | Error::Busy => Condition::ResourceConstraint,
        Error::WrongCredentials
        | Error::WrongCode
        | Error::WrongPasskey(_)
        | Error::ForeignPasskey(_)
        | Error::WrongPin { .. }
        | Error::Wiped => Condition::NotAuthorized,
        Error::Store(cause) => {
            tracing::error!(error = cause as &dyn std::error::Error, "the store failed");
            Condition::InternalServerError
        }
    };
    let told = StanzaError::new(condition, error.to_string());
    match error {
        Error::Denied(denied) if condition == Condition::Forbidden => told.by(denied.rule()),
        _ => told,
    }
}

/// What a meeting refuses.
pub(super) fn refused(refused: Refused) -> StanzaError {
    let condition = match refused {
        Refused::Full(_) | Refused::Crowded(_) => Condition::ResourceConstraint,
        Refused::NotAdmitted => Condition::Forbidden,
        Refused::Gone | Refused::NotCalled => Condition::ItemNotFound,
    };
    StanzaError::new(condition, refused.to_string())
}

pub(super) fn not_found(what: &str) -> StanzaError {
    StanzaError::new(Condition::ItemNotFound, format!("there is no such {what} here"))
}
