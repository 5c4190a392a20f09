//! An administrator acts in the name of an agent, to help them: with a second person's approval, for half an hour,
//! in the agent's sight.

use crate::{App, Caller, Error, SignedIn};
use beffroi_domain::{Account, AccountId, Address, Dangerous, Factor, Micros, Role};
use beffroi_policy::{HELP_US, Impersonate, TenantAct as _, alone, decide_ask, decide_oneself};
use beffroi_store::{HelpRow, Notice, Opened, SessionRow};

/// A time during which somebody acted in one's name.
pub type Help = HelpRow;

impl App {
    /// Acts in the name of somebody: opens a session of theirs, marked, and tells them.
    ///
    /// # Errors
    /// `Denied` to whoever may not, about whoever is no agent, and without an approval that was not used;
    /// `NotFound`.
    pub async fn begin_help(
        &self,
        caller: &Caller,
        address: &Address,
        agent: &str,
        now: Micros,
    ) -> Result<SignedIn, Error> {
        let (permit, account) = self.about::<Impersonate>(caller, address, now).await?;
        let act = Dangerous::Impersonation { whom: account.id };
        if let Err(denied) = decide_ask(&caller.actor(None, now), &act, Some(account.role)) {
            return Err(self.denied(caller, Impersonate::NAME, None, denied, now).await);
        }
        let opened = Opened { factor: Factor::Password, place: caller.origin.as_str(), agent };
        match self.store.open_help(&permit, account.id, caller.session, opened, now).await? {
            Some((session, token)) => {
                self.announce(Notice::Helped(account.id));
                Ok(SignedIn { session, token, browser: None })
            }
            // However the body is set up, nobody does this alone.
            None => match alone(true, Impersonate::NAME) {
                Err(denied) => Err(self.denied(caller, Impersonate::NAME, None, denied, now).await),
                Ok(()) => Err(Error::NotFound("approval")),
            },
        }
    }

    /// In whose name somebody asks to act, for who may ask at all.
    ///
    /// # Errors
    /// `Denied`, also for oneself; `NotFound`.
    pub async fn whom(&self, caller: &Caller, address: &Address, now: Micros) -> Result<AccountId, Error> {
        Ok(self.about::<Impersonate>(caller, address, now).await?.1.id)
    }

    /// Stops; gives the helper's own session back, when it is still there.
    ///
    /// # Errors
    /// `NotFound` for whoever acts in their own name.
    pub async fn end_help(&self, caller: &Caller, now: Micros) -> Result<Option<SignedIn>, Error> {
        let account = caller.account()?.id;
        if caller.helper.is_none() {
            return Err(Error::NotFound("help under way"));
        }
        let token = self.store.end_help(caller.session, now).await?;
        self.announce(Notice::SessionEnded(caller.session));
        self.announce(Notice::Helped(account));
        Ok(token.map(|token| SignedIn { session: caller.session, token, browser: None }))
    }

    /// When somebody acted in the caller's name, latest first.
    ///
    /// # Errors
    /// `NotFound` for guests.
    pub async fn helps(&self, caller: &Caller) -> Result<Vec<Help>, Error> {
        Ok(self.store.helps_of(caller.tenant.id, caller.account()?.id).await?)
    }

    /// Whoever acts in somebody's name through this session, if they still may: within half an hour, and as long as
    /// they administer.
    pub(crate) async fn helping(
        &self,
        row: &SessionRow,
        helper: AccountId,
        now: Micros,
    ) -> Result<Option<Account>, Error> {
        if now - row.created >= HELP_US {
            return Ok(None);
        }
        let found = self.store.account(helper).await?;
        Ok(found.filter(|one| one.enabled && one.role == Role::Administrator && one.tenant == row.tenant))
    }

    /// What is a person's alone is done by themselves.
    pub(crate) async fn oneself(&self, caller: &Caller, act: &'static str, now: Micros) -> Result<(), Error> {
        match decide_oneself(&caller.actor(None, now), act) {
            Ok(_) => Ok(()),
            Err(denied) => Err(self.denied(caller, act, None, denied, now).await),
        }
    }
}
