//! Links, and the guests who come by them.

use crate::{App, Caller, Error, Origin, SignedIn, entry};
use beffroi_domain::{Factor, GuestId, LinkId, Micros, PersonName, Room, RoomId, one_script};
use beffroi_policy::{InviteGuest, Who};
use beffroi_store::{LinkRow, NewEntry, Notice, Opened, Outcome, Subject};

/// A link lives at most a week.
const MOST_HOURS: u32 = 168;
/// People who come by one link: more than a meeting holds, and a bound for whoever posts the link.
const MOST_GUESTS: usize = 200;

impl App {
    /// Makes a link that lets guests knock at a room's meetings. The secret part is told once.
    ///
    /// # Errors
    /// `Denied`, `Invalid` beyond one week.
    pub async fn open_link(
        &self,
        caller: &Caller,
        room: RoomId,
        hours: u32,
        now: Micros,
    ) -> Result<(LinkId, String, Micros), Error> {
        if !(1..=MOST_HOURS).contains(&hours) {
            return Err(Error::Invalid(format!("a guest link lives 1 to {MOST_HOURS} hours, not {hours}")));
        }
        let (permit, _) = self.authorise::<InviteGuest>(caller, room, now).await?;
        Ok(self.store.open_link(&permit, caller.account()?.id, hours, now).await?)
    }

    /// The open links of a room.
    ///
    /// # Errors
    /// `Denied`.
    pub async fn links(&self, caller: &Caller, room: RoomId, now: Micros) -> Result<Vec<LinkRow>, Error> {
        let (permit, _) = self.authorise::<InviteGuest>(caller, room, now).await?;
        Ok(self.store.links(&permit, now).await?)
    }

    /// Closes a link: nobody comes by it any more. Guests already inside stay until removed.
    ///
    /// # Errors
    /// `Denied`, `NotFound`.
    pub async fn close_link(
        &self,
        caller: &Caller,
        room: RoomId,
        link: LinkId,
        now: Micros,
    ) -> Result<(), Error> {
        let (permit, _) = self.authorise::<InviteGuest>(caller, room, now).await?;
        if !self.store.close_link(&permit, link, now).await? {
            return Err(Error::NotFound("link"));
        }
        self.announce(Notice::LinkClosed { room, link });
        Ok(())
    }

    /// What a guest sees before giving a name.
    ///
    /// # Errors
    /// `NotFound` when the link was closed, has expired or never was; `Denied` while the body is closed.
    pub async fn link(&self, token: &str, origin: &Origin, now: Micros) -> Result<Room, Error> {
        Ok(self.opened_link(token, origin, now).await?.1)
    }

    async fn opened_link(&self, token: &str, origin: &Origin, now: Micros) -> Result<(LinkId, Room), Error> {
        let (link, room) = self.store.link_by_token(token, now).await?.ok_or(Error::NotFound("link"))?;
        let tried = NewEntry {
            // Nobody has a name yet.
            actor: Subject::Text(String::new()),
            room: Some(room.id),
            ..entry("guest.enter", Outcome::Denied, Who::Guest(GuestId(0)), origin)
        };
        self.come_to(room.tenant, tried, now).await?;
        Ok((link, room))
    }

    /// A guest gives a name and gets a session that opens only this room's meeting.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when too many came by this link. A guest may give any name: everywhere it is shown
    /// as not verified.
    pub async fn enter_by_link(
        &self,
        token: &str,
        name: PersonName,
        origin: &Origin,
        agent: &str,
        now: Micros,
    ) -> Result<(SignedIn, GuestId), Error> {
        let (link, room) = self.opened_link(token, origin, now).await?;
        one_script(name.as_str()).map_err(|mixed| Error::Invalid(mixed.to_string()))?;
        if self.store.guests_of_link(link).await?.len() >= MOST_GUESTS {
            return Err(Error::Conflict(format!(
                "{MOST_GUESTS} people came by this link already; ask your host for another one"
            )));
        }
        let guest = self.store.add_guest(link, &name, now).await?;
        let opened = Opened { factor: Factor::Password, place: origin.as_str(), agent };
        let (session, token) =
            self.store.open_session(Who::Guest(guest.id), room.tenant, opened, now).await?;
        self.store
            .note(
                room.tenant,
                NewEntry {
                    room: Some(room.id),
                    ..entry("guest.enter", Outcome::Done, Who::Guest(guest.id), origin)
                },
                now,
            )
            .await?;
        Ok((SignedIn { session, token, browser: None }, guest.id))
    }

    /// Ends everything a guest has, at once.
    ///
    /// # Errors
    /// The store's.
    pub async fn end_guest(&self, guest: GuestId, now: Micros) -> Result<(), Error> {
        self.store.end_sessions_of(Who::Guest(guest), now).await?;
        self.announce(Notice::GuestEnded(guest));
        Ok(())
    }
}
