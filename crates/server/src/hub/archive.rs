//! Archives, XEP-0313: of a room, and of one's conversations of two.

use super::registry::Client;
use super::{Hub, answer};
use crate::clock;
use beffroi_app::{Error, Person};
use beffroi_domain::{Address, Event, Room, RoomId};
use beffroi_store::{Direct, OwnRange, Page, Range};
use beffroi_xmpp::mam::{ArchiveId, Mark};
use beffroi_xmpp::{ArchiveQuery, Condition, Place, RoomLook, StanzaError, mam};

/// Events in a page when the client does not say, and at most.
const USUAL_PAGE: u32 = 50;
const MOST_PAGE: u32 = 200;

impl Hub {
    pub(super) async fn room_archive(
        &self,
        client: &Client,
        id: &str,
        room: &Room,
        query: &ArchiveQuery,
    ) -> Result<(), StanzaError> {
        let address = crate::http::room_address(room, &client.caller.tenant);
        let page = self.page(client, room, query, None).await?;
        let look = RoomLook {
            place: Place::Room(&address),
            label: &room.label,
            domain: client.caller.tenant.domain.as_str(),
        };
        tell(client, id, query, &address, &page, |_| look);
        Ok(())
    }

    pub(super) async fn own_archive(
        &self,
        client: &Client,
        id: &str,
        query: &ArchiveQuery,
    ) -> Result<(), StanzaError> {
        let Some(with) = &query.with else { return self.whole_own_archive(client, id, query).await };
        let told = |error: Error| answer::stanza_error(&error);
        let bare = with.bare();
        let address: Address = bare.parse().map_err(|_| answer::not_found("person"))?;
        let me = client.account().ok_or_else(|| answer::not_found("archive"))?;
        let store = self.app().store();
        let other = store.account_by_address(&address).await.map_err(|e| told(e.into()))?.map(|(a, _)| a);
        let Some(other) = other.filter(|a| a.tenant == client.tenant()) else {
            return Err(answer::not_found("person"));
        };
        let Some(room) = store.direct_between(me, other.id).await.map_err(|e| told(e.into()))? else {
            client.send(mam::fin(
                id,
                "",
                &client.full,
                &mam::Page { bounds: None, count: None, complete: true },
            ));
            return Ok(());
        };
        let page = self.page(client, &room, query, Some(room.id)).await?;
        let place = Place::Direct { reader: &client.bare, other: &bare };
        let look = RoomLook { place, label: &room.label, domain: client.caller.tenant.domain.as_str() };
        tell(client, id, query, &client.bare, &page, |_| look);
        Ok(())
    }

    /// All conversations of two, in one order.
    async fn whole_own_archive(
        &self,
        client: &Client,
        id: &str,
        query: &ArchiveQuery,
    ) -> Result<(), StanzaError> {
        let told = |error: Error| answer::stanza_error(&error);
        let (page, directs) = match &query.ids {
            Some(ids) => {
                let ids: Vec<_> = ids.iter().map(in_person).collect::<Result<_, _>>()?;
                self.app().own_events(&client.caller, &ids, clock::now()).await.map_err(told)?
            }
            None => self.own_page(client, query).await?,
        };
        tell(client, id, query, &client.bare, &page, |event| {
            let direct = directs.iter().find(|direct| direct.room.id == event.room);
            let direct = direct.expect("every event of the page is of one of these rooms");
            let place = Place::Direct { reader: &client.bare, other: direct.peer.address.as_str() };
            let domain = client.caller.tenant.domain.as_str();
            RoomLook { place, label: &direct.room.label, domain }
        });
        Ok(())
    }

    async fn own_page(
        &self,
        client: &Client,
        query: &ArchiveQuery,
    ) -> Result<(Page, Vec<Direct>), StanzaError> {
        // The bounds of the form and of the page may both be given; the narrower holds, and only the
        // store knows which it is.
        let (mut after, mut before) = (vec![], vec![]);
        for (ids, found) in [(&query.after, &mut after), (&query.before, &mut before)] {
            for id in ids {
                found.push(in_person(id)?);
            }
        }
        let range = OwnRange {
            after,
            before,
            from: query.start,
            to: query.end,
            limit: query.max.unwrap_or(USUAL_PAGE).min(MOST_PAGE),
            newest_first: query.backwards,
        };
        self.app()
            .own_history(&client.caller, range, clock::now())
            .await
            .map_err(|e| answer::stanza_error(&e))
    }

