//! The whole policy as one table that a lawyer can read and a diff can show.

use crate::act::{ROOM_ACTS, TENANT_ACTS};
use crate::{
    Actor, Administration, Asked, BodyAct, BodyStanding, Denied, Holder, ManageAccounts, ManageBusinessRoles,
    ManageRoles, Passage, Who, at_the_machine, decide_about, decide_administration, decide_ask, decide_body,
    decide_clear, decide_create, decide_door, decide_makers, decide_manage_bodies, decide_own,
    decide_passage, decide_read_bodies, decide_relabel, decide_request, may_hold,
};
use beffroi_domain::{
    AccountId, Accreditation, AdministrationRules, Dangerous, Factor, GuestId, Guests, Label, MemberRank,
    Posture, Rank, Reported, Role, Room, RoomId, RoomKind, Slug, TenantId,
};
use std::fmt::Write as _;

/// When everybody of the table asks.
const NOW: i64 = 0;

/// The mark with an accreditation that holds today and no longer.
fn declared(label: &Label) -> Label {
    let accreditation = Accreditation {
        reference: "H-1".parse().unwrap(),
        authority: "ANSSI".parse().unwrap(),
        until: "1970-01-01".parse().unwrap(),
    };
    Label { accreditation: Some(accreditation), ..label.clone() }
}

/// The labels shipped, and the two marks once accredited.
fn labels() -> Vec<(String, Label)> {
    let shipped = Label::shipped();
    let accredited = shipped.iter().filter(|l| !l.usable(NOW)).map(|l| (format!("{}+", l.slug), declared(l)));
    shipped.iter().map(|l| (l.slug.clone(), l.clone())).chain(accredited.collect::<Vec<_>>()).collect()
}

fn room(label: &Label) -> Room {
    Room {
        id: RoomId(1),
        tenant: TenantId(1),
        slug: Slug::suggested("r"),
        name: "r".parse().unwrap(),
        topic: String::new(),
        kind: RoomKind::Group,
        label: label.clone(),
    }
}

fn cell(no: Option<Denied>) -> String {
    no.map_or_else(|| "yes".to_owned(), |d| d.rule().to_owned())
}

