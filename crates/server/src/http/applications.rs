//! Passwords for applications of one's own.

use super::Problem;
use super::edge::{Body, Changing, Edge, Reading, given};
use crate::clock;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use beffroi_store::{ApplicationRow, Protocol};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Value, json};

fn shown(row: &ApplicationRow) -> Value {
    let (used, place) = row.last_use.as_ref().map(|(at, place)| (at, place)).unzip();
    json!({
        "id": row.id.to_string(),
        "name": row.name.as_str(),
        "protocol": row.protocol.word(),
        "created_us": row.created,
        "last_used_us": used,
        "last_place": place,
    })
}

pub async fn list(State(edge): State<Edge>, Reading(caller): Reading) -> Result<Json<Value>, Problem> {
    let rows = edge.app.applications(&caller, clock::now()).await?;
    Ok(Json(rows.iter().map(shown).collect()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    name: String,
    #[serde(default, deserialize_with = "given")]
    protocol: Option<String>,
}

pub async fn add(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Body(named): Body<Named>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let name =
        named.name.parse().map_err(|wrong: beffroi_domain::BadName| Problem::invalid(wrong.to_string()))?;
    // Named, so that a client of a later server that knows more protocols never gets another one than it asked for.
    if named.protocol.is_some_and(|protocol| Protocol::from_word(&protocol).is_none()) {
        return Err(Problem::invalid("applications sign in to conversations (`xmpp`)"));
    }
    let (row, password) = edge.app.add_application(&caller, name, clock::now()).await?;
    let mut body = shown(&row);
    body["password"] = password.expose_secret().into();
    Ok((StatusCode::CREATED, Json(body)))
}

pub async fn revoke(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found("application password"))?;
    edge.app.revoke_application(&caller, id, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
