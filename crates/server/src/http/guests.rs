//! Links for guests, and the door they open.

use super::edge::{Body, Changing, Edge, Outside, Peer, Reading, whole_given};
use super::rooms::room_id;
use super::session::{agent, welcome};
use super::{Problem, shapes};
use crate::clock;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use beffroi_domain::PersonName;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct NewLink {
    #[serde(default, deserialize_with = "whole_given")]
    hours: Option<u64>,
}

/// How long a link lives when nobody says.
const USUAL_HOURS: u64 = 24;

pub async fn open(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(room): Path<String>,
    Body(new): Body<NewLink>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let hours = u32::try_from(new.hours.unwrap_or(USUAL_HOURS)).unwrap_or(u32::MAX);
    let (id, token, expires) = edge.app.open_link(&caller, room_id(&room)?, hours, clock::now()).await?;
    let url = format!("{}/invite/{token}", edge.place.public_url(caller.tenant.domain.as_str()));
    Ok((StatusCode::CREATED, Json(json!({"id": id.to_string(), "url": url, "expires_us": expires}))))
}

pub async fn list(
    State(edge): State<Edge>,
    Reading(caller): Reading,
    Path(room): Path<String>,
) -> Result<Json<Value>, Problem> {
    let links = edge.app.links(&caller, room_id(&room)?, clock::now()).await?;
    let mut shown = vec![];
    for link in links {
        let by = edge.app.store().account(link.by).await?.map(|a| a.name.to_string()).unwrap_or_default();
        shown.push(json!({"id": link.id.to_string(), "created_us": link.created, "expires_us": link.expires, "by": by}));
    }
    Ok(Json(shown.into()))
}

pub async fn close(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path((room, link)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let link = link.parse().map_err(|_| Problem::not_found("link"))?;
    edge.app.close_link(&caller, room_id(&room)?, link, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn show(
    State(edge): State<Edge>,
    peer: Peer,
    Path(token): Path<String>,
) -> Result<Json<Value>, Problem> {
    let room = edge.app.link(&token, &peer.origin(), clock::now()).await?;
    let tenant = edge.app.store().tenant(room.tenant).await?.ok_or_else(|| Problem::not_found("link"))?;
    // Guests are told that there is a charter; it is the people of the body who accept it.
    let charter = edge.app.charter(tenant.id).await?.map(|row| {
        let english = row.words.english.map(|words| words.title.as_str().to_owned());
        json!({"title": row.words.french.title.as_str(), "title_en": english})
    });
    Ok(Json(json!({"room": room.name.as_str(), "tenant": shapes::tenant(&tenant), "charter": charter})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    name: String,
}

pub async fn enter(
    _: Outside,
    State(edge): State<Edge>,
    peer: Peer,
    Path(token): Path<String>,
    headers: HeaderMap,
    Body(named): Body<Named>,
) -> Result<Response, Problem> {
    let name: PersonName =
        named.name.parse().map_err(|wrong: beffroi_domain::BadName| Problem::invalid(wrong.to_string()))?;
    let (signed_in, _) =
        edge.app.enter_by_link(&token, name, &peer.origin(), agent(&headers), clock::now()).await?;
    welcome(&edge, peer, signed_in).await
}