/// Rows that say the same for every act are printed once per distinct answer: the columns are joined
/// into `act=answer` only where the answer is not the row's most common one.
fn answers(cells: impl Iterator<Item = (&'static str, String)>) -> String {
    let cells: Vec<_> = cells.collect();
    let mut counts: Vec<(&str, usize)> = vec![];
    for (_, answer) in &cells {
        match counts.iter_mut().find(|(a, _)| a == answer) {
            Some((_, n)) => *n += 1,
            None => counts.push((answer, 1)),
        }
    }
    let common = counts.iter().max_by_key(|(_, n)| *n).map_or("", |(a, _)| a).to_owned();
    let mut line = common.clone();
    for (act, answer) in cells.iter().filter(|(_, a)| *a != common) {
        write!(line, " {act}={answer}").unwrap();
    }
    line
}

#[test]
fn the_whole_policy() {
    let mut table = String::from(
        "# label | who | membership | clearance | factor | device | answer to every act, then the acts answered otherwise\n",
    );
    for (shown, label) in labels() {
        for role in Role::ALL.map(Some).into_iter().chain([None]) {
            for membership in [
                None,
                Some(MemberRank::Guest),
                Some(MemberRank::Member),
                Some(MemberRank::Moderator),
                Some(MemberRank::Owner),
            ] {
                // An account is never a `Guest` of a room, and a guest is nothing else.
                if (role.is_none()) != (membership == Some(MemberRank::Guest))
                    && !(role.is_none() && membership.is_none())
                {
                    continue;
                }
                for clearance in 0..=4 {
                    for factor in Factor::ALL {
                        for managed_device in [false, true] {
                            let who = if role.is_some() {
                                Who::Account(AccountId(1))
                            } else {
                                Who::Guest(GuestId(1))
                            };
                            let actor = Actor {
                                who,
                                tenant: TenantId(1),
                                role: role.unwrap_or(Role::Agent),
                                clearance: Rank(clearance),
                                factor,
                                helper: None,
                                // What administering takes has a table of its own below.
                                administration: Administration { factor: Factor::Password, inside: true },
                                managed_device: managed_device.then(Reported::default),
                                identified: Some(NOW),
                                membership,
                                now: NOW,
                            };
                            let place = room(&label);
                            let cells =
                                ROOM_ACTS.iter().map(|(name, ask)| (*name, cell(ask(&actor, &place))));
                            writeln!(
                                table,
                                "{shown} | {} | {} | {clearance} | {} | {} | {}",
                                role.map_or("guest", Role::word),
                                membership.map_or("-", MemberRank::word),
                                factor.word(),
                                if managed_device { "managed" } else { "any" },
                                answers(cells),
                            )
                            .unwrap();
                        }
                    }
                }
            }
        }
    }
    table += "\n# in the tenant: who | answer to every act, then the acts answered otherwise\n";
    for role in Role::ALL.map(Some).into_iter().chain([None]) {
        let actor = someone(role, 4);
        let cells = TENANT_ACTS.iter().map(|(name, ask)| (*name, cell(ask(&actor))));
        writeln!(table, "{} | {}", role.map_or("guest", Role::word), answers(cells)).unwrap();
    }
    table += "\n# administering (ID12): who | rank in an internal room | the tenant asks | proved | network | answer to every act of the tenant, then of the room\n";
    for role in Role::ALL {
        for membership in [None, Some(MemberRank::Member), Some(MemberRank::Owner)] {
            for asked in Factor::ALL {
                for factor in Factor::ALL {
                    for inside in [true, false] {
                        let administration = Administration { factor: asked, inside };
                        let actor = Actor { membership, factor, administration, ..someone(Some(role), 4) };
                        let internal = room(&Label::shipped()[1]);
                        let of_tenant = TENANT_ACTS.iter().map(|(name, ask)| (*name, cell(ask(&actor))));
                        let of_room =
                            ROOM_ACTS.iter().map(|(name, ask)| (*name, cell(ask(&actor, &internal))));
                        writeln!(
                            table,
                            "{} | {} | {} | {} | {} | {} | {}",
                            role.word(),
                            membership.map_or("none", MemberRank::word),
                            asked.word(),
                            factor.word(),
                            if inside { "inside" } else { "outside" },
                            answers(of_tenant),
                            answers(of_room)
                        )
                        .unwrap();
                    }
                }
            }
        }
    }
    table += "\n# a session, whoever it is: locked | a charter to accept | anything | the charter | the session itself\n";
    for locked in [false, true] {
        for charter in [None, Some(2)] {
            let ask = |asked| cell(decide_passage(Passage { locked, charter }, asked).err());
            let (anything, its, itself) = (ask(Asked::Anything), ask(Asked::Charter), ask(Asked::Itself));
            writeln!(table, "{locked} | {} | {anything} | {its} | {itself}", charter.is_some()).unwrap();
        }
    }
    table += "\n# changing how one signs in: who | the tenant asks of who administers | holds | proved | a moment ago | answer\n";
    for role in Role::ALL.map(Some).into_iter().chain([None]) {
        for asked in Factor::ALL {
            for (holds, holds_factor, holds_passkey) in
                [("nothing", false, false), ("codes", true, false), ("a passkey", true, true)]
            {
                for factor in Factor::ALL {
                    for fresh in [true, false] {
                        let holder = Holder { factor, holds_factor, holds_passkey, fresh };
                        let administration = Administration { factor: asked, inside: true };
                        let actor = Actor { administration, ..someone(role, 0) };
                        let answer = cell(decide_own(&actor, holder).err());
                        let who = role.map_or("guest", Role::word);
                        let (asked, factor) = (asked.word(), factor.word());
                        writeln!(table, "{who} | {asked} | {holds} | {factor} | {fresh} | {answer}").unwrap();
                    }
                }
            }
        }
    }
    table += "\n# a label for a new room, and for a room that is internal now: label | who | clearance | create | relabel by an owner\n";
    for (shown, label) in labels() {
        for role in Role::ALL {
            for clearance in 0..=4 {
                let actor = Actor { membership: Some(MemberRank::Owner), ..someone(Some(role), clearance) };
                let internal = room(&Label::shipped()[1]);
                writeln!(
                    table,
                    "{shown} | {} | {clearance} | {} | {}",
                    role.word(),
                    cell(decide_create(&actor, &label).err()),
                    cell(decide_relabel(&actor, &internal, &label).err())
                )
                .unwrap();
            }
        }
    }
    table += "\n# in a room of two, whose both people are owners: label | who | membership | answer to every act, then the acts answered otherwise\n";
    for (shown, label) in labels() {
        let two = Room { kind: RoomKind::Direct, ..room(&label) };
        for (role, membership) in [
            (Some(Role::Agent), Some(MemberRank::Owner)),
            (Some(Role::Agent), None),
            (Some(Role::Administrator), None),
            (None, Some(MemberRank::Guest)),
        ] {
            let actor = Actor { membership, ..someone(role, 4) };
            let cells = ROOM_ACTS.iter().map(|(name, ask)| (*name, cell(ask(&actor, &two))));
            let (who, rank) = (role.map_or("guest", Role::word), membership.map_or("-", MemberRank::word));
            writeln!(table, "{shown} | {who} | {rank} | {}", answers(cells)).unwrap();
        }
    }
    table += &postures();
    table += &proof_ages();
    table += &requests();
    table += &bodies();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/policy.golden.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &table).unwrap();
    }
    let golden = std::fs::read_to_string(path).unwrap_or_default();
    for (number, (got, want)) in table.lines().zip(golden.lines()).enumerate() {
        assert_eq!(
            got,
            want,
            "line {} of policy.golden.txt: run UPDATE_GOLDEN=1 and read the diff",
            number + 1
        );
    }
    assert_eq!(table.lines().count(), golden.lines().count(), "run UPDATE_GOLDEN=1 and read the diff");
}

