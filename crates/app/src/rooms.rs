//! Rooms, their members and their labels.

use crate::{App, Caller, Error};
use beffroi_domain::{
    Account, AccountId, Address, Event, Label, MemberRank, Micros, Room, RoomId, RoomName, Sought,
};
use beffroi_policy::{
    CreateRoom, ManageMembers, ReadPeople, ReadRoom, ReadRooms, Relabel, Rename, TenantAct as _,
};
use beffroi_store::{Notice, PEOPLE_PAGE, RoomRow};
use std::collections::HashMap;
use std::sync::Arc;

/// Contacts told to a client that asks for all of them at once: a body of so many is a list, a larger one a directory.
const MOST_ROSTER: u32 = 500;

/// A member of a room.
#[derive(Clone, Debug)]
pub struct MemberRow {
    /// Who.
    pub account: Account,
    /// As what.
    pub rank: MemberRank,
    /// Number of the last event that they read, 0 before they read any.
    pub read_seq: i64,
}

/// A room as one of its people sees it.
#[derive(Clone, Debug)]
pub struct RoomView {
    /// The room with what the caller has read of it.
    pub row: RoomRow,
    /// Its members; empty in lists.
    pub members: Vec<MemberRow>,
}

impl App {
    /// The caller's rooms, last spoken first.
    ///
    /// # Errors
    /// The store's; `NotFound` for guests.
    pub async fn rooms(&self, caller: &Caller) -> Result<Vec<RoomRow>, Error> {
        Ok(self.store.rooms_of(caller.account()?.id).await?)
    }

