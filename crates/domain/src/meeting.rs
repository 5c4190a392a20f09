//! A meeting as a set of rules: who is in, who waits at the door, whose hand was up first.
//!
//! It carries no media. It lives as long as the meeting does; what must outlive it (that it began,
//! that it ended) is an event of the room.

use crate::room::Rank;
use crate::{Address, MeetingId, Micros};

/// Number of a participant within one meeting, from 1, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParticipantId(pub u32);

/// What someone sends at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sending {
    /// Microphone open.
    pub audio: bool,
    /// Camera on.
    pub video: bool,
    /// Screen shared.
    pub screen: bool,
}

/// Someone in the meeting: one person on one screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// Their number.
    pub id: ParticipantId,
    /// Who: a person's address, or `id@guests.domain`.
    pub address: String,
    /// Shown name.
    pub name: String,
    /// Their rank in the room; `Guest` for a guest.
    pub rank: Rank,
    /// What they send.
    pub sending: Sending,
}

/// Someone at the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// `id@guests.domain`.
    pub guest: String,
    /// The name they gave.
    pub name: String,
    /// Since when.
    pub since: Micros,
}

/// Why a meeting refuses something. These are facts of the meeting, not rights: rights are the policy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The meeting holds as many as it can.
    #[error("this meeting already holds {0} people, which is all it can; ask someone to leave")]
    Full(usize),
    /// Too many wait at the door.
    #[error("{0} people already wait at the door; try again in a minute")]
    Crowded(usize),
    /// A guest who was not let in, or was put out.
    #[error("the host has not let you in yet")]
    NotAdmitted,
    /// No such participant or guest.
    #[error("this person is no longer here")]
    Gone,
    /// Nobody calls this person here, or no more.
    #[error("nobody calls you here any more")]
    NotCalled,
}

/// A meeting of a room of two from the bell on: who called whom, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Who rang.
    pub caller: String,
    /// Who is rung for.
    pub callee: String,
    /// Where it stands.
    pub stage: Stage,
}

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It rings.
    Rings,
    /// The other came in: from here on it is a meeting of two.
    Taken,
    /// The other said no.
    Declined,
}

impl Call {
    /// How long a call rings.
    pub const RINGS: Micros = 45_000_000;
}

/// A meeting of a room.
#[derive(Clone, Debug)]
pub struct Meeting {
    /// Its id.
    pub id: MeetingId,
    /// When the bell rang.
    pub started: Micros,
    /// When it must end, if the label says so.
    pub ends: Option<Micros>,
    version: u64,
    next: u32,
    participants: Vec<Participant>,
    waiting: Vec<Waiting>,
    admitted: Vec<String>,
    hands: Vec<ParticipantId>,
    call: Option<Call>,
}

impl Meeting {
    /// People in one meeting.
    pub const MOST: usize = 50;
    /// People at the door.
    pub const MOST_WAITING: usize = 20;

    /// A meeting whose bell just rang.
    pub fn new(id: MeetingId, started: Micros, minutes: Option<u32>) -> Self {
        let ends = minutes.map(|m| started + i64::from(m) * 60_000_000);
        Self {
            id,
            started,
            ends,
            version: 1,
            next: 1,
            participants: vec![],
            waiting: vec![],
            admitted: vec![],
            hands: vec![],
            call: None,
        }
    }

    /// A meeting of a room of two: `caller` rings for `callee`.
    #[must_use]
    pub fn calling(mut self, caller: &str, callee: &str) -> Self {
        self.call = Some(Call { caller: caller.into(), callee: callee.into(), stage: Stage::Rings });
        self
    }

