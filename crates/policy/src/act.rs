//! Everything that can be asked for, and what each asks of who wants it.

use crate::Denied;
use beffroi_domain::{Guests, MemberRank, Role, Room, RoomKind};

/// What an act in a room demands.
pub struct Demand {
    pub(crate) name: &'static str,
    /// The lowest rank of a member who may.
    pub(crate) from: MemberRank,
    /// What the label must give guests for a guest to be allowed; `None`: never.
    pub(crate) guests: Option<Guests>,
    /// Administrators may without belonging to the room, because it shows no content.
    pub(crate) governs: bool,
    /// It only looks: whoever acts in somebody's name, to help them, may. They say and change nothing as that person.
    pub(crate) looks: bool,
    /// What the room itself forbids, to anybody: by its label, or because it is one of two.
    pub(crate) fact: Option<fn(&Room) -> Option<Denied>>,
}

mod sealed {
    pub trait Sealed {}
}

/// Something that one does in a room.
pub trait RoomAct: sealed::Sealed {
    /// Its name in the audit log and in the golden table.
    const NAME: &'static str;
    #[doc(hidden)]
    const DEMAND: Demand;
}

/// Something that one does in a tenant.
pub trait TenantAct: sealed::Sealed {
    /// Its name in the audit log and in the golden table.
    const NAME: &'static str;
    /// The technical roles that carry it.
    const ROLES: &'static [Role];
    /// It administers: the tenant says what whoever does it must have proved, and from where (ID12).
    const ADMINISTERS: bool;
}

