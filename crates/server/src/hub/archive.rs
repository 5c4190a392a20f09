//! Archives, XEP-0313: of a room, and of one's conversations of two.

use super::registry::Client;
use super::{Hub, answer};
use crate::clock;
use beffroi_app::{Error, Person};
use beffroi_domain::{Address, Room};
use beffroi_store::{Page, Range};
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
        let page = self.page(client, room, query).await?;
        let look = RoomLook {
            place: Place::Room(&address),
            label: &room.label,
            domain: client.caller.tenant.domain.as_str(),
        };
        tell(client, id, query, &address, &look, &page);
        Ok(())
    }

    pub(super) async fn own_archive(
        &self,
        client: &Client,
        id: &str,
        query: &ArchiveQuery,
    ) -> Result<(), StanzaError> {
        let Some(with) = &query.with else {
            let text = "say with whom (field `with`): each conversation has an archive of its own here";
            return Err(StanzaError::new(Condition::FeatureNotImplemented, text));
        };
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
        let page = self.page(client, &room, query).await?;
        let place = Place::Direct { reader: &client.bare, other: &bare };
        let look = RoomLook { place, label: &room.label, domain: client.caller.tenant.domain.as_str() };
        tell(client, id, query, &client.bare, &look, &page);
        Ok(())
    }

    /// The first and the last event that the client may read.
    pub(super) async fn archive_ends(
        &self,
        client: &Client,
        room: &Room,
    ) -> Result<Option<(mam::Mark, mam::Mark)>, StanzaError> {
        let end = |backwards| ArchiveQuery { max: Some(1), backwards, ..ArchiveQuery::default() };
        let (first, last) =
            (self.page(client, room, &end(false)).await?, self.page(client, room, &end(true)).await?);
        let mark = |page: &Page| page.events.first().map(|event| (event.seq, event.at));
        Ok(mark(&first).zip(mark(&last)))
    }

    async fn page(&self, client: &Client, room: &Room, query: &ArchiveQuery) -> Result<Page, StanzaError> {
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
        // XEP-0313 §4.3.2: a page that begins at an event which is not there is no page.
        for id in [query.before, query.after].into_iter().flatten().filter(|id| *id != 0) {
            let one = Range { after: Some(id - 1), before: id.checked_add(1), limit: 1, ..Range::default() };
            if ask(one).await?.events.is_empty() {
                return Err(answer::not_found("event"));
            }
        }
        if let Some(ids) = &query.ids {
            let mut events = vec![];
            for id in ids {
                let one =
                    Range { after: Some(id - 1), before: id.checked_add(1), limit: 1, ..Range::default() };
                events.extend(ask(one).await?.events);
            }
            return Ok(Page { events, complete: true });
        }
        let range = Range {
            after: query.after,
            before: query.before,
            from: query.start,
            to: query.end,
            limit: query.max.unwrap_or(USUAL_PAGE).min(MOST_PAGE),
            newest_first: query.backwards,
        };
        ask(range).await
    }
}

fn tell(client: &Client, id: &str, query: &ArchiveQuery, archive: &str, look: &RoomLook<'_>, page: &Page) {
    let queryid = query.queryid.as_deref();
    let one =
        |event: &beffroi_domain::Event| client.send(mam::result(event, look, queryid, archive, &client.full));
    if query.flip {
        page.events.iter().rev().for_each(one);
    } else {
        page.events.iter().for_each(one);
    }
    let bounds = page.events.first().zip(page.events.last()).map(|(first, last)| (first.seq, last.seq));
    let from = if archive == client.bare { "" } else { archive };
    client.send(mam::fin(
        id,
        from,
        &client.full,
        &mam::Page { bounds, count: None, complete: page.complete },
    ));
}
