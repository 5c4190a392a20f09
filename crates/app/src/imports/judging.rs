//! What becomes of each line, and why: a rule's name, for which the client has a sentence.

use super::columns::{Column, Columns, shown};
use crate::accounts::USUAL_CLEARANCE;
use beffroi_domain::{Account, Address, BadAddress, Label, PersonName, Rank, Role, one_script};
use beffroi_identity::imported;
use beffroi_store::{Fate, PlannedLine};
use std::collections::HashSet;

/// What begins a formula in a spreadsheet (OWASP, "CSV Injection").
const FORMULA: [char; 10] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r'];

/// A line that reads well.
pub(super) struct Person {
    pub(super) line: i64,
    pub(super) address: Address,
    pub(super) name: PersonName,
    /// Only when the line says one.
    pub(super) role: Option<Role>,
    pub(super) clearance: Option<Rank>,
    pub(super) password: Option<String>,
}

/// A line that was read, whatever came of it.
pub(super) enum Read {
    Person(Box<Person>),
    Refused(PlannedLine),
}

/// Reads one line.
pub(super) fn read(
    columns: &Columns,
    fields: &[Option<String>],
    line: u32,
    domain: &str,
    labels: &[Label],
) -> Read {
    person(columns, fields, line, domain, labels).map_or_else(
        |rule| Read::Refused(refused(columns, fields, line, rule)),
        |p| Read::Person(Box::new(p)),
    )
}

fn person(
    columns: &Columns,
    fields: &[Option<String>],
    line: u32,
    domain: &str,
    labels: &[Label],
) -> Result<Person, &'static str> {
    if fields.len() != columns.count() {
        return Err("fields");
    }
    if fields.iter().any(Option::is_none) {
        return Err("utf8");
    }
    let field = |column| columns.field(fields, column);
    let (first, last) = (field(Column::FirstName), field(Column::Name));
    let address: Address = field(Column::Address).parse().map_err(|wrong| match wrong {
        BadAddress::Character(_) => "address-letters",
        BadAddress::Shape | BadAddress::Long { .. } => "address",
    })?;
    if address.domain() != domain {
        return Err("domain");
    }
    if formula(first) || formula(last) {
        return Err("formula");
    }
    let name: PersonName = format!("{first} {last}").parse().map_err(|_| "name")?;
    one_script(name.as_str()).map_err(|_| "scripts")?;
    let role = match field(Column::Role).trim() {
        "" => None,
        word => Some(Role::from_word(&word.to_lowercase()).ok_or("role-unknown")?),
    };
    let clearance = match field(Column::Clearance).trim() {
        "" => None,
        slug => Some(labels.iter().find(|label| label.slug == slug).ok_or("clearance-unknown")?.rank),
    };
    let password = match field(Column::PasswordHash).trim() {
        "" => None,
        hash => {
            imported::acceptable(hash).map_err(|_| "password-hash")?;
            Some(hash.to_owned())
        }
    };
    Ok(Person { line: line.into(), address, name, role, clearance, password })
}

/// Whether a spreadsheet would calculate with this name, as it came or without the spaces before it.
fn formula(name: &str) -> bool {
    name.starts_with(FORMULA) || name.trim_start().starts_with(FORMULA)
}

fn refused(columns: &Columns, fields: &[Option<String>], line: u32, rule: &'static str) -> PlannedLine {
    let field = |column| shown(columns.field(fields, column));
    PlannedLine {
        line: line.into(),
        address: field(Column::Address),
        name: shown(&format!("{} {}", field(Column::FirstName), field(Column::Name))),
        former: String::new(),
        role: field(Column::Role),
        clearance: USUAL_CLEARANCE,
        password: None,
        fate: Fate::Refused,
        rule: rule.to_owned(),
    }
}

/// What the caller may give beside a name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rights {
    pub(super) roles: bool,
    pub(super) clearances: bool,
    /// Whether people of this body may be operators.
    pub(super) operators: bool,
}

/// Decides about a line that reads well, with who has this address already.
pub(super) fn judge(
    person: Person,
    known: Option<&Account>,
    seen: &mut HashSet<String>,
    rights: Rights,
) -> PlannedLine {
    let mut line = PlannedLine {
        line: person.line,
        address: person.address.to_string(),
        name: person.name.to_string(),
        former: String::new(),
        role: person.role.unwrap_or(Role::Agent).word().to_owned(),
        clearance: person.clearance.unwrap_or(USUAL_CLEARANCE),
        password: person.password.clone(),
        fate: Fate::Create,
        rule: String::new(),
    };
    match fate(&person, known, seen, rights) {
        Ok(fate) => line.fate = fate,
        Err(rule) => {
            line.fate = Fate::Refused;
            line.rule = rule.to_owned();
            line.password = None;
        }
    }
    if let Some(known) = known {
        line.former = known.name.to_string();
        line.password = None;
    }
    line
}

fn fate(
    person: &Person,
    known: Option<&Account>,
    seen: &mut HashSet<String>,
    rights: Rights,
) -> Result<Fate, &'static str> {
    if !seen.insert(person.address.local().to_owned()) {
        return Err("duplicate");
    }
    let Some(known) = known else {
        if person.role.is_some_and(|role| role != Role::Agent) && !rights.roles {
            return Err("role-not-yours");
        }
        if person.role.is_some_and(|role| beffroi_policy::may_hold(role, rights.operators).is_err()) {
            return Err("not-operating");
        }
        if person.clearance.is_some_and(|rank| rank != USUAL_CLEARANCE) && !rights.clearances {
            return Err("clearance-not-yours");
        }
        return Ok(Fate::Create);
    };
    // Somebody known keeps what they are: only their name comes from a file.
    if person.role.is_some_and(|role| role != known.role) {
        return Err("role-kept");
    }
    if person.clearance.is_some_and(|rank| rank != known.clearance) {
        return Err("clearance-kept");
    }
    Ok(if known.name == person.name { Fate::Same } else { Fate::Rename })
}

#[cfg(test)]
mod tests {
    use super::formula;

    #[test]
    fn a_name_that_a_spreadsheet_calculates_is_no_name() {
        for bad in ["=1+1", "+33", "-2", "@SUM(A1)", "\t=1", "  =1", "＝1+1", "＋1", "－1", "＠x"] {
            assert!(formula(bad), "{bad}");
        }
        for fine in ["Jean-Luc", "Élodie", "dit =Jo", ""] {
            assert!(!formula(fine), "{fine}");
        }
    }
}