macro_rules! room_acts { ($($(#[doc = $doc:literal])+ $act:ident $name:literal from $from:ident, guests $guests:expr, governs $governs:literal, looks $looks:literal, fact $fact:expr;)+) => {
    $(
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub struct $act;
        impl sealed::Sealed for $act {}
        impl RoomAct for $act {
            const NAME: &'static str = $name;
            const DEMAND: Demand = Demand { name: $name, from: MemberRank::$from, guests: $guests, governs: $governs, looks: $looks, fact: $fact };
        }
    )+
    #[cfg(test)]
    pub(crate) const ROOM_ACTS: &[(&str, fn(&crate::Actor, &beffroi_domain::Room) -> Option<Denied>)] =
        &[$(($name, |actor, room| crate::decide::<$act>(actor, room).err())),+];
} }

room_acts! {
    /// Read the conversation, the members and the list of files.
    ReadRoom "room.read" from Member, guests Some(Guests::Room), governs false, looks true, fact None;
    /// Say something in the room.
    Speak "room.speak" from Member, guests Some(Guests::Room), governs false, looks false, fact None;
    /// Put a file into the room.
    AddFile "file.add" from Member, guests None, governs false, looks false, fact None;
    /// Take a file out of the room.
    ReadFile "file.read" from Member, guests Some(Guests::Room), governs false, looks true, fact Some(download);
    /// Ring the bell.
    Ring "meeting.ring" from Member, guests None, governs false, looks false, fact Some(meetings);
    /// Be in the meeting.
    JoinMeeting "meeting.join" from Member, guests Some(Guests::Meeting), governs false, looks false, fact Some(meetings);
    /// Read what is said in the meeting's conversation.
    ReadMeetingTalk "meeting.read" from Member, guests Some(Guests::Meeting), governs false, looks true, fact None;
    /// Say something in the meeting's conversation.
    SpeakInMeeting "meeting.speak" from Member, guests Some(Guests::Meeting), governs false, looks false, fact None;
    /// Wait at the door of a meeting.
    Knock "meeting.knock" from Member, guests Some(Guests::Meeting), governs false, looks false, fact Some(meetings);
    /// Let in, send away, remove, lower hands, end.
    KeepDoor "meeting.keep" from Moderator, guests None, governs false, looks false, fact None;
    /// Make or close a link for guests.
    InviteGuest "guest.invite" from Moderator, guests None, governs false, looks false, fact Some(guests);
    /// Add, change or remove members.
    ManageMembers "members.manage" from Owner, guests None, governs true, looks false, fact None;
    /// Change the label.
    Relabel "room.relabel" from Owner, guests None, governs true, looks false, fact None;
    /// Change the name or the topic.
    Rename "room.rename" from Owner, guests None, governs true, looks false, fact None;
}

macro_rules! tenant_acts { ($($(#[doc = $doc:literal])+ $act:ident $name:literal administers $administers:literal, $roles:expr;)+) => {
    $(
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub struct $act;
        impl sealed::Sealed for $act {}
        impl TenantAct for $act {
            const NAME: &'static str = $name;
            const ROLES: &'static [Role] = $roles;
            const ADMINISTERS: bool = $administers;
        }
    )+
    #[cfg(test)]
    pub(crate) const TENANT_ACTS: &[(&str, fn(&crate::Actor) -> Option<Denied>)] =
        &[$(($name, |actor| crate::decide_in_tenant::<$act>(actor).err())),+];
} }

tenant_acts! {
    /// See who works here.
    ReadPeople "people.read" administers false, &Role::ALL;
    /// Make a room.
    CreateRoom "room.create" administers false, &[Role::Agent, Role::BusinessAdministrator, Role::SecurityOfficer, Role::Administrator, Role::Operator];
    /// Invite, disable, enable, reset, take lost keys away, end everything of somebody who leaves. Whoever
    /// manages people does it to agents only.
    ManageAccounts "accounts.manage" administers true, &[Role::BusinessAdministrator, Role::Administrator];
    /// Add people from a file, and rename those who are there: whoever they are, so not for who manages agents.
    ImportPeople "people.import" administers true, &[Role::Administrator];
    /// Approve devices as the body's, withdraw them, note what is known of them: labels open on their word.
    ManageDevices "devices.manage" administers true, &[Role::Administrator];
    /// See the body's own roles, who holds them and the rooms that they bring.
    ReadBusinessRoles "business-roles.read" administers true, &[Role::Auditor, Role::BusinessAdministrator, Role::SecurityOfficer, Role::Administrator];
    /// Make and change the body's own roles, give them and take them away, say which rooms they bring.
    ManageBusinessRoles "business-roles.manage" administers true, &[Role::BusinessAdministrator, Role::Administrator];
    /// Change somebody's technical role, never one's own.
    ManageRoles "roles.manage" administers true, &[Role::Administrator];
    /// Say what whoever administers must have proved, and from where, and whose passkeys count. Not for
    /// administrators: it is what holds them.
    ManageAdministration "administration.manage" administers true, &[Role::SecurityOfficer];
    /// Read the audit log.
    ReadAudit "audit.read" administers true, &[Role::Auditor, Role::SecurityOfficer, Role::Administrator];
    /// Make, list and revoke one's own application passwords.
    UseApplications "applications.use" administers false, &Role::ALL;
    /// See all accounts and rooms with their labels, without contents.
    ReadRooms "rooms.list" administers true, &[Role::Auditor, Role::BusinessAdministrator, Role::SecurityOfficer, Role::Administrator];
    /// See what the body declared and what its labels demand.
    ReadOrganisation "organisation.read" administers true, &[Role::Auditor, Role::SecurityOfficer, Role::Administrator];
    /// Change the name and the colour of the body, publish its charter.
    ManageOrganisation "organisation.manage" administers true, &[Role::Administrator];
    /// Choose what passwords must be. Who creates accounts does not also make them easier to guess.
    ManagePasswords "passwords.manage" administers true, &[Role::SecurityOfficer];
    /// Say after how many idle minutes pages lock.
    ManageLock "lock.manage" administers true, &[Role::SecurityOfficer];
    /// Say what is told at once to who keeps the body safe. Whoever can administer is watched by it: not for
    /// administrators.
    ManageAlerts "alerts.manage" administers true, &[Role::SecurityOfficer];
    /// Change what labels demand and allow, declare and withdraw accreditations. Whoever gives rooms their
    /// labels is not who decides what these are worth: not for administrators.
    ManageLabels "labels.manage" administers true, &[Role::SecurityOfficer];
    /// Say up to which label someone is cleared, never oneself.
    ManageClearance "clearance.manage" administers true, &[Role::SecurityOfficer];
    /// See which dangerous acts wait for a second person, and what became of them.
    ReadRequests "requests.read" administers true, &[Role::Auditor, Role::SecurityOfficer, Role::Administrator];
    /// Approve or refuse a dangerous act that somebody else asked for.
    DecideRequests "requests.decide" administers true, &[Role::SecurityOfficer, Role::Administrator];
    /// Say whether dangerous acts wait for a second person.
    ManageFourEyes "four-eyes.manage" administers true, &[Role::SecurityOfficer, Role::Administrator];
    /// Act as an agent for a while, to help them.
    Impersonate "impersonate" administers true, &[Role::Administrator];
    /// See which bodies this server hosts: names, numbers of people, states; nothing that is in one of them.
    ReadBodies "bodies.read" administers true, &[Role::Operator];
    /// Host another body, invite its first administrator, close it and open it again.
    ManageBodies "bodies.manage" administers true, &[Role::Operator];
}

fn download(Room { label, .. }: &Room) -> Option<Denied> {
    (!label.download).then(|| Denied::LabelDownload { label: label.name.clone() })
}

fn guests(Room { label, kind, .. }: &Room) -> Option<Denied> {
    if *kind == RoomKind::Direct {
        return Some(Denied::Pair);
    }
    (label.guests == Guests::No).then(|| Denied::LabelGuests { label: label.name.clone() })
}

/// Meetings are not end-to-end encrypted yet: where the label demands it, there is no meeting.
fn meetings(Room { label, .. }: &Room) -> Option<Denied> {
    label.end_to_end.then(|| Denied::LabelEndToEnd { label: label.name.clone() })
}
