//! Finding people, and importing them, on both engines.

#![allow(clippy::unwrap_used)] // a test may unwrap

mod place;
mod town;

use beffroi_domain::{AccountId, Rank, Role, Sought, TenantId};
use beffroi_policy::{ImportPeople, ManageAccounts, ReadAudit, ReadPeople, ReadRooms, operator};
use beffroi_store::{
    AccountState, AuditFilter, Fate, ImportTotals, Letter, NewAccount, PeopleFilter, PlannedLine, StoreError,
};
use place::{Place, both, now};
use town::Town;

const PEOPLE: [(&str, &str); 7] = [
    ("elodie.lefevre", "Élodie Lefèvre"),
    ("jp.lefevre", "Jean-Pierre LEFEVRE"),
    ("marie", "Marie Œuvray"),
    ("marie2", "Marie Œuvray"),
    ("m.maes", "Maria Maes"),
    ("ivanov", "Мария Иванова"),
    ("sorensen", "Søren Sørensen"),
];

async fn add(town: &Town, local: &str, name: &str, role: Role, password: bool) -> AccountId {
    let new = NewAccount {
        address: format!("{local}@demo.localhost").parse().unwrap(),
        name: name.parse().unwrap(),
        role,
        clearance: Rank(2),
        password: password.then(|| "phc".to_owned()),
    };
    town.store.add_account(&town.machine::<ManageAccounts>(), new, now()).await.unwrap().id
}

fn filter(search: &str) -> PeopleFilter {
    PeopleFilter { words: Sought::read(search, "demo.localhost"), limit: 50, ..PeopleFilter::default() }
}

/// The local parts of who is found, in order.
async fn found(town: &Town, filter: &PeopleFilter) -> String {
    let page = town.store.accounts(&town.machine::<ReadRooms>(), filter).await.unwrap();
    assert_eq!(page.count, Some(page.people.len() as i64));
    page.people.iter().map(|row| row.account.address.local().to_owned()).collect::<Vec<_>>().join(" ")
}

#[test]
fn people_are_found_by_the_beginnings_of_their_words_whatever_the_accents() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        for (local, name) in PEOPLE {
            add(&town, local, name, Role::Agent, true).await;
        }
        for (search, who) in [
            ("lefevre", "elodie.lefevre jp.lefevre"),
            ("LEFÈVRE él", "elodie.lefevre"),
            ("el lefe", "elodie.lefevre"),
            ("pierre", "jp.lefevre"),
            ("jp", "jp.lefevre"),
            ("jp.lefevre@demo", "jp.lefevre"),
            ("jp.lefevre@ailleurs.org", ""),
            ("oeuvr", "marie2 marie"),
            ("œuvray marie", "marie2 marie"),
            ("marie2", "marie2"),
            ("ma", "alice m.maes marie2 marie"),
            ("mar ma m maes", "m.maes"),
            ("мария", "ivanov"),
            ("soren", "sorensen"),
            ("evre", ""),
            ("%", "alice bob carol elodie.lefevre jp.lefevre m.maes marie2 marie sorensen ivanov"),
            ("' OR ''='", ""),
        ] {
            assert_eq!(found(&town, &filter(search)).await, who, "{search}");
        }
        let open = town.machine::<ReadPeople>();
        let picked = town.store.people(&open, &Sought::read("mar", "x"), 2).await.unwrap();
        assert_eq!(picked.iter().map(|a| a.address.local()).collect::<Vec<_>>(), ["alice", "m.maes"]);
    });
}

