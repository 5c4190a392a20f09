//! `beffroi demo`: a small town hall to look at, made on the first start.

use super::{Failure, open};
use crate::clock;
use crate::settings::Place;
use beffroi_app::{App, NewPerson};
use beffroi_domain::{Address, Domain, Factor, LabelChange, Role};
use beffroi_store::Store;
use beffroi_xmpp::{Xml, ns};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const DOMAIN: &str = "demo.localhost";
const PEOPLE: [(&str, &str, Role); 3] = [
    ("alice@demo.localhost", "Alice Martin", Role::Agent),
    ("bob@demo.localhost", "Bob Lambert", Role::Agent),
    ("claire@demo.localhost", "Claire Dubois", Role::Administrator),
];
/// Minutes ago that the rooms were made: before the first word in them.
const FOUNDED: i64 = 3000;
/// (minutes ago, who, what)
type Line = (i64, usize, &'static str);
const RECEPTION: &[Line] = &[
    (
        1490,
        2,
        "Bonjour à toutes et à tous. Ce salon remplace la liste de diffusion de l’accueil : on y écrit, on y dépose les documents, on y fait la réunion du lundi.",
    ),
    (1483, 0, "Bien reçu. Je dépose le planning des permanences dès qu’il est validé."),
    (
        1475,
        1,
        "Merci Claire. La salle des mariages est prise jeudi matin, je déplace la permanence logement à 14\u{a0}h.",
    ),
    (
        58,
        0,
        "La famille de la rue Haute passe à 10\u{a0}h, il faut un interprète arabe. Qui est libre\u{a0}?",
    ),
    (52, 1, "Je m’en occupe\u{a0}: l’interprète confirme pour 10\u{a0}h\u{a0}15."),
    (49, 0, "Parfait. Je prépare la fiche d’accueil et je la dépose ici avant la réunion."),
];
const COUNCIL: &[Line] = &[
    (2880, 2, "Salon du conseil du mardi. Étiquette « Sensible » : rien ne sort d’ici sans accord."),
    (2868, 1, "L’ordre du jour : budget de la cantine, voirie rue du Moulin, subventions aux associations."),
    (125, 2, "Il me manque le chiffrage de la voirie pour demain 18 h."),
    (96, 1, "Il arrive ce soir, le bureau d’études a rendu son rapport."),
];

pub(super) async fn run(place: Place) -> Result<ExitCode, Failure> {
    let passwords = place.data.join("demo-passwords.txt");
    let store = open(&place).await?;
    if store.tenant_by_domain(DOMAIN).await?.is_none() {
        found(&place, &store, &passwords).await?;
    }
    let shown = std::fs::read_to_string(&passwords)
        .unwrap_or_else(|_| format!("(the passwords were in {}, which is gone)\n", passwords.display()));
    let url = place.public_url(DOMAIN);
    crate::serve::serve(place, store, |_| {
        println!("\n  Mairie de Beffroy is open:  {url}\n");
        for line in shown.lines() {
            println!("    {line}");
        }
        println!("\n  (also in {}; Ctrl+C stops)\n", passwords.display());
    })
    .await
}

async fn found(place: &Place, store: &Store, passwords: &Path) -> Result<(), Failure> {
    let now = clock::now();
    let app = App::new(store.clone(), place.rules());
    let domain: Domain = DOMAIN.parse()?;
    // Written before the accounts exist: a start that is cut off must not leave people nobody can be.
    let secrets: Vec<_> = PEOPLE.iter().map(|_| password()).collect();
    let mut lines = String::new();
    for ((address, name, role), secret) in PEOPLE.iter().zip(&secrets) {
        lines.push_str(&format!(
            "{address:<24} {secret:<26} {name}{}\n",
            if *role == Role::Administrator { " (administration)" } else { "" }
        ));
    }
    write_private(passwords, &lines)?;
    let tenant = store.add_tenant(&domain, "Mairie de Beffroy", now).await?;
    // A visitor looks around before they own a passkey. A body of its own starts with what is asked of it.
    app.operator_set_administration(&tenant, Factor::Password, vec![], now).await?;
    let password = LabelChange { second_factor: Some(false), ..LabelChange::default() };
    app.operator_change_label(DOMAIN, "sensitive", &password, now).await?;
    let mut people = vec![];
    for ((address, name, role), secret) in PEOPLE.iter().zip(&secrets) {
        let address: Address = address.parse()?;
        let person = NewPerson {
            address: address.clone(),
            name: name.parse()?,
            role: *role,
            password: Some(secret.clone().into()),
        };
        app.operator_add_account(person, now).await?;
        people.push(app.operator_account(&address).await?);
    }
    let addresses: Vec<Address> = people.iter().map(|p| p.address.clone()).collect();
    for (name, label, owner, lines) in
        [("Accueil", "internal", 0, RECEPTION), ("Conseil du mardi", "sensitive", 2, COUNCIL)]
    {
        let room = app
            .operator_add_room(
                name.parse()?,
                label,
                &addresses[owner],
                &addresses,
                now - FOUNDED * 60_000_000,
            )
            .await?;
        for (ago, who, text) in lines {
            let mut x = Xml::within(ns::CLIENT);
            x.leaf("body", *text);
            app.operator_say(&people[*who], room.id, x.finish(), now - ago * 60_000_000).await?;
        }
    }
    Ok(())
}

/// Easy to type, hard to guess: four syllable pairs and four digits, 55 bits behind the growing wait.
fn password() -> String {
    const CONSONANTS: &[u8; 16] = b"bcdfghjklmnprstv";
    const VOWELS: &[u8; 4] = b"aeiu";
    let mut random = [0_u8; 20];
    aws_lc_rs::rand::fill(&mut random).expect("the system's random source works");
    let (letters, digits) = random.split_at(16);
    let mut text = String::new();
    for (n, byte) in letters.iter().enumerate() {
        if n > 0 && n % 4 == 0 {
            text.push('-');
        }
        let set: &[u8] = if n % 2 == 0 { CONSONANTS } else { VOWELS };
        text.push(char::from(set[usize::from(*byte) % set.len()]));
    }
    text.push('-');
    text.extend(digits.iter().map(|byte| char::from(b'0' + byte % 10)));
    text
}

fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    let place = PathBuf::from(path);
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&place)
        .map_err(|cause| format!("{} cannot be written: {cause}", place.display()))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(())
}
