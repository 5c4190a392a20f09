//! The names of columns, in French and in English.

use crate::Error;
use beffroi_domain::folded_words;

/// A column that means something here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Address,
    Name,
    FirstName,
    Role,
    Clearance,
    PasswordHash,
}

/// What each may be called, folded; the first is what the policy and the log call it.
const NAMES: [(Column, &[&str]); 6] = [
    (
        Column::Address,
        &[
            "address",
            "adresse",
            "email",
            "e mail",
            "mail",
            "courriel",
            "adresse e mail",
            "adresse email",
            "adresse mail",
            "adresse courriel",
            "adresse electronique",
            "email address",
            "e mail address",
        ],
    ),
    (
        Column::Name,
        &[
            "name",
            "nom",
            "nom complet",
            "nom de famille",
            "full name",
            "last name",
            "surname",
            "display name",
            "nom affiche",
        ],
    ),
    (Column::FirstName, &["first name", "prenom", "firstname", "given name"]),
    (Column::Role, &["role", "fonction"]),
    (Column::Clearance, &["clearance", "habilitation", "label", "etiquette"]),
    (Column::PasswordHash, &["password hash"]),
];

/// What no file may set, as the policy calls it, and what it may be called.
const REFUSED: [(&str, &[&str]); 6] = [
    ("tenant", &["tenant", "tenant id"]),
    ("password", &["password", "mot de passe"]),
    ("enabled", &["enabled", "actif", "active"]),
    ("disabled", &["disabled", "inactif"]),
    ("factor", &["factor", "factors"]),
    ("id", &["id", "account id"]),
];

/// Where each column stands.
#[derive(Debug)]
pub(super) struct Columns {
    places: Vec<Option<Column>>,
    /// Those that mean nothing here, as they are called in the file.
    pub(super) ignored: Vec<String>,
    /// Those that the policy is asked about, as it calls them.
    pub(super) asked: Vec<&'static str>,
}

impl Columns {
    /// Reads the first record.
    pub(super) fn read(record: &[Option<String>]) -> Result<Self, Error> {
        let mut columns = Self { places: vec![], ignored: vec![], asked: vec![] };
        for title in record {
            let title = title.as_deref().ok_or_else(|| {
                Error::Invalid(
                    "the first line is not UTF-8; save the file as « CSV UTF-8 » and send it again".into(),
                )
            })?;
            let folded = folded_words(title).join(" ");
            if let Some((refused, _)) = REFUSED.iter().find(|(_, names)| names.contains(&folded.as_str())) {
                columns.asked.push(refused);
            }
            let found = NAMES.iter().find(|(_, names)| names.contains(&folded.as_str())).map(|(c, _)| *c);
            match found {
                Some(column) if columns.places.contains(&found) => {
                    return Err(Error::Invalid(format!(
                        "two columns of the first line are the same ({column:?}); take one out"
                    )));
                }
                None if !title.trim().is_empty() => columns.ignored.push(shown(title)),
                _ => {}
            }
            if found == Some(Column::PasswordHash) {
                columns.asked.push("password_hash");
            }
            columns.places.push(found);
        }
        for needed in [Column::Address, Column::Name] {
            if !columns.has(needed) {
                return Err(Error::Invalid(
                    "the first line must name the columns, at least `adresse` and `nom` (or `address` and `name`); the file must be CSV in UTF-8, separated by commas or semicolons".into(),
                ));
            }
        }
        Ok(columns)
    }

    pub(super) fn has(&self, column: Column) -> bool {
        self.places.contains(&Some(column))
    }

    /// How many fields a line has.
    pub(super) fn count(&self) -> usize {
        self.places.len()
    }

    /// A field of a line; nothing where the file has no such column.
    pub(super) fn field<'a>(&self, record: &'a [Option<String>], column: Column) -> &'a str {
        let place = self.places.iter().position(|place| *place == Some(column));
        place.and_then(|place| record.get(place)).and_then(Option::as_deref).unwrap_or_default()
    }
}

/// What came, as it may be kept and shown: one line of at most 120 characters.
pub(super) fn shown(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(120).map(plain).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(titles: &str) -> Result<Columns, Error> {
        Columns::read(&titles.split(';').map(|title| Some(title.to_owned())).collect::<Vec<_>>())
    }

    #[test]
    fn columns_are_named_in_french_or_in_english_and_others_are_left_out() {
        let columns = read("Prénom;NOM; Adresse e-mail ;Service;Rôle").unwrap();
        let line: Vec<_> = ["Élodie", "Roy", "e@x", "Voirie", "agent"].map(|f| Some(f.to_owned())).into();
        let field = |column| columns.field(&line, column);
        assert_eq!(
            [field(Column::FirstName), field(Column::Name), field(Column::Address)],
            ["Élodie", "Roy", "e@x"]
        );
        assert_eq!((field(Column::Role), field(Column::Clearance)), ("agent", ""));
        assert_eq!((columns.ignored, columns.asked), (vec!["Service".to_owned()], vec![]));
        assert!(read("email,name").is_err());
        assert!(read("E-mail;Display name;First name;Clearance").is_ok());
    }

    #[test]
    fn what_a_file_may_not_set_is_asked_of_the_policy() {
        let columns = read("adresse;nom;tenant;Mot de passe;password_hash").unwrap();
        assert_eq!(columns.asked, ["tenant", "password", "password_hash"]);
        for wrong in ["nom;prénom", "adresse;prénom", "adresse;courriel;nom", ""] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(Columns::read(&[None, Some("nom".into())]).is_err());
    }

    /// The table of the policy and this one are two halves of one promise.
    #[test]
    fn the_policy_knows_each_refused_column() {
        for (column, _) in REFUSED {
            assert!(beffroi_policy::may_import_column(column, true).is_err(), "{column}");
        }
    }
}
