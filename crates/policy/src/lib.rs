//! Who may do what, and why not: the only place where a "no" is born.
//!
//! Pure and total. [`decide`] answers for a room, [`decide_in_tenant`] for the body as a whole; both
//! give a proof that `store` asks for, or a [`Denied`] with the name of the rule and a sentence. The
//! whole policy is printed by a test as `policy.golden.txt`: changing a right means changing that table.

mod act;
mod administration;
mod bodies;
mod clients;
mod denied;
mod devices;
mod labels;
mod people;
mod requests;
mod session;

pub use act::{
    AddFile, CreateRoom, DecideRequests, Impersonate, ImportPeople, InviteGuest, JoinMeeting, KeepDoor,
    Knock, ManageAccounts, ManageAdministration, ManageAlerts, ManageBodies, ManageBusinessRoles,
    ManageClearance, ManageDevices, ManageFourEyes, ManageLabels, ManageLock, ManageMembers,
    ManageOrganisation, ManagePasswords, ManageRoles, ReadAudit, ReadBodies, ReadBusinessRoles, ReadFile,
    ReadMeetingTalk, ReadOrganisation, ReadPeople, ReadRequests, ReadRoom, ReadRooms, Relabel, Rename, Ring,
    RoomAct, Speak, SpeakInMeeting, TenantAct, UseApplications,
};
pub use administration::{decide_administration, decide_makers, still_administers};
pub use bodies::{
    BodiesPermit, BodyAct, BodyStanding, at_the_machine, decide_body, decide_door, decide_manage_bodies,
    decide_read_bodies, may_hold,
};
pub use clients::{BadVersion, ClientVersion, decide_client};
pub use denied::Denied;
pub use devices::{DevicePermit, decide_device};
pub use labels::{Danger, danger, decide_accredit, decide_change, label_above_floor, label_accreditable};
pub use people::{decide_about, decide_touching, may_import_column, may_take_over, someone_administers};
pub use requests::{AskPermit, HELP_US, REQUEST_US, RIGHT_US, alone, decide_ask, decide_request};
pub use session::{Asked, Passage, decide_passage};

use act::Demand;
use beffroi_domain::{
    AccountId, Factor, GuestId, Guests, Label, MemberRank, Micros, Rank, Reported, Role, Room, RoomId,
    RoomKind, TenantId,
};
use std::marker::PhantomData;

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// A person of a tenant.
    Account(AccountId),
    /// Someone let in by link.
    Guest(GuestId),
}

/// Everything the policy needs to know about who acts, now, from this session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub who: Who,
    /// Their tenant; for a guest, the one whose room they visit.
    pub tenant: TenantId,
    /// Technical role; `Agent` for a guest, where it gives nothing.
    pub role: Role,
    /// The highest label they may see.
    pub clearance: Rank,
    /// What they proved when signing in, or since.
    pub factor: Factor,
    /// The administrator who acts in their name, when it is not themselves.
    pub helper: Option<AccountId>,
    /// What their tenant asks of who administers.
    pub administration: Administration,
    /// What the body reports of the device at which they sit; nothing when it is none that the body manages.
    pub managed_device: Option<Reported>,
    /// When they last proved who they are, in this session; nothing for an application, which only proves what it
    /// holds.
    pub identified: Option<Micros>,
    /// Their rank in the room at hand, if they belong to it; `Guest` for a guest of this very room.
    pub membership: Option<MemberRank>,
    /// When they ask: an accreditation ends by itself.
    pub now: Micros,
}

/// Who acts, as the log tells it: with what proof they administer, and who acts in their name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acting {
    /// In whose name.
    pub who: Who,
    /// What the session proved, when the act administers or changes how one signs in.
    pub factor: Option<Factor>,
    /// The administrator who acts in their name, to help them.
    pub helper: Option<AccountId>,
}

impl From<Who> for Acting {
    fn from(who: Who) -> Self {
        Self { who, factor: None, helper: None }
    }
}

