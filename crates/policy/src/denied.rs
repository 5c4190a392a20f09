//! Why not.

use crate::ClientVersion;
use beffroi_domain::{Factor, MemberRank, Role};

/// Why not: a rule's name for the audit log and the client's words, and a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Another tenant's room; told to nobody as anything but "not found".
    #[error("there is no such room here")]
    Tenant,
    /// The label is a protective mark that the tenant may not use.
    #[error(
        "the mark « {label} » cannot be used here: {rule}; ask your security officer to declare an accreditation that is in force"
    )]
    Reserved {
        /// The label's name.
        label: String,
        /// The text that reserves it.
        rule: String,
    },
    /// Cleared for less than the label.
    #[error("this room is « {label} », above what you are cleared for; ask your security officer")]
    Clearance {
        /// The label's name.
        label: String,
    },
    /// The label asks for a second factor.
    #[error("« {label} » asks for a second factor; sign in again with one")]
    SecondFactor {
        /// The label's name.
        label: String,
    },
    /// The label asks for a proof that is not so old.
    #[error(
        "« {label} » asks every {hours} hours who is there, on the page; prove there once more that it is you. An application cannot, and a guest comes in by the link again"
    )]
    ProofAge {
        /// The label's name.
        label: String,
        /// For how long a proof counts.
        hours: u32,
    },
    /// The label asks for a managed device.
    #[error(
        "« {label} » opens only on a device that your organisation approved; enrol this one in « My security », and ask an administrator to approve it"
    )]
    ManagedDevice {
        /// The label's name.
        label: String,
    },
    /// The label asks for more than the body reports of the device.
    #[error(
        "« {label} » opens only on an approved device of which your organisation also reports: {lacking}; ask an administrator, who notes it under « Devices »"
    )]
    DevicePosture {
        /// The label's name.
        label: String,
        /// What is not reported.
        lacking: String,
    },
    /// The device was reported lost.
    #[error("this device was reported lost; if you have it back, enrol it again in « My security »")]
    DeviceLost,
    /// The device's key is a year old (DV9).
    #[error("this device was enrolled a year ago; enrol it again in « My security », with another key")]
    DeviceExpired,
    /// The client is older than what is served.
    #[error(
        "this client is {has}, and {least} is the oldest that is served here; load the page again, or install the newer one"
    )]
    ClientVersion {
        /// Its version.
        has: ClientVersion,
        /// The oldest one that is served.
        least: ClientVersion,
    },
    /// Not a member.
    #[error("you do not belong to this room, which `{act}` asks for; ask one of its owners")]
    Membership {
        /// The act refused.
        act: &'static str,
    },
    /// A member of too low a rank.
    #[error("`{act}` takes the rank {}, and you are {}; ask an owner of the room", from.word(), rank.word())]
    Rank {
        /// The act refused.
        act: &'static str,
        /// The lowest rank that may.
        from: MemberRank,
        /// Theirs.
        rank: MemberRank,
    },
    /// The technical role does not carry it.
    #[error("`{act}` is not for the role {}; ask an administrator", role.word())]
    Role {
        /// The act refused.
        act: &'static str,
        /// Theirs.
        role: Role,
    },
    /// Administering takes a stronger proof of who one is (ID12).
    #[error(
        "`{act}` takes {} here, and this session was opened with {}; prove it now, or add it in « My security » first",
        proof(*needs), proof(*has)
    )]
    AdministrationFactor {
        /// The act refused.
        act: &'static str,
        /// What the tenant demands.
        needs: Factor,
        /// What the session proved.
        has: Factor,
    },
    /// Administering is done from some networks only (ID12).
    #[error("`{act}` is done from the networks that your organisation named, and this is not one of them")]
    AdministrationNetwork {
        /// The act refused.
        act: &'static str,
    },
    /// Whoever sets what administering takes has not proved that much themselves.
    #[error(
        "this would take {} to administer, and your own session was opened with {}: you would lock yourself out; prove it first, adding it in « My security » if you hold none. The operator can always change it: beffroi tenant administration DOMAIN",
        proof(*needs), proof(*has)
    )]
    OwnProof {
        /// What would be demanded.
        needs: Factor,
        /// What their session proved.
        has: Factor,
    },
    /// Whoever names the networks of administration is in none of them.
    #[error(
        "none of these networks holds the address that you are calling from: you would lock yourself out; name yours too, or do this from inside. The operator can always change it: beffroi tenant administration DOMAIN"
    )]
    OwnNetwork,
    /// Nobody used the page for a while, or its person locked it (ID6).
    #[error("this session is locked; show that it is you: a passkey or your PIN opens it")]
    Locked,
    /// The body's terms were not accepted yet, or are others since (MS14).
    #[error("read and accept the charter of your organisation (version {version}) first")]
    Charter {
        /// The version to accept.
        version: i64,
    },
    /// One's own keys are changed by who proved them a moment ago.
    #[error("prove once more that it is you: this changes how you sign in")]
    Stale,
    /// Where administering takes a passkey, so does changing the keys of a technical role that holds one.
    #[error(
        "this account administers and holds a passkey: prove it with that passkey to go on. If the passkey is lost, ask another administrator, or the operator (beffroi account lost-keys)"
    )]
    OwnPasskey,
    /// Never for guests.
    #[error("guests may not do this (`{act}`)")]
    Guest {
        /// The act refused.
        act: &'static str,
    },
    /// A room of two stays one of two.
    #[error("a conversation of two has no guests; make a room to invite some")]
    Pair,
    /// The label lets no guest do this.
    #[error("« {label} » does not let guests this far")]
    LabelGuests {
        /// The label's name.
        label: String,
    },
    /// The label forbids taking files out.
    #[error("files of « {label} » rooms cannot be downloaded")]
    LabelDownload {
        /// The label's name.
        label: String,
    },
    /// The label demands end-to-end encrypted meetings, which do not exist yet.
    #[error("« {label} » asks for meetings encrypted end to end, which this server does not offer yet")]
    LabelEndToEnd {
        /// The label's name.
        label: String,
    },
    /// A protective mark would demand less than the text that reserves it.
    #[error(
        "« {label} » is a protective mark: `{fact}` may be made stricter, never laxer than what it was shipped with"
    )]
    MarkFloor {
        /// The label's name.
        label: String,
        /// What would be laxer.
        fact: &'static str,
    },
    /// A label that nothing reserves has nothing to declare.
    #[error("« {label} » is not a protective mark: it is open without any accreditation")]
    NotReserved {
        /// The label's name.
        label: String,
    },
    /// Nobody decides about themselves.
    #[error("nobody sets their own clearance; ask another security officer")]
    Oneself,
    /// Nor do administrators about their own account.
    #[error("nobody does this to their own account (`{act}`); ask another administrator")]
    OwnAccount {
        /// The act refused.
        act: &'static str,
    },
    /// Whoever manages people has nothing to do with technical roles, nor with whoever holds one.
    #[error(
        "`{act}` is not for whoever manages people when it is about the role {}; ask an administrator", role.word()
    )]
    TechnicalRole {
        /// The act refused.
        act: &'static str,
        /// The technical role of the account, or the one that was to be given.
        role: Role,
    },
    /// Whoever acts in somebody's name, to help them, looks: they speak for nobody, and are nobody's keys.
    #[error("`{act}` is not done in somebody else's name; stop acting in it first")]
    InAnothersName {
        /// The act refused.
        act: &'static str,
    },
    /// A dangerous act takes two people (ID16).
    #[error(
        "this takes a second person (`{act}`): ask for it with a reason in « Requests ». Where nobody else can approve, the operator can: beffroi request list, beffroi request approve ID"
    )]
    FourEyes {
        /// The act refused.
        act: &'static str,
    },
    /// Nobody approves what they asked for themselves.
    #[error(
        "nobody decides about what they asked for; ask another security officer. Where there is none, the operator can: beffroi request list, beffroi request approve ID"
    )]
    OwnRequest,
    /// Administrators decide about what a security officer asks, not about each other's requests.
    #[error(
        "this is for a security officer to decide; where there is none, the operator can: beffroi request list, beffroi request approve ID"
    )]
    OfficerDecides,
    /// A body without administrator could be administered by nobody.
    #[error(
        "this is the last administrator here, and nobody would administer any more; make somebody else an administrator first"
    )]
    LastAdministrator,
    /// Whoever takes a room over must be able to see it.
    #[error(
        "this room is « {label} », above what this colleague is cleared for; name somebody else, or ask your security officer"
    )]
    ColleagueClearance {
        /// The label's name.
        label: String,
    },
    /// Operators are of a body that the machine marked as operating, and only there.
    #[error(
        "operators are of an organisation that hosts others, and this one does not; whoever runs the server says which does: beffroi tenant operator DOMAIN --set on"
    )]
    NotOperating,
    /// A body is in its own hands from the moment when somebody came in.
    #[error(
        "somebody of this organisation has signed in already: it is in its own hands, and its administrators invite the others. If they lost their keys, whoever runs the server helps: beffroi account lost-keys ADDRESS"
    )]
    BodyBegun,
    /// A body that operates others is in nobody else's hands.
    #[error(
        "this organisation hosts others itself; whoever runs the server closes it, opens it or invites its administrator: beffroi tenant close, open, delegate"
    )]
    OperatingBody,
    /// Whoever hosts the body closed it.
    #[error(
        "access to this organisation is suspended by whoever hosts it; nothing of it is lost. Ask your administrator"
    )]
    BodyClosed,
    /// A file of people names what no file may set.
    #[error("an import does not set `{column}`; take that column out of the file")]
    ImportColumn {
        /// The column.
        column: &'static str,
    },
}