#[test]
fn role_and_state_narrow_a_search_and_pages_follow_each_other() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        for n in 0..25 {
            let role = if n % 5 == 0 { Role::Auditor } else { Role::Agent };
            let id = add(&town, &format!("p{n:02}"), "Paul Martin", role, n % 2 == 0).await;
            if n < 3 {
                town.store.set_enabled(&town.machine(), id, false, now()).await.unwrap();
            }
        }
        let auditors = PeopleFilter { role: Some(Role::Auditor), ..filter("paul") };
        assert_eq!(found(&town, &auditors).await, "p00 p05 p10 p15 p20");
        let closed = PeopleFilter { state: Some(AccountState::Disabled), ..filter("") };
        assert_eq!(found(&town, &closed).await, "p00 p01 p02");
        let invited = PeopleFilter { state: Some(AccountState::Invited), ..auditors.clone() };
        assert_eq!(found(&town, &invited).await, "p05 p15");
        let active = PeopleFilter { state: Some(AccountState::Active), ..auditors };
        assert_eq!(found(&town, &active).await, "p10 p20");
        let none = PeopleFilter { state: Some(AccountState::Active), ..filter("p05") };
        assert_eq!(found(&town, &none).await, "");

        for search in ["", "martin", "martin paul"] {
            let mut page = PeopleFilter { limit: 10, ..filter(search) };
            let mut all = vec![];
            loop {
                let got = town.store.accounts(&town.machine::<ReadRooms>(), &page).await.unwrap();
                let whole = if search.is_empty() { 28 } else { 25 + i64::from(search == "martin") };
                assert_eq!(got.count, page.after.is_none().then_some(whole), "{search}");
                all.extend(got.people.iter().map(|row| row.account.address.local().to_owned()));
                page.after = got.people.last().map(|row| row.account.address.clone());
                if !got.more {
                    break;
                }
            }
            let mut once = all.clone();
            once.dedup();
            assert_eq!(once.len(), if search.is_empty() { 28 } else { 25 + usize::from(search == "martin") });
            assert_eq!(once, all);
        }
        let strange = PeopleFilter { after: Some("x@demo.localhost".parse().unwrap()), ..filter("") };
        let answer = town.store.accounts(&town.machine::<ReadRooms>(), &strange).await;
        assert!(matches!(answer, Err(StoreError::Gone { .. })), "{answer:?}");
        let elsewhere = operator::<ReadRooms>(TenantId(1), AccountId(0));
        assert!(town.store.accounts(&elsewhere, &filter("paul")).await.unwrap().people.is_empty());
    });
}

/// Whatever changes a role or a state, searches know it in the same transaction.
#[test]
fn role_and_state_are_searched_as_they_are_now() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let (store, bob) = (&town.store, town.bob.id);
        let is = async |role: Role, state| {
            let asked = PeopleFilter { role: Some(role), state: Some(state), ..filter("bob") };
            let all = PeopleFilter { words: Sought::default(), ..asked.clone() };
            assert_eq!(found(&town, &asked).await, "bob", "{role:?} {state:?}");
            assert!(found(&town, &all).await.split(' ').any(|who| who == "bob"), "{role:?} {state:?}");
        };
        is(Role::Agent, AccountState::Active).await;
        store.set_role(&town.machine(), bob, Role::Auditor, now()).await.unwrap();
        is(Role::Auditor, AccountState::Active).await;
        store.set_enabled(&town.machine(), bob, false, now()).await.unwrap();
        is(Role::Auditor, AccountState::Disabled).await;
        store.set_enabled(&town.machine(), bob, true, now()).await.unwrap();
        is(Role::Auditor, AccountState::Active).await;
        let (token, ..) = store.replace_lost_keys(&town.machine(), bob, now()).await.unwrap();
        is(Role::Auditor, AccountState::Invited).await;
        store.accept_invitation(&token, "phc", now()).await.unwrap().unwrap();
        is(Role::Auditor, AccountState::Active).await;
        store.depart(&town.machine(), bob, None, &[], now()).await.unwrap();
        is(Role::Auditor, AccountState::Disabled).await;
    });
}

#[test]
fn people_of_before_are_found_after_the_next_start() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        town.store.close().await;
        place.sql("DELETE FROM account_word; UPDATE account SET sorting = NULL").await;
        let store = place.store().await;
        let town = Town { store, ..town };
        assert_eq!(found(&town, &filter("durand")).await, "bob");
        assert_eq!(found(&town, &filter("")).await, "alice bob carol");
    });
}