    /// The call that it is, in a room of two.
    pub fn call(&self) -> Option<&Call> {
        self.call.as_ref()
    }
    /// The call, while it rings.
    pub fn ringing(&self) -> Option<&Call> {
        self.call().filter(|call| call.stage == Stage::Rings)
    }
    /// Until when it rings, if it does.
    pub fn rings_until(&self) -> Option<Micros> {
        self.ringing().map(|_| self.started + Call::RINGS)
    }
    /// This person came in; `true` when that took the call.
    pub fn take(&mut self, address: &str) -> bool {
        let taken = self.ringing().is_some_and(|call| call.callee == address);
        if taken && let Some(call) = &mut self.call {
            call.stage = Stage::Taken;
            self.version += 1;
        }
        taken
    }
    /// This person says no to the call.
    ///
    /// # Errors
    /// `NotCalled` when none rings for them.
    pub fn decline(&mut self, address: &str) -> Result<(), Refused> {
        self.ringing().filter(|call| call.callee == address).ok_or(Refused::NotCalled)?;
        if let Some(call) = &mut self.call {
            call.stage = Stage::Declined;
        }
        self.version += 1;
        Ok(())
    }
    /// Whether enough people are in for it to go on: a call that was taken takes two.
    pub fn goes_on(&self) -> bool {
        let taken = self.call().is_some_and(|call| call.stage == Stage::Taken);
        self.participants.len() >= if taken { 2 } else { 1 }
    }

    /// Grows with every change.
    pub fn version(&self) -> u64 {
        self.version
    }
    /// Something that belongs to the meeting's state but is kept elsewhere (media slots) has changed.
    pub fn touch(&mut self) {
        self.version += 1;
    }
    /// Who is in, in the order of arrival.
    pub fn participants(&self) -> &[Participant] {
        &self.participants
    }
    /// Who waits at the door, longest first.
    pub fn waiting(&self) -> &[Waiting] {
        &self.waiting
    }
    /// Raised hands, first raised first.
    pub fn hands(&self) -> &[ParticipantId] {
        &self.hands
    }
    /// Whether this guest was let in.
    pub fn is_admitted(&self, guest: &str) -> bool {
        self.admitted.iter().any(|a| a == guest)
    }
    /// The participant of this number.
    pub fn participant(&self, id: ParticipantId) -> Option<&Participant> {
        self.participants.iter().find(|p| p.id == id)
    }

    /// Someone comes in.
    ///
    /// # Errors
    /// `Full`, or `NotAdmitted` for a guest whom nobody let in.
    pub fn join(&mut self, address: &str, name: &str, rank: Rank) -> Result<ParticipantId, Refused> {
        if rank == Rank::Guest && !self.is_admitted(address) {
            return Err(Refused::NotAdmitted);
        }
        if self.participants.len() >= Self::MOST {
            return Err(Refused::Full(Self::MOST));
        }
        let id = ParticipantId(self.next);
        self.next += 1;
        self.participants.push(Participant {
            id,
            address: address.into(),
            name: name.into(),
            rank,
            sending: Sending::default(),
        });
        self.version += 1;
        Ok(id)
    }

    /// Whoever is in comes in anew, from another window or after a lost connection: under a new number, on
    /// their own place, with their hand where it was, and sending nothing yet.
    ///
    /// # Errors
    /// `Gone` when `former` is not in.
    pub fn succeed(&mut self, former: ParticipantId, rank: Rank) -> Result<ParticipantId, Refused> {
        let id = ParticipantId(self.next);
        let seat = self.participants.iter_mut().find(|p| p.id == former).ok_or(Refused::Gone)?;
        (seat.id, seat.rank, seat.sending) = (id, rank, Sending::default());
        if let Some(hand) = self.hands.iter_mut().find(|hand| **hand == former) {
            *hand = id;
        }
        self.next += 1;
        self.version += 1;
        Ok(id)
    }

    /// Someone leaves; their hand goes down. `false`: they were not here.
    pub fn leave(&mut self, id: ParticipantId) -> bool {
        let before = self.participants.len();
        self.participants.retain(|p| p.id != id);
        self.hands.retain(|h| *h != id);
        let left = self.participants.len() != before;
        self.version += u64::from(left);
        left
    }

    /// Says what someone sends now.
    ///
    /// # Errors
    /// `Gone`.
    pub fn send(&mut self, id: ParticipantId, sending: Sending) -> Result<(), Refused> {
        let participant = self.participants.iter_mut().find(|p| p.id == id).ok_or(Refused::Gone)?;
        self.version += u64::from(participant.sending != sending);
        participant.sending = sending;
        Ok(())
    }

