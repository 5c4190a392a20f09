//! Calls: the bell of a room of two. It rings on every window of the other until one takes it, they
//! decline, whoever calls hangs up, or time is over.

use super::Hub;
use super::registry::{Client, Home, Live, Registry};
use crate::clock;
use beffroi_app::Error;
use beffroi_domain::meeting::Stage;
use beffroi_domain::{Account, AccountId, Address, Room, RoomId};
use beffroi_xmpp::meeting::{self as words, CallNews, Called, MeetingRequest, Over};
use std::sync::Arc;

impl Live {
    /// Both of a call, whoever called first.
    fn two(&self) -> Option<[&Account; 2]> {
        let (Home::Pair(two), Some(call)) = (&self.home, self.meeting.call()) else { return None };
        let [a, b] = &**two;
        Some(if a.address.as_str() == call.caller { [a, b] } else { [b, a] })
    }

    /// Who is being called, while it rings.
    pub(super) fn called(&self, registry: &Registry) -> Option<Called<'_>> {
        let until = self.meeting.rings_until()?;
        let [_, other] = self.two()?;
        let reached = registry
            .of_account
            .get(&other.id)
            .is_some_and(|windows| windows.iter().any(|window| registry.present.contains_key(&window.key)));
        Some(Called { address: other.address.as_str(), name: other.name.as_str(), reached, until })
    }

    /// Who called and who declined, when the call was not taken.
    pub(super) fn untaken(&self) -> Option<(AccountId, Option<AccountId>)> {
        let [caller, other] = self.two()?;
        match self.meeting.call()?.stage {
            Stage::Rings => Some((caller.id, None)),
            Stage::Declined => Some((caller.id, Some(other.id))),
            Stage::Taken => None,
        }
    }

    /// Why it is over, for those who are in.
    pub(super) fn over(&self) -> Over {
        match self.meeting.call().map(|call| call.stage) {
            Some(Stage::Rings) => Over::Unanswered,
            Some(Stage::Declined) => Over::Declined,
            Some(Stage::Taken) | None => Over::Ended,
        }
    }

    fn news<'w>(&self, news: CallNews, windows: impl IntoIterator<Item = &'w Client>) {
        let Some([caller, _]) = self.two() else { return };
        let by = (caller.address.as_str(), caller.name.as_str());
        for window in windows {
            let other = self.home.seen_by(&window.bare);
            window.send(words::call(self.meeting.id, news, by, other, &window.full));
        }
    }
}

impl Hub {
    /// The room of the client and a colleague. Whoever rings makes it, as whoever writes does.
    pub(super) async fn room_with(
        &self,
        client: &Client,
        bare: &str,
        request: &MeetingRequest,
    ) -> Result<(Room, Home), Error> {
        let address: Address = bare.parse().map_err(|_| Error::NotFound("person"))?;
        if *request == MeetingRequest::Ring {
            self.app().direct(&client.caller, &address, clock::now()).await?;
        }
        let (room, other) = self.app().direct_with(&client.caller, &address).await?;
        let me = client.caller.account()?.clone();
        Ok((room, Home::Pair(Arc::new([me, other]))))
    }

    /// Tells every window of both how the call of a room stands.
    pub(super) fn tell_call(&self, room: RoomId) {
        let registry = self.registry();
        let Some(live) = registry.meetings.get(&room) else { return };
        let news = live.meeting.rings_until().map_or(CallNews::Taken, |until| CallNews::Rings { until });
        live.news(news, windows(&registry, live).iter().map(AsRef::as_ref));
    }

    /// Tells every window of both that it rings no more; the timeline says why.
    pub(super) fn tell_call_over(&self, live: &Live) {
        let windows = windows(&self.registry(), live);
        live.news(CallNews::Over, windows.iter().map(AsRef::as_ref));
    }

    /// A window is there, or no more: what rings for its person rings there too, and whoever calls sees
    /// whether somebody hears it.
    pub(super) fn called_to_window(&self, client: &Client, there: bool) {
        let mut rings = vec![];
        {
            let mut registry = self.registry();
            for (room, live) in &mut registry.meetings {
                let Some(until) = live.meeting.rings_until() else { continue };
                if live.meeting.ringing().is_some_and(|call| call.callee == client.bare) {
                    if there {
                        live.news(CallNews::Rings { until }, [client]);
                    }
                    live.meeting.touch();
                    rings.push(*room);
                }
            }
        }
        for room in rings {
            self.push_state(room);
        }
    }

    /// Whoever is rung for came in: it rings nowhere any more.
    pub(super) async fn take_call(&self, client: &Client, room: RoomId) {
        let taken = {
            let mut registry = self.registry();
            let live = registry.meetings.get_mut(&room).filter(|live| live.meeting.ringing().is_some());
            live.and_then(|live| {
                let taken = live.meeting.take(&client.bare);
                live.count(clock::now());
                taken.then_some(live.meeting.id)
            })
        };
        let Some(meeting) = taken else { return };
        if let Err(error) = self.app().call_taken(&client.caller, room, meeting, clock::now()).await {
            // They are in; only after a power cut would the timeline call it missed.
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "that a call was taken could not be written"
            );
        }
        self.tell_call(room);
    }
}

/// The windows of both that said they are there.
fn windows(registry: &Registry, live: &Live) -> Vec<Arc<Client>> {
    let own = live.two().into_iter().flatten().flat_map(|one| registry.streams_of(one.id));
    own.filter(|window| registry.present.contains_key(&window.key)).collect()
}
