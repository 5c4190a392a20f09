//! The body itself: its name and colour, its password rules, its labels and what was declared for them.

use super::edge::{Body, Changing, Edge, Reading, given, whole, whole_or_null};
use super::rooms::address;
use super::{Problem, shapes};
use crate::clock;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use beffroi_domain::{
    Accreditation, BadPasswords, Guests, LabelChange, OwnPasswords, PasswordProfile, Posture, TenantChange,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt::Display;
use std::str::FromStr;

fn parsed<T: FromStr<Err: Display>>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|wrong: T::Err| Problem::invalid(wrong.to_string()))
}

pub async fn show(State(edge): State<Edge>, Reading(caller): Reading) -> Result<Json<Value>, Problem> {
    let body = edge.app.organisation(&caller, clock::now()).await?;
    Ok(Json(shapes::organisation(&body, &caller)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    #[serde(default, deserialize_with = "given")]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    accent: Option<String>,
    #[serde(default, deserialize_with = "given")]
    passwords: Option<String>,
    #[serde(default, deserialize_with = "given")]
    own_passwords: Option<Own>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Own {
    #[serde(deserialize_with = "whole")]
    least_length: u64,
    sign: bool,
    #[serde(deserialize_with = "whole")]
    least_bits: u64,
}

/// The rules that a word and numbers name; the numbers come with `own`, and with nothing else.
fn profile(word: Option<&str>, own: Option<Own>) -> Result<Option<PasswordProfile>, Problem> {
    let wrong = |wrong: BadPasswords| Problem::invalid(wrong.to_string());
    match (word, own) {
        (Some("own"), Some(own)) => {
            let rules = OwnPasswords::new(bounded(own.least_length), own.sign, bounded(own.least_bits));
            Ok(Some(PasswordProfile::Own(rules.map_err(wrong)?)))
        }
        (Some("own"), None) => Err(Problem::invalid("say in `own_passwords` what they are")),
        (_, Some(_)) => Err(Problem::invalid("`own_passwords` goes with `passwords` as `own`")),
        (Some(word), None) => word.parse().map(Some).map_err(wrong),
        (None, None) => Ok(None),
    }
}

pub async fn change(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Body(change): Body<Change>,
) -> Result<Json<Value>, Problem> {
    let change = TenantChange {
        name: change.name.as_deref().map(parsed).transpose()?,
        accent: change.accent.as_deref().map(parsed).transpose()?,
        passwords: profile(change.passwords.as_deref(), change.own_passwords)?,
    };
    if change == TenantChange::default() {
        return Err(Problem::invalid("say what to change: `name`, `accent` or `passwords`"));
    }
    let now = clock::now();
    edge.app.change_organisation(&caller, &change, now).await?;
    let body = edge.app.organisation(&caller, now).await?;
    Ok(Json(shapes::organisation(&body, &caller)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    #[serde(default, deserialize_with = "given")]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    guests: Option<String>,
    #[serde(default, deserialize_with = "given")]
    federation: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    recording: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    download: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    second_factor: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    managed_device: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    posture: Option<Vec<String>>,
    #[serde(default, deserialize_with = "whole_or_null")]
    retention_days: Option<Option<u64>>,
    #[serde(default, deserialize_with = "whole_or_null")]
    meeting_minutes: Option<Option<u64>>,
    #[serde(default, deserialize_with = "whole_or_null")]
    lock_minutes: Option<Option<u64>>,
    #[serde(default, deserialize_with = "whole_or_null")]
    proof_hours: Option<Option<u64>>,
    #[serde(default)]
    confirmed: bool,
}

/// A number that is too large for a label stays one.
fn bounded(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

pub async fn change_label(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(slug): Path<String>,
    Body(facts): Body<Facts>,
) -> Result<Json<Value>, Problem> {
    let guests = |word: String| {
        Guests::from_word(&word).ok_or_else(|| Problem::invalid("guests get `no`, `meeting` or `room`"))
    };
    let posture = |words: Vec<String>| {
        Posture::from_words(words.iter().map(String::as_str)).ok_or_else(|| {
            Problem::invalid("of a device `disk_encrypted`, `screen_lock` and `managed_profile` can be asked")
        })
    };
    let change = LabelChange {
        name: facts.name.as_deref().map(parsed).transpose()?,
        guests: facts.guests.map(guests).transpose()?,
        federation: facts.federation,
        recording: facts.recording,
        download: facts.download,
        second_factor: facts.second_factor,
        managed_device: facts.managed_device,
        posture: facts.posture.map(posture).transpose()?,
        retention_days: facts.retention_days.map(|days| days.map(bounded)),
        meeting_minutes: facts.meeting_minutes.map(|minutes| minutes.map(bounded)),
        lock_minutes: facts.lock_minutes.map(|minutes| minutes.map(bounded)),
        proof_hours: facts.proof_hours.map(|hours| hours.map(bounded)),
    };
    let label = edge.app.change_label(&caller, &slug, &change, facts.confirmed, clock::now()).await?;
    Ok(Json(shapes::label(&label)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Days kept; nothing keeps without limit.
    retention_days: Option<u64>,
}

pub async fn consequences(
    State(edge): State<Edge>,
    Reading(caller): Reading,
    Path(slug): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Problem> {
    let change =
        LabelChange { retention_days: Some(asked.retention_days.map(bounded)), ..LabelChange::default() };
    let found = edge.app.consequences(&caller, &slug, &change, clock::now()).await?;
    let weight = found.weight;
    Ok(Json(json!({"forgets": found.keeps_days.is_some(), "rooms": weight.rooms, "events": weight.events,
        "files": weight.files})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    reference: String,
    authority: String,
    until: String,
}

pub async fn accredit(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(slug): Path<String>,
    Body(declared): Body<Declared>,
) -> Result<StatusCode, Problem> {
    let declared = Accreditation {
        reference: parsed(&declared.reference)?,
        authority: parsed(&declared.authority)?,
        until: parsed(&declared.until)?,
    };
    edge.app.accredit(&caller, &slug, &declared, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn withdraw(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(slug): Path<String>,
) -> Result<StatusCode, Problem> {
    edge.app.withdraw(&caller, &slug, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clearance {
    label: String,
}

pub async fn clear(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(who): Path<String>,
    Body(clearance): Body<Clearance>,
) -> Result<StatusCode, Problem> {
    edge.app.clear(&caller, &address(&who)?, &clearance.label, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