/// What a tenant asks of who administers, as it stands for this session (ID12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Administration {
    /// The weakest proof that will do.
    pub factor: Factor,
    /// Whether the session calls from a network that the tenant named, or the tenant named none.
    pub inside: bool,
}

/// Someone about to change how they sign in: their factors, their application passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// What they proved in this session.
    pub factor: Factor,
    /// Whether they hold anything beside a password.
    pub holds_factor: bool,
    /// Whether they hold a passkey.
    pub holds_passkey: bool,
    /// Whether the last proof is younger than [`FRESH_US`].
    pub fresh: bool,
}

/// How long a proof counts as given a moment ago, in microseconds: 15 minutes.
pub const FRESH_US: i64 = 15 * 60 * 1_000_000;

/// Proof that someone may change how they themselves sign in.
#[derive(Debug)]
pub struct OwnPermit {
    account: AccountId,
    tenant: TenantId,
    factor: Factor,
}

impl OwnPermit {
    /// Whose.
    pub fn account(&self) -> AccountId {
        self.account
    }
    /// Of which tenant.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }
    /// The same, as the log tells it: with what they had proved.
    pub fn acting(&self) -> Acting {
        Acting { who: Who::Account(self.account), factor: Some(self.factor), helper: None }
    }
}

/// May someone change how they themselves sign in? A session left open on a desk, or stolen, must not be
/// enough to add a key to the account or to take one away.
///
/// # Errors
/// `Stale` when what they proved is too little or too old, `OwnPasskey` when it must be a passkey; `Guest`.
pub fn decide_own(actor: &Actor, holder: Holder) -> Result<OwnPermit, Denied> {
    let account = decide_oneself(actor, "factor.manage")?;
    let enough = own_proof(actor, holder);
    if holder.factor >= enough && holder.fresh {
        return Ok(OwnPermit { account, tenant: actor.tenant, factor: holder.factor });
    }
    Err(if enough == Factor::Passkey { Denied::OwnPasskey } else { Denied::Stale })
}

/// What proves that it is somebody themselves who changes how they sign in. Where administering takes a passkey,
/// a technical role that holds one is not taken over with a password and six digits that were fished: a weaker
/// proof does not count as one given a moment ago either.
pub fn own_proof(actor: &Actor, holder: Holder) -> Factor {
    let guarded = actor.role != Role::Agent && actor.administration.factor == Factor::Passkey;
    match holder {
        Holder { holds_passkey: true, .. } if guarded => Factor::Passkey,
        Holder { holds_factor: true, .. } => Factor::Second,
        _ => Factor::Password,
    }
}

/// Is it the person themselves who asks for what is theirs alone, such as how they sign in?
///
/// # Errors
/// `InAnothersName`; `Guest`.
pub fn decide_oneself(actor: &Actor, act: &'static str) -> Result<AccountId, Denied> {
    match actor.who {
        Who::Account(_) if actor.helper.is_some() => Err(Denied::InAnothersName { act }),
        Who::Account(account) => Ok(account),
        Who::Guest(_) => Err(Denied::Guest { act }),
    }
}

/// Proof that the policy allowed `A` in a room. Only this crate makes one, and the functions of `store`
/// that read or change a room take one: code that forgets to ask, or asks for something else, does not
/// compile.
#[derive(Debug)]
pub struct Permit<A> {
    tenant: TenantId,
    room: RoomId,
    acting: Acting,
    act: PhantomData<A>,
}

impl<A> Permit<A> {
    /// The room it holds for.
    pub fn room(&self) -> RoomId {
        self.room
    }
    /// The tenant of that room.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }
    /// Who was allowed.
    pub fn who(&self) -> Who {
        self.acting.who
    }
    /// The same, as the log tells it.
    pub fn acting(&self) -> Acting {
        self.acting
    }
}

/// Proof that the policy allowed `A` in a tenant.
#[derive(Debug)]
pub struct TenantPermit<A> {
    tenant: TenantId,
    acting: Acting,
    act: PhantomData<A>,
}

