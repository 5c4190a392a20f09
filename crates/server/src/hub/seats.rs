//! Seats in meetings: left for good, or lost for a moment.
//!
//! Who loses the connection keeps seat, hand and media for a while. The same window takes its own seat
//! back by connecting again; another window of theirs, or the page loaded again, by coming in anew.

use super::Hub;
use super::registry::{Client, Live, Lost};
use crate::clock;
use beffroi_domain::RoomId;
use beffroi_domain::meeting::{ParticipantId, Sending};
use beffroi_xmpp::meeting::{self as words, Over, Slot};
use std::sync::Arc;

/// How long a seat waits for whoever lost the connection.
const GRACE: i64 = 15_000_000;

impl Live {
    /// Forgets who sat there.
    pub(super) fn unseat(&mut self, id: ParticipantId) -> Option<Arc<Client>> {
        self.slots.remove(&id);
        self.lost.remove(&id);
        self.seats.remove(&id)
    }
}

impl Hub {
    /// One stream leaves one meeting, or its door, for good.
    pub(super) async fn leave_meeting_of(&self, client: &Client, room: RoomId, why: Over) {
        let (left, over) = {
            let mut registry = self.registry();
            let Some(live) = registry.meetings.get_mut(&room) else { return };
            let waited = live.door.iter().any(|c| c.key == client.key);
            live.door.retain(|c| c.key != client.key);
            if waited && !live.meeting.is_admitted(&client.bare) {
                let _ = live.meeting.refuse(&client.bare);
            }
            let seat = seat_of(live, client).0;
            if let Some(seat) = seat {
                live.unseat(seat);
                live.meeting.leave(seat);
                live.count(clock::now());
            }
            // Who rang and is not in yet hangs up too.
            let over = live.meeting.call().is_some() && !live.meeting.goes_on();
            if seat.is_none() && !waited && !over {
                return;
            }
            (seat.map(|seat| (seat, live.meeting.id, live.home.clone())), over)
        };
        if let Some((seat, meeting, home)) = left {
            self.media().leave(meeting.0.unsigned_abs(), seat.0).await;
            client.send(words::over(meeting, why, home.seen_by(&client.bare), &client.full));
        }
        if over {
            // Who calls hangs up, or one of two is left: no call.
            self.end_meeting(room, client.caller.author()).await;
        } else {
            self.push_state(room);
        }
    }

    /// One stream leaves every meeting, for good.
    pub(super) async fn leave_meetings(&self, client: &Client) {
        let here =
            |live: &Live| seat_of(live, client).0.is_some() || live.door.iter().any(|c| c.key == client.key);
        let rooms: Vec<_> =
            self.registry().meetings.iter().filter(|(_, live)| here(live)).map(|(id, _)| *id).collect();
        for room in rooms {
            self.leave_meeting_of(client, room, Over::Ended).await;
        }
    }

    /// A stream is lost: its seats wait; at a door one has to knock again.
    pub(super) fn lose_seats(&self, client: &Client) {
        let now = clock::now();
        let mut doors = vec![];
        let mut registry = self.registry();
        for (room, live) in &mut registry.meetings {
            if let Some(seat) = seat_of(live, client).0 {
                live.lost.entry(seat).or_insert(Lost { since: now, media: false });
            }
            let before = live.door.len();
            live.door.retain(|c| c.key != client.key);
            if live.door.len() < before && !live.meeting.is_admitted(&client.bare) {
                let _ = live.meeting.refuse(&client.bare);
                doors.push(*room);
            }
        }
        drop(registry);
        for room in doors {
            self.push_state(room);
        }
    }

    /// A window connected again (docs/protocol.md: it binds the same resource): its seats are its own.
    pub(super) fn take_seats_back(&self, client: &Arc<Client>) {
        for live in self.registry().meetings.values_mut() {
            for (id, seat) in live.seats.iter_mut().filter(|(_, seat)| seat.full == client.full) {
                *seat = client.clone();
                if live.lost.get(id).is_some_and(|lost| !lost.media) {
                    live.lost.remove(id);
                }
            }
        }
    }

    /// Someone's media is lost: they are told, and come in anew by themselves if they can.
    pub(super) fn lose_media(&self, room: RoomId, who: ParticipantId) {
        let told = {
            let mut registry = self.registry();
            let Some(live) = registry.meetings.get_mut(&room) else { return };
            let Some(client) = live.seats.get(&who).cloned() else { return };
            let since = live.lost.get(&who).map_or_else(clock::now, |lost| lost.since);
            live.lost.insert(who, Lost { since, media: true });
            live.slots.remove(&who);
            let _ = live.meeting.send(who, Sending::default());
            let address = live.home.seen_by(&client.bare);
            (words::over(live.meeting.id, Over::Ended, address, &client.full), client)
        };
        told.1.send(told.0);
        self.push_state(room);
    }

    /// Seats whose people did not come back. Called every second.
    pub(super) async fn give_up_lost_seats(&self) {
        let now = clock::now();
        let late: Vec<_> = {
            let registry = self.registry();
            let late = |live: &Live| {
                let late = live.lost.iter().filter(|(_, lost)| now - lost.since > GRACE);
                late.filter_map(|(id, _)| live.seats.get(id).cloned()).collect::<Vec<_>>()
            };
            registry.meetings.iter().map(|(room, live)| (*room, late(live))).collect()
        };
        for (room, clients) in late {
            for client in clients {
                self.leave_meeting_of(&client, room, Over::Ended).await;
            }
        }
    }
}

/// Where a stream sits in a meeting, and its slots.
pub(super) fn seat_of(live: &Live, client: &Client) -> (Option<ParticipantId>, Vec<Slot>) {
    let seat = live.seats.iter().find(|(_, c)| c.key == client.key).map(|(id, _)| *id);
    let slots = seat.and_then(|id| live.slots.get(&id)).cloned().unwrap_or_default();
    (seat, slots)
}