    /// One room of the caller with its members.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn room(&self, caller: &Caller, room: RoomId, now: Micros) -> Result<RoomView, Error> {
        let (permit, facts) = self.authorise::<ReadRoom>(caller, room, now).await?;
        self.opened(caller, &facts).await?;
        let row = self.row(caller, room).await?;
        let read: HashMap<AccountId, i64> = self.store.read_marks(&permit).await?.into_iter().collect();
        let member = |(account, rank): (Account, MemberRank)| {
            let read_seq = read.get(&account.id).copied().unwrap_or(0);
            MemberRow { account, rank, read_seq }
        };
        let members = self.store.members(&permit).await?.into_iter().map(member).collect();
        Ok(RoomView { row, members })
    }

    async fn row(&self, caller: &Caller, room: RoomId) -> Result<RoomRow, Error> {
        let rows = self.store.rooms_of(caller.account()?.id).await?;
        rows.into_iter().find(|r| r.room.id == room).ok_or(Error::NotFound("room"))
    }

    /// All group rooms of the tenant, without contents.
    ///
    /// # Errors
    /// `Denied`.
    pub async fn all_rooms(&self, caller: &Caller, now: Micros) -> Result<Vec<(Room, i64)>, Error> {
        let permit = self.authorise_in_tenant::<ReadRooms>(caller, now).await?;
        Ok(self.store.rooms(&permit).await?)
    }

    /// The labels of the caller's tenant.
    ///
    /// # Errors
    /// The store's.
    pub async fn labels(&self, caller: &Caller) -> Result<Vec<Label>, Error> {
        Ok(self.store.labels(caller.tenant.id).await?)
    }

    /// The first of the caller's colleagues with these words, without the caller.
    ///
    /// # Errors
    /// `Denied`.
    pub async fn people(&self, caller: &Caller, search: &str, now: Micros) -> Result<Vec<Account>, Error> {
        let me = caller.account()?.id;
        let permit = self.authorise_in_tenant::<ReadPeople>(caller, now).await?;
        let words = Sought::read(search, caller.tenant.domain.as_str());
        let mut people = self.store.people(&permit, &words, PEOPLE_PAGE + 1).await?;
        people.retain(|account| account.id != me);
        people.truncate(PEOPLE_PAGE as usize);
        Ok(people)
    }

    /// The contacts of a client that asks for all: every colleague in a small body; in a large one those with whom
    /// the caller has a conversation, others are found by searching.
    ///
    /// # Errors
    /// `Denied`.
    pub async fn roster(&self, caller: &Caller, now: Micros) -> Result<Vec<Account>, Error> {
        let me = caller.account()?.id;
        let permit = self.authorise_in_tenant::<ReadPeople>(caller, now).await?;
        let mut people = self.store.people(&permit, &Sought::default(), MOST_ROSTER + 2).await?;
        people.retain(|account| account.id != me);
        if people.len() > MOST_ROSTER as usize {
            people = self.store.talked_to(&permit, me, MOST_ROSTER).await?;
        }
        Ok(people)
    }

    /// Makes a room that the caller owns.
    ///
    /// # Errors
    /// `Denied` when the label is not for them, `Invalid` for people who are not of the tenant.
    pub async fn create_room(
        &self,
        caller: &Caller,
        name: RoomName,
        label: &str,
        members: &[Address],
        now: Micros,
    ) -> Result<RoomView, Error> {
        let me = caller.account()?.id;
        let chosen = self.label(caller, label).await?;
        let permit = match beffroi_policy::decide_create(&caller.actor(None, now), &chosen) {
            Ok(permit) => permit,
            Err(denied) => return Err(self.denied(caller, "room.create", None, denied, now).await),
        };
        let mut ids = vec![];
        for address in members {
            ids.push(self.colleague(caller, address).await?.id);
        }
        ids.retain(|id| *id != me);
        let room = self.store.create_room(&permit, &name, "", label, me, &ids, now).await?;
        ids.push(me);
        self.announce(Notice::RoomsChanged { room: room.id, accounts: ids.into() });
        self.room(caller, room.id, now).await
    }

    /// The room of the caller and one colleague, made when it is not there.
    ///
    /// # Errors
    /// `NotFound` when there is no such colleague, `Denied` for guests.
    pub async fn direct(&self, caller: &Caller, with: &Address, now: Micros) -> Result<Room, Error> {
        let me = caller.account()?.id;
        let permit = self.authorise_in_tenant::<ReadPeople>(caller, now).await?;
        let other = self.colleague(caller, with).await?;
        if other.id == me {
            return Err(Error::Invalid("a conversation needs somebody else".into()));
        }
        if let Some(room) = self.store.direct_between(me, other.id).await? {
            return Ok(room);
        }
        self.oneself(caller, CreateRoom::NAME, now).await?;
        let (room, new) = self.store.direct_room(&permit, me, other.id, now).await?;
        if new {
            self.announce(Notice::RoomsChanged { room: room.id, accounts: vec![me, other.id].into() });
        }
        Ok(room)
    }

    async fn colleague(&self, caller: &Caller, address: &Address) -> Result<Account, Error> {
        let found = self.store.account_by_address(address).await?.map(|(account, _)| account);
        found.filter(|a| a.tenant == caller.tenant.id && a.enabled).ok_or(Error::NotFound("person"))
    }

    pub(crate) async fn label(&self, caller: &Caller, slug: &str) -> Result<Label, Error> {
        let labels = self.store.labels(caller.tenant.id).await?;
        labels.into_iter().find(|l| l.slug == slug).ok_or(Error::NotFound("label"))
    }

    /// Gives a room another label.
    ///
    /// # Errors
    /// `Denied`, the refusal of a protective mark citing the rule.
    pub async fn relabel(
        &self,
        caller: &Caller,
        room: RoomId,
        label: &str,
        now: Micros,
    ) -> Result<(), Error> {
        let (actor, facts) = self.facts(caller, room, now).await?;
        let to = self.label(caller, label).await?;
        let permit = match beffroi_policy::decide_relabel(&actor, &facts, &to) {
            Ok(permit) => permit,
            Err(denied) => {
                return Err(self
                    .denied(caller, <Relabel as beffroi_policy::RoomAct>::NAME, Some(&facts), denied, now)
                    .await);
            }
        };
        if facts.label.slug == to.slug {
            return Ok(());
        }
        let event = self.store.relabel(&permit, label, caller.account()?.id, now).await?;
        self.publish(event).await
    }

    /// Gives a room another name.
    ///
    /// # Errors
    /// `Denied`.
    pub async fn rename(
        &self,
        caller: &Caller,
        room: RoomId,
        name: &RoomName,
        now: Micros,
    ) -> Result<(), Error> {
        let (permit, _) = self.authorise::<Rename>(caller, room, now).await?;
        let event = self.store.rename(&permit, name, caller.account()?.id, now).await?;
        self.publish(event).await
    }

    /// Says what a room is for.
    ///
    /// # Errors
    /// `Denied`, `Invalid` beyond 500 characters.
    pub async fn set_topic(
        &self,
        caller: &Caller,
        room: RoomId,
        topic: &str,
        now: Micros,
    ) -> Result<(), Error> {
        let topic = beffroi_domain::topic(topic).map_err(|wrong| Error::Invalid(wrong.to_string()))?;
        let (permit, _) = self.authorise::<Rename>(caller, room, now).await?;
        self.store.set_topic(&permit, &topic, now).await?;
        self.tell_members(room).await
    }

    /// Adds someone to a room, or changes their rank.
    ///
    /// # Errors
    /// `Denied`; `NotFound` for people who are not of the tenant; `Conflict` in a room of two.
    pub async fn add_member(
        &self,
        caller: &Caller,
        room: RoomId,
        who: &Address,
        rank: MemberRank,
        now: Micros,
    ) -> Result<(), Error> {
        let (permit, facts) = self.authorise::<ManageMembers>(caller, room, now).await?;
        of_a_group(&facts)?;
        if rank == MemberRank::Guest {
            return Err(Error::Invalid(
                "guests come by a link; the ranks are member, moderator and owner".into(),
            ));
        }
        let account = self.colleague(caller, who).await?;
        self.keep_an_owner(room, account.id, Some(rank)).await?;
        match self.store.add_member(&permit, account.id, rank, caller.account()?.id, now).await? {
            Some(event) => self.publish(event).await,
            None => self.tell_members(room).await,
        }
    }

    /// Takes someone out of a room: they lose its conversation, meeting and files at once.
    ///
    /// # Errors
    /// `Denied`; `Conflict` when nobody would own the room, and in a room of two.
    pub async fn remove_member(
        &self,
        caller: &Caller,
        room: RoomId,
        who: &Address,
        now: Micros,
    ) -> Result<(), Error> {
        let account = self.store.account_by_address(who).await?.map(|(a, _)| a);
        let account = account.filter(|a| a.tenant == caller.tenant.id).ok_or(Error::NotFound("person"))?;
        let (permit, facts) = self.authorise::<ManageMembers>(caller, room, now).await?;
        of_a_group(&facts)?;
        self.keep_an_owner(room, account.id, None).await?;
        let event = self.store.remove_member(&permit, account.id, caller.account()?.id, now).await?;
        self.publish(event).await?;
        self.announce(Notice::MemberRemoved { room, account: account.id });
        self.announce(Notice::RoomsChanged { room, accounts: vec![account.id].into() });
        Ok(())
    }

    async fn keep_an_owner(
        &self,
        room: RoomId,
        leaving: AccountId,
        rank: Option<MemberRank>,
    ) -> Result<(), Error> {
        if rank == Some(MemberRank::Owner)
            || self.store.membership(room, leaving).await? != Some(MemberRank::Owner)
        {
            return Ok(());
        }
        for other in self.store.member_ids(room).await?.into_iter().filter(|id| *id != leaving) {
            if self.store.membership(room, other).await? == Some(MemberRank::Owner) {
                return Ok(());
            }
        }
        Err(Error::Conflict("a room keeps at least one owner; make somebody else owner first".into()))
    }

    /// Announces an event that is on disk, and tells the members' lists.
    pub(crate) async fn publish(&self, event: Event) -> Result<(), Error> {
        let room = event.room;
        self.announce(Notice::Event(Arc::new(event)));
        self.tell_members(room).await
    }

    pub(crate) async fn tell_members(&self, room: RoomId) -> Result<(), Error> {
        let accounts = self.store.member_ids(room).await?;
        self.announce(Notice::RoomsChanged { room, accounts: accounts.into() });
        Ok(())
    }
}

fn of_a_group(room: &Room) -> Result<(), Error> {
    match room.kind {
        beffroi_domain::RoomKind::Group => Ok(()),
        beffroi_domain::RoomKind::Direct => {
            Err(Error::Conflict("a conversation of two has no other members; make a room instead".into()))
        }
    }
}