impl<A> TenantPermit<A> {
    /// The tenant it holds for.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }
    /// Who was allowed.
    pub fn who(&self) -> Who {
        self.acting.who
    }
    /// The same, as the log tells it.
    pub fn acting(&self) -> Acting {
        self.acting
    }
}

/// May `actor` do `A` in `room`?
///
/// # Errors
/// The first rule that forbids it, the gravest first.
pub fn decide<A: RoomAct>(actor: &Actor, room: &Room) -> Result<Permit<A>, Denied> {
    let demand = A::DEMAND;
    if actor.tenant != room.tenant {
        return Err(Denied::Tenant);
    }
    if !demand.looks && actor.helper.is_some() {
        return Err(Denied::InAnothersName { act: A::NAME });
    }
    let governs = governing(actor, &demand)?;
    match actor.who {
        Who::Guest(_) => guest_may(actor, room, &demand)?,
        Who::Account(_) => {
            // Whoever governs sees names and labels, never contents; the label's demands are about contents.
            if !governs {
                label_lets_in(actor, &room.label, &demand)?;
                let rank = actor.membership.ok_or(Denied::Membership { act: A::NAME })?;
                if rank < demand.from {
                    return Err(Denied::Rank { act: A::NAME, from: demand.from, rank });
                }
            }
        }
    }
    if let Some(no) = demand.fact.and_then(|fact| fact(room)) {
        return Err(no);
    }
    Ok(Permit { tenant: room.tenant, room: room.id, acting: acting(actor, governs), act: PhantomData })
}

/// May `actor` give `room` the label `to`?
///
/// # Errors
/// What forbids relabelling at all, then what forbids this label.
pub fn decide_relabel(actor: &Actor, room: &Room, to: &Label) -> Result<Permit<Relabel>, Denied> {
    let permit = decide::<Relabel>(actor, room)?;
    label_usable(to, actor.now)?;
    if !governing(actor, &Relabel::DEMAND)? {
        cleared(actor, to)?;
    }
    Ok(permit)
}

/// May `actor` make a room of this label?
///
/// # Errors
/// What forbids it.
pub fn decide_create(actor: &Actor, label: &Label) -> Result<TenantPermit<CreateRoom>, Denied> {
    let permit = decide_in_tenant::<CreateRoom>(actor)?;
    label_usable(label, actor.now)?;
    cleared(actor, label)?;
    assured(actor, label)?;
    Ok(permit)
}

/// May `actor` do `A` in their tenant?
///
/// # Errors
/// `Role` when their role does not carry it.
pub fn decide_in_tenant<A: TenantAct>(actor: &Actor) -> Result<TenantPermit<A>, Denied> {
    match actor.who {
        Who::Account(_) if A::ROLES.contains(&actor.role) => {
            // Whoever acts in somebody's name sees who works here, and does nothing else as that person.
            if A::NAME != ReadPeople::NAME {
                decide_oneself(actor, A::NAME)?;
            }
            if A::ADMINISTERS {
                administers(actor, A::NAME)?;
            }
            Ok(TenantPermit { tenant: actor.tenant, acting: acting(actor, A::ADMINISTERS), act: PhantomData })
        }
        Who::Account(_) => Err(Denied::Role { act: A::NAME, role: actor.role }),
        Who::Guest(_) => Err(Denied::Guest { act: A::NAME }),
    }
}

/// Proof for the operator at the machine itself, who needs no permission from a tenant: the command
/// line, the first start. What they do is audited like everything else.
pub fn operator<A: TenantAct>(tenant: TenantId, on_behalf: AccountId) -> TenantPermit<A> {
    TenantPermit { tenant, acting: Who::Account(on_behalf).into(), act: PhantomData }
}

/// May `actor` say up to which label this account is cleared?
///
/// # Errors
/// `Role`; `Oneself` for their own.
pub fn decide_clear(actor: &Actor, whose: AccountId) -> Result<TenantPermit<ManageClearance>, Denied> {
    let permit = decide_in_tenant::<ManageClearance>(actor)?;
    if actor.who == Who::Account(whose) { Err(Denied::Oneself) } else { Ok(permit) }
}