/// A level of proof in words.
fn proof(factor: Factor) -> &'static str {
    match factor {
        Factor::Password => "a password",
        Factor::Second => "a second factor",
        Factor::Passkey => "a passkey",
    }
}

impl Denied {
    /// What would be enough, when the refusal is about what was proved: the client asks for it and goes on.
    pub fn needs(&self) -> Option<Factor> {
        match self {
            Self::SecondFactor { .. } => Some(Factor::Second),
            Self::AdministrationFactor { needs, .. } | Self::OwnProof { needs, .. } => Some(*needs),
            Self::OwnPasskey => Some(Factor::Passkey),
            _ => None,
        }
    }

    /// The rule's name: stable, in the audit log, in the API and in the client's catalogues.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Reserved { .. } => "label-reserved",
            Self::Clearance { .. } => "clearance",
            Self::SecondFactor { .. } => "label-second-factor",
            Self::ProofAge { .. } => "label-proof-age",
            Self::ManagedDevice { .. } => "label-managed-device",
            Self::DevicePosture { .. } => "label-device-posture",
            Self::DeviceLost => "device-lost",
            Self::DeviceExpired => "device-expired",
            Self::ClientVersion { .. } => "client-version",
            Self::Membership { .. } => "membership",
            Self::Rank { .. } => "rank",
            Self::Role { .. } => "role",
            Self::AdministrationFactor { .. } => "administration-factor",
            Self::AdministrationNetwork { .. } => "administration-network",
            Self::OwnProof { .. } => "administration-own-proof",
            Self::OwnNetwork => "administration-own-network",
            Self::Locked => "locked",
            Self::Charter { .. } => "charter",
            Self::Stale => "stale",
            Self::OwnPasskey => "own-passkey",
            Self::Guest { .. } => "guest",
            Self::Pair => "pair",
            Self::LabelGuests { .. } => "label-guests",
            Self::LabelDownload { .. } => "label-download",
            Self::LabelEndToEnd { .. } => "label-end-to-end",
            Self::MarkFloor { .. } => "mark-floor",
            Self::NotReserved { .. } => "label-not-reserved",
            Self::Oneself => "oneself",
            Self::OwnAccount { .. } => "own-account",
            Self::TechnicalRole { .. } => "technical-role",
            Self::InAnothersName { .. } => "in-anothers-name",
            Self::FourEyes { .. } => "four-eyes",
            Self::OwnRequest => "own-request",
            Self::OfficerDecides => "officer-decides",
            Self::LastAdministrator => "last-administrator",
            Self::ColleagueClearance { .. } => "colleague-clearance",
            Self::NotOperating => "not-operating",
            Self::BodyBegun => "body-begun",
            Self::OperatingBody => "operating-body",
            Self::BodyClosed => "body-closed",
            Self::ImportColumn { .. } => "import-column",
        }
    }
}