    /// Raises or lowers a hand; raising twice keeps the first place.
    ///
    /// # Errors
    /// `Gone`.
    pub fn hand(&mut self, id: ParticipantId, raised: bool) -> Result<(), Refused> {
        self.participant(id).ok_or(Refused::Gone)?;
        let up = self.hands.contains(&id);
        match (up, raised) {
            (false, true) => self.hands.push(id),
            (true, false) => self.hands.retain(|h| *h != id),
            _ => return Ok(()),
        }
        self.version += 1;
        Ok(())
    }

    /// A guest knocks. Knocking again changes nothing; one who is admitted need not wait.
    ///
    /// # Errors
    /// `Crowded`.
    pub fn knock(&mut self, guest: &str, name: &str, now: Micros) -> Result<(), Refused> {
        if self.is_admitted(guest) || self.waiting.iter().any(|w| w.guest == guest) {
            return Ok(());
        }
        if self.waiting.len() >= Self::MOST_WAITING {
            return Err(Refused::Crowded(Self::MOST_WAITING));
        }
        self.waiting.push(Waiting { guest: guest.into(), name: name.into(), since: now });
        self.version += 1;
        Ok(())
    }

    /// Lets a waiting guest in.
    ///
    /// # Errors
    /// `Gone` when they no longer wait.
    pub fn admit(&mut self, guest: &str) -> Result<(), Refused> {
        self.unwait(guest).ok_or(Refused::Gone)?;
        self.admitted.push(guest.into());
        Ok(())
    }

    /// Sends a waiting guest away, or forgets one who hung up.
    ///
    /// # Errors
    /// `Gone` when they no longer wait.
    pub fn refuse(&mut self, guest: &str) -> Result<(), Refused> {
        self.unwait(guest).map(drop).ok_or(Refused::Gone)
    }

    /// Takes someone out of the meeting; a guest is no longer admitted, on any screen.
    ///
    /// # Errors
    /// `Gone`.
    pub fn remove(&mut self, id: ParticipantId) -> Result<Participant, Refused> {
        let participant = self.participant(id).cloned().ok_or(Refused::Gone)?;
        self.leave(id);
        self.admitted.retain(|a| *a != participant.address);
        Ok(participant)
    }

    fn unwait(&mut self, guest: &str) -> Option<Waiting> {
        let place = self.waiting.iter().position(|w| w.guest == guest)?;
        self.version += 1;
        Some(self.waiting.remove(place))
    }

    /// Whether it has run out of time: of what the label allows, or of what a call may ring.
    pub fn is_over(&self, now: Micros) -> bool {
        [self.ends, self.rings_until()].into_iter().flatten().any(|ends| now >= ends)
    }

    /// Whole minutes since the bell, rounded up.
    pub fn minutes(&self, now: Micros) -> u32 {
        u32::try_from((now - self.started).max(0) / 60_000_000 + 1).unwrap_or(u32::MAX)
    }
}

/// The address of a guest in a meeting.
pub fn guest_address(guest: crate::GuestId, tenant: &crate::Domain) -> String {
    format!("{guest}@guests.{tenant}")
}