/// May a room carry this label at this moment, whoever asks?
///
/// # Errors
/// `Reserved`, citing the rule, for a protective mark without an accreditation in force.
pub fn label_open(label: &Label, now: Micros) -> Result<(), Denied> {
    label_usable(label, now)
}

/// Whether `actor` does this as an administrator, from outside the room. One whose rank in the room is
/// enough, and who did not prove what administering takes, does it as the member they are.
fn governing(actor: &Actor, demand: &Demand) -> Result<bool, Denied> {
    let oneself = matches!(actor.who, Who::Account(_)) && actor.helper.is_none();
    if !demand.governs || actor.role != Role::Administrator || !oneself {
        return Ok(false);
    }
    let belongs = actor.membership.is_some_and(|rank| rank >= demand.from);
    match administers(actor, demand.name) {
        Ok(()) => Ok(true),
        Err(_) if belongs => Ok(false),
        Err(no) => Err(no),
    }
}

/// Whether enough was proved, from the right place, to administer.
fn administers(actor: &Actor, act: &'static str) -> Result<(), Denied> {
    let Administration { factor: needs, inside } = actor.administration;
    if actor.factor < needs {
        return Err(Denied::AdministrationFactor { act, needs, has: actor.factor });
    }
    if inside { Ok(()) } else { Err(Denied::AdministrationNetwork { act }) }
}

fn acting(actor: &Actor, administers: bool) -> Acting {
    Acting { who: actor.who, factor: administers.then_some(actor.factor), helper: actor.helper }
}

fn guest_may(actor: &Actor, room: &Room, demand: &Demand) -> Result<(), Denied> {
    let label = &room.label;
    label_usable(label, actor.now)?;
    if room.kind == RoomKind::Direct {
        return Err(Denied::Pair);
    }
    if actor.membership != Some(MemberRank::Guest) {
        return Err(Denied::Membership { act: demand.name });
    }
    match (demand.guests, label.guests) {
        (None, _) => Err(Denied::Guest { act: demand.name }),
        (Some(needed), given) if given >= needed => assured(actor, label),
        (Some(_), _) => Err(Denied::LabelGuests { label: label.name.clone() }),
    }
}

fn label_lets_in(actor: &Actor, label: &Label, demand: &Demand) -> Result<(), Denied> {
    // An owner must be able to leave a mark that may no longer be used.
    if !demand.governs {
        label_usable(label, actor.now)?;
    }
    cleared(actor, label)?;
    assured(actor, label)
}

fn label_usable(label: &Label, now: Micros) -> Result<(), Denied> {
    match &label.reserved_by {
        Some(rule) if !label.usable(now) => {
            Err(Denied::Reserved { label: label.name.clone(), rule: rule.clone() })
        }
        _ => Ok(()),
    }
}

fn cleared(actor: &Actor, label: &Label) -> Result<(), Denied> {
    if actor.clearance < label.rank { Err(Denied::Clearance { label: label.name.clone() }) } else { Ok(()) }
}

fn assured(actor: &Actor, label: &Label) -> Result<(), Denied> {
    if label.second_factor && actor.factor < Factor::Second {
        return Err(Denied::SecondFactor { label: label.name.clone() });
    }
    if let Some(hours) = label.proof_hours.filter(|_| !label.recent(actor.identified, actor.now)) {
        return Err(Denied::ProofAge { label: label.name.clone(), hours });
    }
    if !label.managed_device {
        return Ok(());
    }
    let Some(reported) = actor.managed_device else {
        return Err(Denied::ManagedDevice { label: label.name.clone() });
    };
    let lacking = label.posture.lacking(reported);
    if lacking.is_empty() {
        return Ok(());
    }
    Err(Denied::DevicePosture { label: label.name.clone(), lacking: lacking.join(", ") })
}

/// What guests of a room of this label see of its timeline.
pub fn guests_see_everything(label: &Label) -> bool {
    label.guests == Guests::Room
}

#[cfg(test)]
mod golden;