fn line(line: i64, local: &str, name: &str, former: &str) -> PlannedLine {
    PlannedLine {
        line,
        address: format!("{local}@demo.localhost"),
        name: name.to_owned(),
        former: former.to_owned(),
        role: "agent".to_owned(),
        clearance: Rank(2),
        password: None,
        fate: if former.is_empty() { Fate::Create } else { Fate::Rename },
        rule: String::new(),
    }
}

const DIGEST: [u8; 32] = [7; 32];

#[test]
fn what_was_shown_is_applied_part_by_part_and_nothing_else() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let (store, permit) = (&town.store, town.machine::<ImportPeople>());
        let id = store.begin_import(&permit, now()).await.unwrap();
        assert!(store.import(&permit, id).await.unwrap().is_none(), "it did not come in whole");
        let not_whole = store.apply_import(&permit, id, 10, None, now()).await;
        assert!(matches!(not_whole, Err(StoreError::Gone { .. })));
        let mut lines: Vec<_> = (2..7).map(|n| line(n, &format!("new{n}"), "Nouvelle Venue", "")).collect();
        lines.push(line(7, "bob", "Robert Durand", "Bob Durand"));
        lines.push(line(8, "carol", "Caroline", "Carole"));
        lines.push(PlannedLine { fate: Fate::Refused, rule: "domain".into(), ..line(9, "x", "X", "") });
        lines[0].password = Some("$2b$06$foreign".into());
        store.plan_lines(&permit, id, &lines).await.unwrap();
        let totals = ImportTotals { create: 5, rename: 2, refused: 1, ..ImportTotals::default() };
        let ignored = ["Service".to_owned()];
        let ready = store.plan_ready(&permit, id, &DIGEST, &ignored, false, false, totals);
        let row = ready.await.unwrap();
        assert_eq!((row.digest.as_slice(), row.over(), row.begun), (&DIGEST[..], false, false));
        assert_eq!(row.ignored, ["Service"]);

        let refused = store.import_lines(&permit, id, Some(Fate::Refused), 0, 50).await.unwrap();
        assert_eq!(refused.iter().map(|l| (l.line, l.rule.as_str())).collect::<Vec<_>>(), [(9, "domain")]);
        let page = store.import_lines(&permit, id, None, 3, 2).await.unwrap();
        assert_eq!(page.iter().map(|l| l.line).collect::<Vec<_>>(), [4, 5]);
        assert!(store.import_lines(&permit, id, None, 0, 1).await.unwrap()[0].password.is_none());
        // Another administrator has none of it, and somebody added one of them meanwhile.
        let other = operator::<ImportPeople>(town.tenant.id, town.alice.id);
        assert!(store.import(&other, id).await.unwrap().is_none());
        assert!(store.apply_import(&other, id, 10, None, now()).await.is_err());
        add(&town, "new4", "Autre Personne", Role::Agent, true).await;

        let before = store.audit(&town.machine::<ReadAudit>(), &AuditFilter::default()).await.unwrap().size;
        let mut calls = 0;
        let row = loop {
            let (row, changed) = store.apply_import(&permit, id, 2, None, now()).await.unwrap();
            assert!(changed.len() <= 2);
            calls += 1;
            if row.over() {
                break row;
            }
        };
        assert_eq!((calls, row.totals.applied, row.totals.skipped), (4, 5, 2));
        let (_, changed) = store.apply_import(&permit, id, 100, None, now()).await.unwrap();
        assert_eq!(changed, []);
        let after = store.audit(&town.machine::<ReadAudit>(), &AuditFilter::default()).await.unwrap();
        assert_eq!(after.size - before, 6, "one for the file, one for each person");
        assert_eq!(
            (after.entries[0].act.as_str(), after.entries[0].detail.as_str()),
            ("account.rename", "Bob Durand → Robert Durand")
        );
        let skipped = store.import_lines(&permit, id, Some(Fate::Refused), 0, 50).await.unwrap();
        let rules: Vec<_> = skipped.iter().map(|l| (l.line, l.rule.as_str())).collect();
        assert_eq!(rules, [(4, "changed"), (8, "changed"), (9, "domain")]);
        assert_eq!(found(&town, &filter("nouvelle")).await, "new2 new3 new5 new6");
        assert_eq!(found(&town, &filter("robert")).await, "bob");
        assert_eq!(found(&town, &filter("carol")).await, "carol");
        let (_, password) =
            store.account_by_address(&"new2@demo.localhost".parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(password.as_deref(), Some("$2b$06$foreign"));
        assert_eq!(store.verify_audit().await.unwrap(), []);

        store.begin_import(&permit, now()).await.unwrap();
        assert!(store.import(&permit, id).await.unwrap().is_none(), "one at a time");
        store.forget_old_imports(now()).await.unwrap();
        nothing_in(place, "account_import").await;
        nothing_in(place, "account_import_line").await;
    });
}

