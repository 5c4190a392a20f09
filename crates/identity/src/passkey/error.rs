use webauthn_rs_core::error::WebauthnError;

use super::{MAX_ANSWER_BYTES, MOST_PASSKEYS, Place};

/// Why a passkey was neither made nor proven. Whatever it is, nobody is signed in by it.
#[derive(Debug, thiserror::Error)]
pub enum PasskeyError {
    /// A handle that authenticators would not take, or that would be guessed.
    #[error(
        "a passkey's account handle of {bytes} bytes is outside 8 to 64; store a longer or a shorter one"
    )]
    Handle {
        /// Its length.
        bytes: usize,
    },
    /// More than [`MAX_ANSWER_BYTES`].
    #[error(
        "this answer weighs {bytes} bytes and the limit is {MAX_ANSWER_BYTES}; use the passkey dialogue of the browser"
    )]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// Not what a browser answers.
    #[error("this is no answer of a browser's passkey dialogue; reload the page and try again")]
    Unreadable {
        /// What the reader of JSON said, when it was that.
        #[source]
        cause: Option<serde_json::Error>,
    },
    /// More than [`ANSWER_WITHIN_US`](super::ANSWER_WITHIN_US) between the two halves.
    #[error("the answer came more than five minutes after the question; try again")]
    TooLate,
    /// The state or the challenge is of another exchange: perhaps of another window, perhaps a replay.
    #[error("this answer belongs to another attempt; try again in this window")]
    OtherExchange,
    /// Spoken from another page than ours: phishing, or a server that does not know its own address.
    #[error(
        "the passkey was used on a page that is not {expected}; open that address, or ask the operator to set \
         listen.public_url to the address that people use"
    )]
    OtherPage {
        /// The origin that we are.
        expected: String,
    },
    /// Made for, or bound to, another name than ours.
    #[error("this passkey belongs to another site than {rp_id}; make one here")]
    OtherSite {
        /// Who we are.
        rp_id: String,
    },
    /// The page was inside another site's frame.
    #[error("passkeys do not work inside a frame of another site; open the page in its own window")]
    Framed,
    /// UV=0, or even UP=0: somebody touched it, nobody was recognised.
    #[error(
        "the device did not check who you are; set up a PIN, fingerprint or face on it, or use another passkey"
    )]
    NotVerified,
    /// A signature that is not this passkey's.
    #[error("the signature is not this passkey's; try again, or use another one")]
    Signature,
    /// Its counter went back or stood still: there are two of it.
    #[error(
        "this passkey has answered out of order and may have been copied; remove it, and tell your administrator"
    )]
    CounterWentBack,
    /// What was fixed when it was made has changed: whether it can be copied to other devices.
    #[error("this passkey is no longer the kind that it was when it was made; remove it and make it again")]
    Altered,
    /// Not stored, or not among those asked for.
    #[error("this passkey is not known here any more; remove it from your device, or use another one")]
    Unknown,
    /// Known, but of somebody else than the state, the account or the authenticator says.
    #[error("this passkey is another account's; choose yours")]
    OtherAccount,
    /// The authenticator holds one of this account already.
    #[error("this device already holds a passkey of your account; use that one")]
    AlreadyHere,
    /// [`MOST_PASSKEYS`] are enough.
    #[error("{MOST_PASSKEYS} passkeys are the most; remove one that you no longer use")]
    TooMany,
    /// Nothing could prove this account here.
    #[error("this account has no passkey for {rp_id}; make one first")]
    NoneHere {
        /// Who we are.
        rp_id: String,
    },
    /// The kind of signature is not one of those offered.
    #[error("this device signs in a way that is not taken here; use another one")]
    Algorithm,
    /// It was to say who made it, and does not.
    #[error("this device does not say who made it, and your organisation asks for that; use a security key")]
    NotAttested,
    /// It says who made it, and they are not trusted.
    #[error(
        "this device's maker is not among those that your organisation trusts; use a key that it gave out"
    )]
    UnknownMaker {
        /// What is wrong with the chain.
        #[source]
        cause: Box<WebauthnError>,
    },
    /// An attested registration is finished without the list: our mistake, never a yes.
    #[error("no list of trusted makers was given; set one, or stop asking devices for their maker")]
    NoMakers,
    /// Not a list of certificates.
    #[error(
        "these are no PEM certificates of makers, or more than 200; give those that the FIDO metadata service or the maker publishes"
    )]
    BadMakers,
    /// A stored row that is damaged, or of a newer version. Not a wrong passkey.
    #[error("the stored passkey cannot be read; remove it and make it again")]
    Stored {
        /// What the reader of JSON said, when it was that.
        #[source]
        cause: Option<serde_json::Error>,
    },
    /// Anything else that is wrong with the answer.
    #[error("the device's answer cannot be accepted; try again, or use another device")]
    Refused {
        /// What the library said.
        #[source]
        cause: Box<WebauthnError>,
    },
}

pub(super) fn refusal(cause: WebauthnError, place: &Place) -> PasskeyError {
    match cause {
        WebauthnError::MismatchedChallenge | WebauthnError::InvalidClientDataType => {
            PasskeyError::OtherExchange
        }
        WebauthnError::InvalidRPOrigin => PasskeyError::OtherPage { expected: place.origin() },
        WebauthnError::InvalidRPIDHash => PasskeyError::OtherSite { rp_id: place.rp_id.clone() },
        WebauthnError::CredentialCrossOrigin => PasskeyError::Framed,
        WebauthnError::UserNotPresent | WebauthnError::UserNotVerified => PasskeyError::NotVerified,
        WebauthnError::AuthenticationFailure | WebauthnError::SignatureInvalid => PasskeyError::Signature,
        WebauthnError::CredentialPossibleCompromise => PasskeyError::CounterWentBack,
        WebauthnError::CredentialBackupEligibilityInconsistent
        | WebauthnError::CredentialMayNotBeHardwareBound => PasskeyError::Altered,
        WebauthnError::CredentialAlteredAlgFromRequest => PasskeyError::Algorithm,
        WebauthnError::CredentialExcludedFromRequest => PasskeyError::AlreadyHere,
        cause => PasskeyError::Refused { cause: Box::new(cause) },
    }
}