/// What takes a second person, and what whoever manages people does to whom.
fn requests() -> String {
    let mut table = String::from(
        "\n# an account, by its technical role: who | theirs | accounts.manage | business-roles.manage | roles.manage\n",
    );
    for role in Role::ALL {
        for theirs in Role::ALL {
            let actor = someone(Some(role), 4);
            let cells = [
                decide_about::<ManageAccounts>(&actor, AccountId(2), theirs).err(),
                decide_about::<ManageBusinessRoles>(&actor, AccountId(2), theirs).err(),
                decide_about::<ManageRoles>(&actor, AccountId(2), theirs).err(),
            ]
            .map(cell);
            writeln!(table, "{} | {} | {}", role.word(), theirs.word(), cells.join(" | ")).unwrap();
        }
    }
    table += "\n# in somebody's name: who | rank in an internal room | answer to every act of the tenant, then of the room | how they sign in\n";
    for role in Role::ALL {
        for membership in [None, Some(MemberRank::Member), Some(MemberRank::Owner)] {
            let factor = Factor::Password;
            let actor = Actor { membership, factor, helper: Some(AccountId(9)), ..someone(Some(role), 4) };
            let internal = room(&Label::shipped()[1]);
            let of_tenant = TENANT_ACTS.iter().map(|(name, ask)| (*name, cell(ask(&actor))));
            let of_room = ROOM_ACTS.iter().map(|(name, ask)| (*name, cell(ask(&actor, &internal))));
            let holder = Holder { factor, holds_factor: false, holds_passkey: false, fresh: true };
            writeln!(
                table,
                "{} | {} | {} | {} | {}",
                role.word(),
                membership.map_or("none", MemberRank::word),
                answers(of_tenant),
                answers(of_room),
                cell(decide_own(&actor, holder).err())
            )
            .unwrap();
        }
    }
    table += "\n# asking for what is dangerous (ID16): who | retention | export | four-eyes | administration | passkey-makers | impersonation of an agent | of an administrator | of oneself\n";
    for role in Role::ALL.map(Some).into_iter().chain([None]) {
        let actor = someone(role, 4);
        let impersonation = |whom| Dangerous::Impersonation { whom: AccountId(whom) };
        let cells = [
            (Dangerous::Retention { label: "internal".into(), days: 30 }, None),
            (Dangerous::Export, None),
            (Dangerous::FourEyes { on: false }, None),
            (Dangerous::Administration(AdministrationRules::default()), None),
            (Dangerous::PasskeyMakers { told: String::new(), pem: String::new() }, None),
            (impersonation(2), Some(Role::Agent)),
            (impersonation(2), Some(Role::Administrator)),
            (impersonation(1), role),
        ]
        .map(|(act, whom)| cell(decide_ask(&actor, &act, whom).err()));
        writeln!(table, "{} | {}", role.map_or("guest", Role::word), cells.join(" | ")).unwrap();
    }
    table += &administration();
    table += "\n# deciding about it: who | who asked | their role | proved a moment ago | answer\n";
    for role in Role::ALL.map(Some).into_iter().chain([None]) {
        for (whose, asked_by) in [("oneself", 1), ("somebody else", 2)] {
            for asker in [Role::Auditor, Role::SecurityOfficer, Role::Administrator] {
                for fresh in [true, false] {
                    let answer =
                        cell(decide_request(&someone(role, 4), AccountId(asked_by), asker, fresh).err());
                    let who = role.map_or("guest", Role::word);
                    writeln!(table, "{who} | {whose} | {} | {fresh} | {answer}", asker.word()).unwrap();
                }
            }
        }
    }
    table
}

