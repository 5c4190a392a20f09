//! People from a file, and finding them: the HTTP API, the command line, a power cut in the middle.

use beffroi_it::{ALICE, Browser, CLAIRE, DOMAIN, House, PASSWORD, Post};
use serde_json::{Value, json};

async fn send(who: &Browser, text: impl Into<Vec<u8>>) -> beffroi_it::Answer {
    who.request("POST", "/api/admin/imports").header("content-type", "text/csv").body(text).send().await
}

async fn apply(who: &Browser, import: &Value, mail: bool) -> Value {
    let path = format!("/api/admin/imports/{}/apply", import["id"].as_str().expect("a text"));
    loop {
        let body = json!({"digest": import["digest"], "mail": mail});
        let now = who.post(&path, &body).await.expect(200).json();
        if now["over"] == true {
            return now;
        }
    }
}

async fn lines(who: &Browser, import: &Value, query: &str) -> Vec<Value> {
    let path =
        format!("/api/admin/imports/{}/lines?limit=200{query}", import["id"].as_str().expect("a text"));
    who.get(&path).await.expect(200).json()["lines"].as_array().expect("a list").clone()
}

fn counts(import: &Value) -> [i64; 6] {
    ["create", "rename", "same", "refused", "applied", "skipped"]
        .map(|key| import[key].as_i64().expect("a number"))
}

async fn names(who: &Browser, query: &str) -> Vec<String> {
    let page = who.get(&format!("/api/admin/accounts?{query}")).await.expect(200).json();
    let name = |account: &Value| account["name"].as_str().expect("a text").to_owned();
    page["accounts"].as_array().expect("a list").iter().map(name).collect()
}

/// (rule, detail) of what was refused for an act.
async fn denied(claire: &Browser, act: &str) -> Vec<String> {
    let path = format!("/api/admin/audit?limit=200&outcome=denied&act={act}");
    let log = claire.get(&path).await.expect(200).json();
    log["entries"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|e| e["rule"].as_str().expect("a text").to_owned())
        .collect()
}

