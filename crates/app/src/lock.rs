//! The lock of a session (ID5, ID6): it falls when nobody used the session for a while, or when its person
//! asks; a proof or the PIN of this browser opens it.
//!
//! People are locked, guests and applications are not: neither could open it again. Their sessions end instead.

use crate::sign_in::shortened;
use crate::{App, Caller, Error, Secret, SignedIn, entry};
use beffroi_domain::{LockRules, Micros, Room, SessionId, Tenant, recent_proof};
use beffroi_identity::lock::{self, Lock, Rest, Tries};
use beffroi_identity::pin::Pin;
use beffroi_identity::session::{Session, State};
use beffroi_identity::wait;
use beffroi_policy::{Asked, ManageLock, Passage, Who, decide_passage};
use beffroi_store::{LiveSession, NewEntry, Notice, Outcome, PinRules, PinTry, SessionRow};

/// Sessions whose lock is written down in one round; the others are locked all the same, and written in the next.
const MOST_AT_ONCE: usize = 200;

const PIN_RULES: PinRules = PinRules {
    may_try: |failures, last_us, now| Tries { failures, last_us }.wait_until(now).is_none(),
    most: lock::TRIES,
};

/// How a live session stands, for its streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It opens doors.
    Open,
    /// It is locked.
    Locked,
    /// Its person has yet to accept the charter.
    Charter,
}

/// A session that is worth something now.
#[derive(Clone, Copy, Debug)]
pub struct LiveNow {
    /// Whether it opens doors.
    pub standing: Standing,
    /// When its person last proved who they are; nothing for an application.
    pub identified: Option<Micros>,
    /// Whether that is too long ago for some label of its body.
    pub aged: bool,
}

impl Caller {
    /// How the session stands, for the policy.
    pub fn passage(&self) -> Passage {
        Passage { locked: !matches!(self.lock, Lock::Open { .. }), charter: self.charter }
    }

    /// When the session locks if nobody uses it; nothing when it is locked, or never locks.
    pub fn locks(&self) -> Option<Micros> {
        match self.lock {
            Lock::Open { locks_us } if locks_us < Micros::MAX => Some(locks_us),
            _ => None,
        }
    }
}

impl App {
    /// Whether this session may ask for that at all. Not in the audit log: that it was locked, or that the
    /// charter was published, is there once.
    ///
    /// # Errors
    /// `Denied` (`locked`, `charter`).
    pub fn admit(&self, caller: &Caller, asked: Asked) -> Result<(), Error> {
        Ok(decide_passage(caller.passage(), asked)?)
    }

    /// How the lock of a session stands; one that just fell is written down and told.
    pub(crate) async fn lock_of(
        &self,
        row: &SessionRow,
        tenant: &Tenant,
        now: Micros,
    ) -> Result<(Lock, u32), Error> {
        let minutes = tenant.lock.minutes(row.desk, row.label_minutes);
        if row.application.is_some() || matches!(row.who, Who::Guest(_)) {
            return Ok((Lock::Open { locks_us: Micros::MAX }, minutes));
        }
        let state = Rest { last_used_us: row.last_used, locked_us: row.locked, minutes }.state(now);
        if let Lock::Due { .. } = state {
            self.fall(row.id, row.last_used, now).await?;
        }
        Ok((state, minutes))
    }

    async fn fall(&self, session: SessionId, used: Micros, now: Micros) -> Result<(), Error> {
        if self.store.lock_idle(session, used, now).await? {
            self.announce(Notice::SessionLocked(session));
        }
        Ok(())
    }

    /// The sessions that are worth something now, and how each stands. Locks that just fell are written down.
    ///
    /// # Errors
    /// The store's.
    pub async fn live_sessions(&self, now: Micros) -> Result<Vec<(SessionId, LiveNow)>, Error> {
        let limits = self.rules.sessions;
        let (mut live, mut falling) = (vec![], vec![]);
        for one in self.store.live_sessions(now).await? {
            let session = Session { created_us: one.created, last_used_us: one.last_used };
            if !matches!(session.state(limits, now), State::Live { .. }) {
                continue;
            }
            let lock = rest(&one).map(|rest| rest.state(now));
            if let Some(Lock::Due { .. }) = lock {
                falling.push((one.id, one.last_used));
            }
            let standing = match lock {
                Some(Lock::Due { .. } | Lock::Locked { .. }) => Standing::Locked,
                _ if one.charter.is_some() => Standing::Charter,
                _ => Standing::Open,
            };
            let identified = one.identified;
            let aged = one.proof_hours.is_some_and(|hours| !recent_proof(hours, identified, now));
            live.push((one.id, LiveNow { standing, identified, aged }));
        }
        for (session, used) in falling.into_iter().take(MOST_AT_ONCE) {
            self.fall(session, used, now).await?;
        }
        Ok(live)
    }

