//! What someone and their colleagues said to each other, all of it in one order.

use crate::{App, Caller, Error};
use beffroi_domain::{Micros, RoomId};
use beffroi_policy::{Permit, ReadRoom, decide};
use beffroi_store::{Direct, OwnRange, Page, Range, StoreError};

impl App {
    /// Reads the caller's conversations of two as one archive, with who each of them is with. What the
    /// label of a room does not let them see today is left out: asking for everything is not asking for
    /// that room, so it is no refusal.
    ///
    /// # Errors
    /// `NotFound` for guests, and when the range begins or ends at an event that is not there.
    pub async fn own_history(
        &self,
        caller: &Caller,
        range: OwnRange,
        now: Micros,
    ) -> Result<(Page, Vec<Direct>), Error> {
        let (directs, permits) = self.directs(caller, now).await?;
        let page = self.store.own_history(&permits, range).await.map_err(|error| match error {
            StoreError::Gone { what } => Error::NotFound(what),
            error => error.into(),
        })?;
        Ok((page, directs))
    }

    /// Single events of that archive, those that are there, in the order asked.
    ///
    /// # Errors
    /// `NotFound` for guests.
    pub async fn own_events(
        &self,
        caller: &Caller,
        ids: &[(RoomId, i64)],
        now: Micros,
    ) -> Result<(Page, Vec<Direct>), Error> {
        let (directs, permits) = self.directs(caller, now).await?;
        let mut events = vec![];
        for (room, seq) in ids {
            let Some(permit) = permits.iter().find(|permit| permit.room() == *room) else { continue };
            let one =
                Range { after: Some(seq - 1), before: seq.checked_add(1), limit: 1, ..Range::default() };
            events.extend(self.store.history(permit, one).await?.events);
        }
        Ok((Page { events, complete: true }, directs))
    }

    async fn directs(
        &self,
        caller: &Caller,
        now: Micros,
    ) -> Result<(Vec<Direct>, Vec<Permit<ReadRoom>>), Error> {
        let all = self.store.directs_of(caller.account()?.id).await?;
        let mut may = (vec![], vec![]);
        for direct in all {
            let actor = self.actor_at(caller, Some(direct.rank), &direct.room.label, now).await?;
            if let Ok(permit) = decide::<ReadRoom>(&actor, &direct.room) {
                may.0.push(direct);
                may.1.push(permit);
            }
        }
        Ok(may)
    }
}