    /// The first and the last event that the client may read.
    pub(super) async fn archive_ends(
        &self,
        client: &Client,
        room: &Room,
    ) -> Result<Option<(Mark, Mark)>, StanzaError> {
        let (first, last) = (
            self.page(client, room, &end(false), None).await?,
            self.page(client, room, &end(true), None).await?,
        );
        let mark = |page: &Page| {
            page.events.first().map(|event| (ArchiveId { room: None, seq: event.seq }, event.at))
        };
        Ok(mark(&first).zip(mark(&last)))
    }

    /// The same of their own archive.
    pub(super) async fn own_archive_ends(
        &self,
        client: &Client,
    ) -> Result<Option<(Mark, Mark)>, StanzaError> {
        let (first, _) = self.own_page(client, &end(false)).await?;
        let (last, _) = self.own_page(client, &end(true)).await?;
        let mark = |page: &Page| {
            page.events.first().map(|event| (ArchiveId { room: Some(event.room), seq: event.seq }, event.at))
        };
        Ok(mark(&first).zip(mark(&last)))
    }

    /// A page of one room; `own` is the room when it is read as a part of the reader's own archive.
    async fn page(
        &self,
        client: &Client,
        room: &Room,
        query: &ArchiveQuery,
        own: Option<RoomId>,
    ) -> Result<Page, StanzaError> {
        // A guest reads the conversation of the meeting they were let into, and nothing else.
        let meeting = match &client.caller.person {
            Person::Account(_) => None,
            Person::Guest(_) => {
                let admitted = self.is_admitted(room.id, &client.bare);
                let meeting =
                    self.registry().meetings.get(&room.id).map(|l| l.meeting.id).filter(|_| admitted);
                Some(meeting.ok_or_else(|| answer::refused(beffroi_domain::meeting::Refused::NotAdmitted))?)
            }
        };
        let app = self.app();
        let ask = async |range: Range| {
            app.history(&client.caller, room.id, range, meeting, clock::now())
                .await
                .map_err(|e| answer::stanza_error(&e))
        };
        // Within a conversation the number alone says enough; the id of another conversation is not here.
        let number = |id: &ArchiveId| match id.room {
            Some(room) if Some(room) != own => Err(answer::not_found("event")),
            _ => Ok(id.seq),
        };
        let numbers = |ids: &[ArchiveId]| ids.iter().map(number).collect::<Result<Vec<i64>, _>>();
        let (after, before) = (numbers(&query.after)?, numbers(&query.before)?);
        let one =
            |id: i64| Range { after: Some(id - 1), before: id.checked_add(1), limit: 1, ..Range::default() };
        // XEP-0313 §4.3.2: a page that begins at an event which is not there is no page.
        for id in after.iter().chain(&before).copied().filter(|id| *id != 0) {
            if ask(one(id)).await?.events.is_empty() {
                return Err(answer::not_found("event"));
            }
        }
        if let Some(ids) = &query.ids {
            let mut events = vec![];
            for id in numbers(ids)? {
                events.extend(ask(one(id)).await?.events);
            }
            return Ok(Page { events, complete: true });
        }
        let range = Range {
            after: after.into_iter().max(),
            before: before.into_iter().min(),
            from: query.start,
            to: query.end,
            limit: query.max.unwrap_or(USUAL_PAGE).min(MOST_PAGE),
            newest_first: query.backwards,
        };
        ask(range).await
    }
}

/// The page of one event at an end.
fn end(backwards: bool) -> ArchiveQuery {
    ArchiveQuery { max: Some(1), backwards, ..ArchiveQuery::default() }
}

/// An id in the archive of a person names its conversation.
fn in_person(id: &ArchiveId) -> Result<(RoomId, i64), StanzaError> {
    let unknown = || StanzaError::new(Condition::ItemNotFound, "no event has this id");
    Ok((id.room.ok_or_else(unknown)?, id.seq))
}

fn tell<'l>(
    client: &Client,
    id: &str,
    query: &ArchiveQuery,
    archive: &str,
    page: &Page,
    look: impl Fn(&Event) -> RoomLook<'l>,
) {
    let queryid = query.queryid.as_deref();
    let one = |event: &Event| client.send(mam::result(event, &look(event), queryid, archive, &client.full));
    if query.flip {
        page.events.iter().rev().for_each(one);
    } else {
        page.events.iter().for_each(one);
    }
    let called = |event: &Event| ArchiveId::of(event, &look(event).place);
    let bounds = page.events.first().zip(page.events.last());
    let bounds = bounds.map(|(first, last)| (called(first), called(last)));
    let from = if archive == client.bare { "" } else { archive };
    client.send(mam::fin(
        id,
        from,
        &client.full,
        &mam::Page { bounds, count: None, complete: page.complete },
    ));
}