#[tokio::test]
async fn a_file_of_people_is_shown_line_by_line_and_applied_as_it_was_shown() {
    let house = House::town();
    let server = house.serve().await;
    let claire = Browser::signed_in(&server, CLAIRE).await;
    let alice = Browser::signed_in(&server, ALICE).await;
    let text = "\u{feff}Prénom;Nom;Adresse e-mail;Rôle;Service\r\n\
        Élodie;Lefèvre;Elodie.Lefevre@mairie.test;agent;Voirie\r\n\
        \"Jean; dit Jo\";Roy;jo@mairie.test;;\r\n\
        Bob;Lambert;bob@mairie.test;;\r\n\
        Alice;Martin-Roy;alice@mairie.test;;\r\n\
        Gus;Roy;gus@ailleurs.test;;\r\n\
        Jo;Roy;JO@mairie.test;;\r\n\
        =1+1;Roy;un@mairie.test;;\r\n\
        \" @SUM(A1)\";Roy;deux@mairie.test;;\r\n\
        Аlice;Martin;trois@mairie.test;;\r\n\
        Léa;Roy;léa@mairie.test;;\r\n\
        ;;quatre@mairie.test;;\r\n\
        Max;Roy;max@mairie.test;maire;\r\n\
        Claire;Dubois;claire@mairie.test;agent;\r\n\
        trop;peu\r\n";
    let shown = send(&claire, text).await.expect(201).json();
    assert_eq!(counts(&shown), [2, 1, 1, 10, 0, 0]);
    assert_eq!(shown["ignored"], json!(["Service"]));
    let refused = lines(&claire, &shown, "&fate=refused").await;
    let rules: Vec<_> =
        refused.iter().map(|l| (l["line"].as_i64().unwrap(), l["rule"].as_str().unwrap())).collect();
    assert_eq!(
        rules,
        [
            (6, "domain"),
            (7, "duplicate"),
            (8, "formula"),
            (9, "formula"),
            (10, "scripts"),
            (11, "address-letters"),
            (12, "name"),
            (13, "role-unknown"),
            (14, "role-kept"),
            (15, "fields")
        ]
    );
    let renamed = lines(&claire, &shown, "&fate=rename").await;
    assert_eq!(
        (&renamed[0]["former"], &renamed[0]["name"]),
        (&json!("Alice Martin"), &json!("Alice Martin-Roy"))
    );
    // Nothing was done, and nobody else sees it.
    assert_eq!(names(&claire, "search=elodie").await, Vec::<String>::new());
    let path = format!("/api/admin/imports/{}", shown["id"].as_str().unwrap());
    alice.get(&path).await.expect(403);
    let other = json!({"digest": "0".repeat(64), "mail": false});
    claire.post(&format!("{path}/apply"), &other).await.expect(409);
    let letters = json!({"digest": shown["digest"], "mail": true});
    claire.post(&format!("{path}/apply"), &letters).await.expect(409);
    assert_eq!(counts(&claire.get(&path).await.expect(200).json()), [2, 1, 1, 10, 0, 0]);

    let over = apply(&claire, &shown, false).await;
    assert_eq!(counts(&over), [2, 1, 1, 10, 3, 0]);
    assert_eq!(names(&claire, "search=LEFEVRE%20%C3%A9l").await, ["Élodie Lefèvre"]);
    assert_eq!(names(&claire, "search=roy&state=invited").await, ["Jean; dit Jo Roy"]);
    assert_eq!(names(&claire, "role=administrator").await, ["Claire Dubois"]);
    let found = alice.get("/api/people?search=lefe").await.expect(200).json();
    assert_eq!(found, json!([{"address": "elodie.lefevre@mairie.test", "name": "Élodie Lefèvre"}]));
    // Once more: nothing is left to do, nobody is closed.
    let again = send(&claire, text).await.expect(201).json();
    assert_eq!(counts(&again), [0, 0, 4, 10, 0, 0]);
    claire.get(&path).await.expect(404);
    alice.get("/api/session").await.expect(200);
    let log = claire.get("/api/admin/audit?limit=200&act=account.rename").await.expect(200).json();
    assert_eq!(log["entries"][0]["detail"], "Alice Martin → Alice Martin-Roy");
    crate::bad_input::finish(server, &["Lefèvre", "elodie"]).await;
    house.run(&["audit", "verify"]).well();
}

#[tokio::test]
async fn what_is_no_such_file_is_refused_in_words_and_does_nothing() {
    let house = House::town();
    let server = house.serve().await;
    let claire = Browser::signed_in(&server, CLAIRE).await;
    for (text, status) in [
        (b"".to_vec(), 422),
        (b"nom;prenom\nRoy;Gus\n".to_vec(), 422),
        (b"Pr\xe9nom;nom;adresse\nGus;Roy;gus@mairie.test\n".to_vec(), 422),
        ([b"adresse;nom\n\"".as_slice(), &vec![b'x'; 100_000]].concat(), 422),
        (["adresse;nom\n", &"a@mairie.test;A\n".repeat(100_002)].concat().into_bytes(), 422),
        (vec![b'\n'; (32 << 20) + 1], 413),
    ] {
        let said = send(&claire, text).await.expect(status).json();
        assert!(said["detail"].as_str().unwrap().len() > 10, "{said}");
    }
    let json = claire.request("POST", "/api/admin/imports").json(&json!({"address": "x"}));
    json.send().await.expect(415);
    let latin = send(&claire, b"adresse;nom\nlea@mairie.test;L\xe9a Roy\n".to_vec()).await.expect(201).json();
    assert_eq!(lines(&claire, &latin, "").await[0]["rule"], "utf8");
    for query in ["limit=0", "limit=201", "state=gone", "role=mayor", "after=x", "page=2"] {
        let answer = claire.get(&format!("/api/admin/accounts?{query}")).await;
        assert!(matches!(answer.status, 400 | 422), "{query}: {}", answer.status);
    }
    claire.get("/api/admin/accounts?after=personne@mairie.test").await.expect(404);
    claire.get(&format!("/api/people?search={}", "x".repeat(201))).await.expect(422);
    assert_eq!(names(&claire, "").await, ["Alice Martin", "Bob Lambert", "Claire Dubois"]);
}