/// A label that asks for a managed device, and for facts that the body reports of it.
fn postures() -> String {
    let mut table = String::from(
        "\n# a label that asks for a managed device and what is reported of it: asked | disk encrypted | screen lock | managed profile | answer to a member\n",
    );
    let word = |told: Option<bool>| match told {
        None => "unknown",
        Some(true) => "yes",
        Some(false) => "no",
    };
    let told = [None, Some(false), Some(true)];
    for asked in [&[][..], &["disk_encrypted"], &["disk_encrypted", "screen_lock", "managed_profile"]] {
        let posture = Posture::from_words(asked.iter().copied()).unwrap();
        let label = Label { managed_device: true, posture, ..Label::shipped().remove(1) };
        for disk_encrypted in told {
            for screen_lock in told {
                for managed_profile in told {
                    let reported = Reported { disk_encrypted, screen_lock, managed_profile };
                    let actor = Actor {
                        managed_device: Some(reported),
                        membership: Some(MemberRank::Member),
                        ..someone(Some(Role::Agent), 4)
                    };
                    let answer = cell(crate::decide::<crate::ReadRoom>(&actor, &room(&label)).err());
                    let asked = if asked.is_empty() { "nothing".to_owned() } else { asked.join(" ") };
                    let (disk, lock) = (word(disk_encrypted), word(screen_lock));
                    writeln!(table, "{asked} | {disk} | {lock} | {} | {answer}", word(managed_profile))
                        .unwrap();
                }
            }
        }
    }
    table
}

/// Until when a proof of who one is opens a room whose label counts its hours.
fn proof_ages() -> String {
    let mut table = String::from(
        "\n# a label that asks for a proof of the last two hours: who | rank | proved | answer to every act, then the acts answered otherwise | a new room\n",
    );
    let hour = 3_600 * 1_000_000;
    let label = Label { proof_hours: Some(2), guests: Guests::Room, ..Label::shipped().remove(1) };
    let people = [
        (Some(Role::Agent), Some(MemberRank::Owner)),
        (Some(Role::Administrator), None),
        (Some(Role::Administrator), Some(MemberRank::Owner)),
        (None, Some(MemberRank::Guest)),
    ];
    for (role, membership) in people {
        for (word, ago) in [
            ("now", Some(0)),
            ("just within", Some(2 * hour - 1)),
            ("two hours ago", Some(2 * hour)),
            ("by an application", None),
        ] {
            let actor = Actor { identified: ago.map(|ago| NOW - ago), membership, ..someone(role, 4) };
            let cells = ROOM_ACTS.iter().map(|(name, ask)| (*name, cell(ask(&actor, &room(&label)))));
            let (who, rank) = (role.map_or("guest", Role::word), membership.map_or("-", MemberRank::word));
            let new = cell(decide_create(&actor, &label).err());
            writeln!(table, "{who} | {rank} | {word} | {} | {new}", answers(cells)).unwrap();
        }
    }
    table
}

/// What an operator does to bodies, and never inside one.
fn bodies() -> String {
    let mut table = String::from(
        "\n# bodies of this server: who | their body operates | proved | bodies.read | bodies.manage, proved a moment ago | proved before | to hold their role there\n",
    );
    for role in Role::ALL.map(Some).into_iter().chain([None]) {
        for operates in [false, true] {
            for factor in [Factor::Second, Factor::Passkey] {
                let actor = Actor { factor, ..someone(role, 4) };
                let read = cell(decide_read_bodies(&actor, operates).err());
                let manage = cell(decide_manage_bodies(&actor, operates, true).err());
                let stale = cell(decide_manage_bodies(&actor, operates, false).err());
                let hold = role.map_or_else(|| "-".to_owned(), |role| cell(may_hold(role, operates).err()));
                let who = role.map_or("guest", Role::word);
                writeln!(
                    table,
                    "{who} | {operates} | {} | {read} | {manage} | {stale} | {hold}",
                    factor.word()
                )
                .unwrap();
            }
        }
    }
    table += "\n# to another body: who | it operates | somebody of it ever came in | invite its first administrator | close | open\n";
    let operator = decide_manage_bodies(&someone(Some(Role::Operator), 4), true, true).unwrap();
    for (who, permit) in [("operator", operator), ("the machine", at_the_machine())] {
        for operates in [false, true] {
            for begun in [false, true] {
                let standing = BodyStanding { operates, begun };
                let cells = BodyAct::ALL.map(|act| cell(decide_body(&permit, act, standing).err()));
                writeln!(table, "{who} | {operates} | {begun} | {}", cells.join(" | ")).unwrap();
            }
        }
    }
    let (open, closed) = (cell(decide_door(None).err()), cell(decide_door(Some(NOW)).err()));
    writeln!(table, "\n# the door of a body: open | closed\n{open} | {closed}").unwrap();
    table
}