/// Fails when there is a row: a version that is there already would be written once more.
async fn nothing_in(place: &Place, table: &str) {
    place.sql(&format!("INSERT INTO migration (version) SELECT 9 FROM {table} LIMIT 1")).await;
}

#[test]
fn who_is_added_with_a_letter_gets_one_link_that_opens() {
    both(async |place| {
        let town = Town::new(place.store().await).await;
        let (store, permit) = (&town.store, town.machine::<ImportPeople>());
        let id = store.begin_import(&permit, now()).await.unwrap();
        store.plan_lines(&permit, id, &[line(2, "gus", "Gus Roy", "")]).await.unwrap();
        let totals = ImportTotals { create: 1, ..ImportTotals::default() };
        store.plan_ready(&permit, id, &DIGEST, &[], false, false, totals).await.unwrap();
        let write = |account: &beffroi_domain::Account, token: &str, until| Letter {
            subject: "Bienvenue",
            text: format!("{} {token}", account.name).into(),
            until,
        };
        let (row, _) = store.apply_import(&permit, id, 10, Some(&write), now()).await.unwrap();
        assert!(row.over() && row.mail);
        let letter = store.due_mail(now()).await.unwrap().remove(0);
        assert_eq!(letter.address.as_str(), "gus@demo.localhost");
        let token = letter.text.strip_prefix("Gus Roy ").unwrap();
        const DAY: i64 = 86_400_000_000;
        assert!(store.invitation(token, now() + 2 * DAY).await.unwrap().is_some());
        assert!(store.invitation(token, now() + 4 * DAY).await.unwrap().is_none());
    });
}

/// Ids are a millisecond and 20 bits: of hundreds added in the same one, two would soon be the same.
#[test]
fn many_are_added_in_the_same_moment_with_numbers_of_their_own() {
    both(async |place| {
        const PEOPLE: i64 = 300;
        let town = Town::new(place.store().await).await;
        let (store, permit, then) = (&town.store, town.machine::<ImportPeople>(), now());
        let id = store.begin_import(&permit, then).await.unwrap();
        let lines: Vec<_> =
            (2..PEOPLE + 2).map(|n| line(n, &format!("new{n}"), "Nouvelle Venue", "")).collect();
        store.plan_lines(&permit, id, &lines).await.unwrap();
        let totals = ImportTotals { create: PEOPLE, ..ImportTotals::default() };
        store.plan_ready(&permit, id, &DIGEST, &[], false, false, totals).await.unwrap();
        let write = |_: &beffroi_domain::Account, token: &str, until| Letter {
            subject: "Bienvenue",
            text: token.to_owned().into(),
            until,
        };
        let mut numbers = vec![];
        for _ in 0..3 {
            numbers.extend(store.apply_import(&permit, id, 100, Some(&write), then).await.unwrap().1);
        }
        let lines: Vec<_> = numbers.iter().map(|id| id.0 & 0x1_ffff).collect();
        assert_eq!(lines, (2..PEOPLE + 2).collect::<Vec<_>>());
    });
}