/// Whether a participant is this person, whatever the screen.
pub fn is_person(participant: &Participant, address: &Address) -> bool {
    participant.address == address.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meeting() -> Meeting {
        Meeting::new(MeetingId(7), 0, Some(40))
    }

    #[test]
    fn hands_keep_their_order_and_fall_with_who_leaves() {
        let mut m = meeting();
        let [a, b, c] = ["a", "b", "c"].map(|name| m.join(name, name, Rank::Member).unwrap());
        for id in [b, a, c, b] {
            m.hand(id, true).unwrap();
        }
        assert_eq!(m.hands(), [b, a, c]);
        m.hand(a, false).unwrap();
        m.leave(b);
        assert_eq!(m.hands(), [c]);
        assert_eq!(m.hand(b, true), Err(Refused::Gone));
    }

    #[test]
    fn who_comes_in_anew_keeps_their_place_and_their_hand() {
        let mut m = meeting();
        let [a, b, c] = ["a", "b", "c"].map(|name| m.join(name, name, Rank::Member).unwrap());
        for id in [c, b, a] {
            m.hand(id, true).unwrap();
        }
        m.send(b, Sending { audio: true, ..Sending::default() }).unwrap();
        let again = m.succeed(b, Rank::Owner).unwrap();
        assert_eq!(m.hands(), [c, again, a]);
        let seat = &m.participants()[1];
        assert_eq!((seat.id, seat.rank, seat.sending), (again, Rank::Owner, Sending::default()));
        assert_eq!(m.succeed(b, Rank::Member), Err(Refused::Gone), "a number is never used twice");
        assert_eq!(m.join("d", "d", Rank::Member).map(|d| d.0), Ok(again.0 + 1));
    }

    #[test]
    fn a_guest_comes_in_only_when_let_in_and_not_again_once_removed() {
        let mut m = meeting();
        assert_eq!(m.join("g", "Mme Petit", Rank::Guest), Err(Refused::NotAdmitted));
        m.knock("g", "Mme Petit", 1).unwrap();
        m.knock("g", "Mme Petit", 2).unwrap();
        assert_eq!(m.waiting().len(), 1);
        m.admit("g").unwrap();
        assert_eq!(m.admit("g"), Err(Refused::Gone));
        let id = m.join("g", "Mme Petit", Rank::Guest).unwrap();
        m.remove(id).unwrap();
        assert_eq!(m.join("g", "Mme Petit", Rank::Guest), Err(Refused::NotAdmitted));
    }

    #[test]
    fn the_door_and_the_meeting_are_bounded() {
        let mut m = meeting();
        for n in 0..Meeting::MOST_WAITING {
            m.knock(&format!("g{n}"), "g", 0).unwrap();
        }
        assert_eq!(m.knock("one more", "g", 0), Err(Refused::Crowded(20)));
        for n in 0..Meeting::MOST {
            m.join(&format!("a{n}"), "a", Rank::Member).unwrap();
        }
        assert_eq!(m.join("one more", "a", Rank::Member), Err(Refused::Full(50)));
    }

    #[test]
    fn a_call_rings_is_taken_by_the_other_and_takes_two() {
        let mut m = Meeting::new(MeetingId(7), 0, None).calling("alice", "bob");
        assert!(!m.goes_on() && !m.is_over(44_999_999) && m.is_over(45_000_000));
        let alice = m.join("alice", "Alice", Rank::Owner).unwrap();
        assert!(!m.take("alice") && m.goes_on());
        assert_eq!(m.decline("alice"), Err(Refused::NotCalled), "who calls hangs up instead");
        m.join("bob", "Bob", Rank::Owner).unwrap();
        assert!(m.take("bob") && !m.take("bob"));
        assert_eq!(m.decline("bob"), Err(Refused::NotCalled));
        assert!(m.goes_on() && !m.is_over(45_000_000), "what was taken rings no more");
        m.leave(alice);
        assert!(!m.goes_on(), "one alone is no call");
    }

    #[test]
    fn a_declined_call_rings_no_more_and_a_meeting_of_a_room_never_rings() {
        let mut m = Meeting::new(MeetingId(7), 0, None).calling("alice", "bob");
        m.decline("bob").unwrap();
        assert_eq!((m.ringing(), m.call().map(|c| c.stage)), (None, Some(Stage::Declined)));
        assert!(!m.take("bob"));
        let mut of_a_room = meeting();
        assert!(!of_a_room.take("bob"));
        assert_eq!(of_a_room.decline("bob"), Err(Refused::NotCalled));
    }

    #[test]
    fn every_change_and_only_a_change_makes_a_version() {
        let mut m = meeting();
        let a = m.join("a", "a", Rank::Owner).unwrap();
        let v = m.version();
        m.send(a, Sending::default()).unwrap();
        m.hand(a, false).unwrap();
        assert!(!m.leave(ParticipantId(9)));
        assert_eq!(m.version(), v);
        m.send(a, Sending { audio: true, ..Sending::default() }).unwrap();
        assert_eq!(m.version(), v + 1);
        assert!(!m.is_over(2_399_999_999) && m.is_over(2_400_000_000));
    }
}
