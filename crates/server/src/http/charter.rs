//! The charter of a body: read, accepted, published.

use super::edge::{Body, Changing, ChangingCharter, Edge, Reading, ReadingCharter, given};
use super::shapes::hex;
use super::{Problem, edge::whole};
use crate::clock;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use beffroi_domain::{CharterWords, NewCharter};
use beffroi_store::CharterRow;
use serde::Deserialize;
use serde_json::{Value, json};

fn shown(row: &CharterRow) -> Value {
    let french = &row.words.french;
    let english = row.words.english.as_ref();
    json!({
        "version": row.version,
        "title": french.title.as_str(),
        "text": french.text.as_str(),
        "title_en": english.map(|words| words.title.as_str()),
        "text_en": english.map(|words| words.text.as_str()),
        "sha256": hex(&row.sha256),
        "published_us": row.published,
    })
}

pub async fn show(
    State(edge): State<Edge>,
    ReadingCharter(caller): ReadingCharter,
) -> Result<Json<Value>, Problem> {
    caller.account()?;
    let row = edge.app.charter(caller.tenant.id).await?.ok_or_else(|| Problem::not_found("charter"))?;
    let mut body = shown(&row);
    body["accepted"] = caller.charter.is_none().into();
    Ok(Json(body))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    #[serde(deserialize_with = "whole")]
    version: u64,
    sha256: String,
}

pub async fn accept(
    State(edge): State<Edge>,
    ChangingCharter(caller): ChangingCharter,
    Body(accepted): Body<Accepted>,
) -> Result<StatusCode, Problem> {
    let seen =
        bytes(&accepted.sha256).ok_or_else(|| Problem::invalid("`sha256` is 64 hexadecimal digits"))?;
    let version = i64::try_from(accepted.version).unwrap_or(i64::MAX);
    edge.app.accept_charter(&caller, version, &seen, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    (0..32).map(|n| u8::from_str_radix(hex.get(2 * n..2 * n + 2)?, 16).ok()).collect()
}

pub async fn list(State(edge): State<Edge>, Reading(caller): Reading) -> Result<Json<Value>, Problem> {
    let (rows, acceptance) = edge.app.charters(&caller, clock::now()).await?;
    let missing =
        acceptance.missing.iter().map(|(address, name)| json!({"address": address.as_str(), "name": name}));
    Ok(Json(json!({
        "versions": rows.iter().map(shown).collect::<Vec<_>>(),
        "people": acceptance.people,
        "accepted": if rows.is_empty() { 0 } else { acceptance.accepted },
        "missing": missing.collect::<Vec<_>>(),
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct New {
    title: String,
    text: String,
    #[serde(default, deserialize_with = "given")]
    title_en: Option<String>,
    #[serde(default, deserialize_with = "given")]
    text_en: Option<String>,
}

pub async fn publish(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Body(new): Body<New>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let english = match (&new.title_en, &new.text_en) {
        (Some(title), Some(text)) => Some(words(title, text)?),
        (None, None) => None,
        _ => return Err(Problem::invalid("a charter in English has a title and a text: give both or none")),
    };
    let new = NewCharter { french: words(&new.title, &new.text)?, english };
    let row = edge.app.publish_charter(&caller, &new, clock::now()).await?;
    Ok((StatusCode::CREATED, Json(shown(&row))))
}

fn words(title: &str, text: &str) -> Result<CharterWords, Problem> {
    let title =
        title.parse().map_err(|wrong: beffroi_domain::BadName| Problem::invalid(wrong.to_string()))?;
    let text =
        text.parse().map_err(|wrong: beffroi_domain::BadCharter| Problem::invalid(wrong.to_string()))?;
    Ok(CharterWords { title, text })
}