    /// Locks the caller's session at once.
    ///
    /// # Errors
    /// `NotFound` for guests, who could not open it again.
    pub async fn lock(&self, caller: &Caller, now: Micros) -> Result<(), Error> {
        caller.account()?;
        let noted = entry("session.lock", Outcome::Done, caller.who(), &caller.origin);
        let noted = NewEntry { detail: "asked", ..noted };
        self.store.lock_session(caller.session, caller.tenant.id, noted, now).await?;
        self.announce(Notice::SessionLocked(caller.session));
        Ok(())
    }

    /// Opens the caller's locked session with the PIN of this browser.
    ///
    /// # Errors
    /// `WrongPin`; `Wait` when it comes too soon after wrong ones; `Wiped` for one wrong PIN too many, which
    /// ends the session; `NotFound` when there is no PIN or nothing to open.
    pub async fn unlock(
        &self,
        caller: &Caller,
        pin: &Secret,
        agent: &str,
        now: Micros,
    ) -> Result<SignedIn, Error> {
        let account = caller.account()?.id;
        self.oneself(caller, "session.unlock", now).await?;
        let typed = Pin::typed(pin);
        let bytes = typed.as_ref().map(Pin::as_bytes);
        let from = (caller.origin.as_str(), &*shortened(agent));
        match self.store.try_pin(account, caller.session, bytes, PIN_RULES, from, now).await? {
            PinTry::Right(token) => Ok(SignedIn { session: caller.session, token, browser: None }),
            PinTry::None => Err(Error::NotFound("lock that a PIN opens")),
            PinTry::Wiped => {
                self.store.forget_browsers_of(&[caller.session]).await?;
                self.announce(Notice::SessionEnded(caller.session));
                Err(Error::Wiped)
            }
            PinTry::Wrong => {
                let tries = self.pin_tries(caller).await?;
                let wait = tries.wait_until(now).map_or(0, |until| wait::seconds_left(until, now));
                Err(Error::WrongPin { left: tries.left(), wait: wait.unsigned_abs() })
            }
            PinTry::TooSoon => {
                let until = self.pin_tries(caller).await?.wait_until(now).unwrap_or(now);
                Err(Error::Wait(wait::seconds_left(until, now).unsigned_abs().max(1)))
            }
        }
    }

    async fn pin_tries(&self, caller: &Caller) -> Result<Tries, Error> {
        let (failures, last_us) = self.store.pin_failures(caller.session).await?;
        Ok(Tries { failures, last_us })
    }

    /// Sets the PIN that opens this browser's page when it is locked.
    ///
    /// # Errors
    /// `Denied` (`stale`), `WeakPin`.
    pub async fn set_pin(&self, caller: &Caller, pin: &Secret, now: Micros) -> Result<(), Error> {
        let permit = self.own(caller, now).await?;
        let pin = Pin::chosen(pin)?;
        let origin = caller.origin.as_str();
        Ok(self.store.set_pin(&permit, caller.session, Some(pin.as_bytes()), origin, now).await?)
    }

    /// Takes it away.
    ///
    /// # Errors
    /// `Denied` (`stale`).
    pub async fn remove_pin(&self, caller: &Caller, now: Micros) -> Result<(), Error> {
        let permit = self.own(caller, now).await?;
        Ok(self.store.set_pin(&permit, caller.session, None, caller.origin.as_str(), now).await?)
    }

    /// What kind of screen the caller's page is on: on a desk it locks later. Nobody who says nothing is on one.
    ///
    /// # Errors
    /// The store's.
    pub async fn on_desk(&self, caller: &Caller, desk: bool) -> Result<(), Error> {
        Ok(self.store.set_screen(caller.session, desk).await?)
    }

    /// The caller reads in this room: when its label locks sooner, their session does from now on.
    pub(crate) async fn opened(&self, caller: &Caller, room: &Room) -> Result<(), Error> {
        match room.label.lock_minutes {
            Some(_) if caller.application.is_none() => {
                Ok(self.store.opened_label(caller.session, caller.tenant.id, &room.label.slug).await?)
            }
            _ => Ok(()),
        }
    }

    /// Says after how many idle minutes the body's pages lock.
    ///
    /// # Errors
    /// `Denied`.
    pub async fn change_lock(&self, caller: &Caller, rules: LockRules, now: Micros) -> Result<(), Error> {
        let permit = self.authorise_in_tenant::<ManageLock>(caller, now).await?;
        self.store.set_lock(&permit, rules, now).await?;
        self.announce(Notice::OrganisationChanged(caller.tenant.id));
        Ok(())
    }
}

fn rest(one: &LiveSession) -> Option<Rest> {
    let minutes = one.rules.minutes(one.desk, one.label_minutes);
    let person = one.account.is_some() && one.page;
    person.then_some(Rest { last_used_us: one.last_used, locked_us: one.locked, minutes })
}