/// Who sets what administering takes, where a second factor is asked for until now.
fn administration() -> String {
    let mut table = String::from(
        "\n# saying what administering takes (ID12): who | would be asked | proved | their network | a moment ago | answer, and whose passkeys count\n",
    );
    for role in Role::ALL {
        for asked in Factor::ALL {
            for factor in Factor::ALL {
                for (inside, fresh) in [(true, true), (true, false), (false, true)] {
                    let today = Administration { factor: Factor::Second, inside: true };
                    let actor = Actor { factor, administration: today, ..someone(Some(role), 4) };
                    let wanted = Administration { factor: asked, inside };
                    writeln!(
                        table,
                        "{} | {} | {} | {} | {fresh} | {} | {}",
                        role.word(),
                        asked.word(),
                        factor.word(),
                        if inside { "inside" } else { "outside" },
                        cell(decide_administration(&actor, wanted, fresh).err()),
                        cell(decide_makers(&actor, fresh).err()),
                    )
                    .unwrap();
                }
            }
        }
    }
    table
}

fn someone(role: Option<Role>, clearance: u8) -> Actor {
    Actor {
        who: role.map_or(Who::Guest(GuestId(1)), |_| Who::Account(AccountId(1))),
        tenant: TenantId(1),
        role: role.unwrap_or(Role::Agent),
        clearance: Rank(clearance),
        factor: Factor::Passkey,
        helper: None,
        administration: Administration { factor: Factor::Passkey, inside: true },
        managed_device: Some(Reported::default()),
        identified: Some(NOW),
        membership: None,
        now: NOW,
    }
}

/// The day after its last, an accreditation is as if it had never been declared: for everybody, for every act.
#[test]
fn an_accreditation_ends_by_itself() {
    for label in Label::shipped().iter().filter(|l| !l.usable(NOW)) {
        let mark = declared(label);
        let end = mark.accreditation.as_ref().unwrap().until.end();
        let differs = |now: i64| {
            let mut found = 0;
            for role in Role::ALL {
                for membership in [None, Some(MemberRank::Member), Some(MemberRank::Owner)] {
                    let actor = Actor { membership, now, ..someone(Some(role), 4) };
                    found += ROOM_ACTS
                        .iter()
                        .filter(|(_, ask)| ask(&actor, &room(&mark)) != ask(&actor, &room(label)))
                        .count();
                    let (before, after) =
                        (decide_create(&actor, &mark).err(), decide_create(&actor, label).err());
                    found += usize::from(before != after);
                }
            }
            found
        };
        assert!(differs(end - 1) > 0);
        assert_eq!(differs(end), 0);
    }
}

#[test]
fn nobody_sets_their_own_clearance() {
    for role in Role::ALL {
        let actor = someone(Some(role), 4);
        let (own, other) =
            (decide_clear(&actor, AccountId(1)).err(), decide_clear(&actor, AccountId(2)).err());
        assert!(own.is_some(), "{role:?}");
        assert_eq!(other.is_none(), role == Role::SecurityOfficer, "{role:?}");
    }
}

#[test]
fn another_tenant_is_never_reached_by_anyone() {
    for (_, label) in labels() {
        for role in Role::ALL {
            let actor =
                Actor { tenant: TenantId(2), membership: Some(MemberRank::Owner), ..someone(Some(role), 4) };
            for (name, ask) in ROOM_ACTS {
                assert_eq!(ask(&actor, &room(&label)), Some(Denied::Tenant), "{name}");
            }
        }
    }
}