/// Mass assignment: what a file or a request names beyond the caller's rights changes nothing and is in the log.
#[tokio::test]
async fn a_file_gives_no_right_that_its_sender_does_not_have() {
    let house = House::town();
    let server = house.serve().await;
    let (claire, alice) =
        (Browser::signed_in(&server, CLAIRE).await, Browser::signed_in(&server, ALICE).await);
    send(&alice, "adresse;nom;role\nalice@mairie.test;Alice;administrator\n").await.expect(403);
    assert_eq!(denied(&claire, "people.import").await, ["role"]);
    for column in ["tenant", "password", "mot de passe", "password_hash", "enabled", "id"] {
        let text = format!("adresse;nom;{column}\nx@mairie.test;X;1\n");
        let no = send(&claire, text).await.expect(403).json();
        assert_eq!(no["rule"], "import-column", "{column}");
    }
    assert_eq!(denied(&claire, "people.import").await[..6], ["import-column"; 6]);

    // An administrator gives roles; clearances are the security officer's alone.
    let text = "address,name,role,clearance\n\
        x@mairie.test,X,agent,restricted\n\
        y@mairie.test,Y,auditor,\n\
        z@mairie.test,Z,agent,sensitive\n\
        alice@mairie.test,Alice Martin,administrator,\n\
        bob@mairie.test,Bob Lambert,,medical\n";
    let shown = send(&claire, text).await.expect(201).json();
    let refused = lines(&claire, &shown, "&fate=refused").await;
    let rules: Vec<_> = refused.iter().map(|l| l["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["clearance-not-yours", "role-kept", "clearance-kept"]);
    assert_eq!(denied(&claire, "clearance.manage").await, ["role"]);
    assert_eq!(counts(&apply(&claire, &shown, false).await), [2, 0, 0, 3, 2, 0]);
    assert_eq!(names(&claire, "role=administrator").await, ["Claire Dubois"]);
    assert_eq!(names(&claire, "role=auditor").await, ["Y"]);
    for more in [json!({"clearance": 4}), json!({"tenant": "autre.test"}), json!({"enabled": true})] {
        let mut body = json!({"address": "w@mairie.test", "name": "W"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        claire.post("/api/admin/accounts", &body).await.expect(400);
    }
    let mixed = json!({"address": "w@mairie.test", "name": "Аlice Martin"});
    let said = claire.post("/api/admin/accounts", &mixed).await.expect(422).json();
    assert!(said["detail"].as_str().unwrap().contains("alphabet"), "{said}");
    assert_eq!(names(&claire, "search=w").await, Vec::<String>::new());
}

#[tokio::test]
async fn cut_off_between_two_parts_it_goes_on_where_it_was() {
    const PEOPLE: usize = 1_500;
    let house = House::town();
    let server = house.serve().await;
    let claire = Browser::signed_in(&server, CLAIRE).await;
    let mut text = "adresse;nom\n".to_owned();
    for n in 0..PEOPLE {
        text += &format!("p{n}@mairie.test;Personne {n}\n");
    }
    let shown = send(&claire, text.clone()).await.expect(201).json();
    let path = format!("/api/admin/imports/{}", shown["id"].as_str().unwrap());
    let body = json!({"digest": shown["digest"], "mail": false});
    let first = claire.post(&format!("{path}/apply"), &body).await.expect(200).json();
    assert_eq!((&first["over"], &first["applied"]), (&json!(false), &json!(400)));
    // The next is on its way when the power goes: some of its parts are kept, some never happened.
    let waiting = claire.request("POST", &format!("{path}/apply")).json(&body);
    let cut = tokio::spawn(waiting.send());
    let seen = async || {
        let now = claire.get(&path).await.json();
        now["applied"].as_i64().unwrap_or(0)
    };
    while seen().await < 500 {}
    server.kill();
    let _ = cut.await;

    let server = house.serve().await;
    let claire = claire.at(&server);
    let now = claire.get(&path).await.expect(200).json();
    let applied = now["applied"].as_i64().unwrap();
    assert!((500..=800).contains(&applied) && applied % 100 == 0, "{now}");
    assert_eq!(counts(&apply(&claire, &shown, false).await)[4], PEOPLE as i64);
    let page = claire.get("/api/admin/accounts?search=personne&limit=1").await.expect(200).json();
    assert_eq!(page["count"], PEOPLE);
    let added = claire.get("/api/admin/audit?limit=1&act=account.import").await.expect(200).json();
    assert_eq!(added["entries"].as_array().unwrap().len(), 1);
    // Who begins anew with the same file does nothing twice.
    let again = send(&claire, text).await.expect(201).json();
    assert_eq!(counts(&again), [0, 0, PEOPLE as i64, 0, 0, 0]);
    server.stop().await;
    house.run(&["audit", "verify"]).well();
}

#[tokio::test]
async fn passwords_hashed_elsewhere_come_by_the_command_line_and_become_ours() {
    let house = House::town();
    let file = house.beside("people.csv");
    // « Vingt-deux hérons »: the vectors of crates/identity/src/imported.rs.
    let hash = "bcrypt_sha256$$2b$06$2oAQHrcYceVQDmhl7hzBn.r07tyCiN1lur1fioHQkuNQo3FcUXpDa";
    let text = format!(
        "address,name,password_hash\ngus@mairie.test,Gus Roy,{hash}\n\
         lea@mairie.test,Léa Roy,pbkdf2_sha256$900000000$sel$13QOTks+5lX9cKZH8mcrxRnt6lrzIVsY1zztPAM95Ww=\n\
         max@mairie.test,Max Roy,\nalice@mairie.test,Alice Martin,{hash}\n"
    );
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let import = ["account", "import", file, "--tenant", DOMAIN];
    let dry = house.run(&[&import[..], &["--dry-run"]].concat());
    assert_eq!(dry.code, Some(1), "{dry:?}");
    assert!(dry.out.contains("To add: 2; to rename: 0; as they are: 1; refused: 1."), "{dry:?}");
    assert!(dry.err.contains("line 3: password-hash") && !dry.out.contains("Applied"), "{dry:?}");
    assert!(house.run(&import).out.contains("Applied: 2;"));
    assert!(house.run(&import).out.contains("as they are: 3;"));
    house.run(&["account", "import", file, "--tenant", "ailleurs.test"]).refused();

    let server = house.serve().await;
    let claire = Browser::signed_in(&server, CLAIRE).await;
    let upgrades = async || {
        let log = claire.get("/api/admin/audit?act=password.upgrade").await.expect(200).json();
        let entries = log["entries"].as_array().unwrap().clone();
        entries.iter().map(|e| e["subject"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut gus = Browser::new(&server, DOMAIN);
    gus.sign_in("gus@mairie.test", "Vingt-deux herons").await.expect(401);
    assert!(upgrades().await.is_empty());
    for _ in 0..2 {
        let mut gus = Browser::new(&server, DOMAIN);
        gus.sign_in("gus@mairie.test", "Vingt-deux hérons").await.expect(200);
        assert_eq!(upgrades().await, ["gus@mairie.test"]);
    }
    let mut kept = crate::database::Database::of(&house).await;
    let foreign =
        "SELECT COUNT(*) FROM account WHERE password IS NOT NULL AND password NOT LIKE '$argon2id$%'";
    assert_eq!(kept.number(foreign).await, 0);
    assert_eq!(kept.number("SELECT COUNT(*) FROM account_import_line").await, 0);
    // Somebody known keeps their own.
    Browser::new(&server, DOMAIN).sign_in(ALICE, PASSWORD).await.expect(200);
    Browser::new(&server, DOMAIN).sign_in("max@mairie.test", PASSWORD).await.expect(401);
}

#[tokio::test]
async fn what_each_of_the_other_programs_hashed_opens_once_as_it_was_and_then_as_ours() {
    let house = House::town();
    let file = house.beside("people.csv");
    // « Vingt-deux hérons »: the vectors of crates/identity/src/imported.rs.
    const MADE: [&str; 5] = [
        "pbkdf2_sha256$20000$sel$vkDaMQjIbJ4eTo+75psPbxo6DEFbyE2rFd+2fPzMuYc=",
        "pbkdf2_sha1$20000$sel$wojGTcKB0UX72iTrg46xBgw4z/E=",
        "bcrypt$$2b$06$ooAmAVxj5BQ7ar3L0eqnYezAiiuDGNe4iP7JN1b5vtiJrZrX9RfW.",
        "$2b$06$5aa42fdypZDHvf5GS/2RB.lVTcawFiGjGZHN4XUgtujjwIURvLn9S",
        "SCRAM-SHA-256$4096:1Wr+z/18aeT2i89lsb71Xw==$O9IeC2q9M7p5mXNlLXNRsc6VoqkzgTzOxb2iXud/lVI=:+5cIPrVNJTR+UHpgsk8OGbP7wdiptn8M6fhq5CbOyFE=",
    ];
    let lines = MADE.iter().enumerate().map(|(n, hash)| format!("p{n}@mairie.test,Personne {n},{hash}\n"));
    std::fs::write(&file, format!("address,name,password_hash\n{}", lines.collect::<String>())).unwrap();
    let said = house.run(&["account", "import", file.to_str().unwrap(), "--tenant", DOMAIN]);
    assert!(said.out.contains("Applied: 5;"), "{said:?}");
    let server = house.serve().await;
    let mut kept = crate::database::Database::of(&house).await;
    let ours =
        "SELECT COUNT(*) FROM account WHERE address LIKE 'p_@mairie.test' AND password LIKE '$argon2id$%'";
    for n in 0..5 {
        let enter = async |password: &str| {
            Browser::new(&server, DOMAIN).sign_in(&format!("p{n}@mairie.test"), password).await.status
        };
        assert_eq!(enter("Vingt-deux herons").await, 401);
        assert_eq!(kept.number(ours).await, n, "a wrong one changes nothing");
        assert_eq!(enter("Vingt-deux hérons").await, 200, "{}", MADE[n as usize]);
        assert_eq!(kept.number(ours).await, n + 1, "{}", MADE[n as usize]);
        assert_eq!(enter("Vingt-deux hérons").await, 200);
    }
    kept.close().await;
    crate::bad_input::finish(server, &["hérons", "pbkdf2"]).await;
}

#[tokio::test]
async fn who_is_added_is_written_to_when_that_is_chosen() {
    let house = House::town();
    let post = Post::open(&house).await;
    house.set(&post.settings());
    let server = house.serve().await;
    let claire = Browser::signed_in(&server, CLAIRE).await;
    let text = "adresse;nom\ngus@mairie.test;Gus Roy\nalice@mairie.test;Alice M.\n";
    let shown = send(&claire, text).await.expect(201).json();
    apply(&claire, &shown, true).await;
    let letter = post.letters(1).await.remove(0);
    assert_eq!(letter.header("to").as_deref(), Some("gus@mairie.test"));
    let link = letter.link();
    let token = link.rsplit('/').next().unwrap();
    let page = Browser::new(&server, DOMAIN);
    let chosen = json!({"password": "Un-tout-autre-mot-42"});
    page.post(&format!("/api/invitations/{token}"), &chosen).await.expect(200);
    assert_eq!(names(&claire, "state=invited").await, Vec::<String>::new());
    let path = format!("/api/admin/imports/{}/apply", shown["id"].as_str().unwrap());
    claire.post(&path, &json!({"digest": shown["digest"], "mail": false})).await.expect(409);
}
