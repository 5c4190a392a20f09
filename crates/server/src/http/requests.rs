//! Dangerous acts that wait for a second person.

use super::edge::{Body, Changing, Edge, Reading, given, whole_given};
use super::rooms::address;
use super::{Problem, administration, shapes};
use crate::clock;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use beffroi_app::{Caller, RequestView};
use beffroi_domain::{BadName, Dangerous, Micros, Reason, RequestId};
use beffroi_store::RequestState;
use serde::Deserialize;
use serde_json::{Value, json};

fn shown(view: &RequestView, now: Micros) -> Value {
    let row = &view.row;
    let (mut label, mut days, mut on) = (Value::Null, Value::Null, Value::Null);
    let (mut rules, mut makers) = (Value::Null, Value::Null);
    match &row.act {
        Dangerous::Retention { label: slug, days: kept } => (label, days) = (json!(slug), json!(kept)),
        Dangerous::FourEyes { on: wanted } => on = json!(wanted),
        Dangerous::Administration(wanted) => rules = shapes::administration(wanted),
        Dangerous::PasskeyMakers { told, .. } => makers = json!(told),
        Dangerous::Export | Dangerous::Impersonation { .. } => {}
    }
    let person = |(address, name): &(String, String)| json!({"address": address, "name": name});
    let state = match row.state {
        RequestState::Waiting if row.expires <= now => "expired",
        RequestState::Waiting => "waiting",
        RequestState::Approved => "approved",
        RequestState::Refused => "refused",
    };
    json!({
        "id": row.id.to_string(),
        "act": row.act.word(),
        "label": label,
        "retention_days": days,
        "four_eyes": on,
        "administration": rules,
        "passkey_makers": makers,
        "whom": view.whom.as_ref().map(person),
        "reason": row.reason,
        "asked_by": {"address": row.asked_by.address.as_str(), "name": row.asked_by.name.as_str()},
        "asked_us": row.asked,
        "expires_us": row.expires,
        "state": state,
        "decided_by": row.decided_by.as_ref().map(person),
        "decided_us": row.decided,
        "right_until_us": row.right_until,
        "used_us": row.used,
        "own": view.own,
        "theirs": view.theirs,
        "approvers": view.approvers,
    })
}

pub async fn list(State(edge): State<Edge>, Reading(caller): Reading) -> Result<Json<Value>, Problem> {
    let now = clock::now();
    let views = edge.app.requests(&caller, now).await?;
    let requests: Vec<_> = views.iter().map(|view| shown(view, now)).collect();
    Ok(Json(json!({"four_eyes": edge.app.four_eyes(&caller, now).await?, "requests": requests})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    act: String,
    #[serde(default, deserialize_with = "given")]
    label: Option<String>,
    #[serde(default, deserialize_with = "whole_given")]
    retention_days: Option<u64>,
    #[serde(default, deserialize_with = "given")]
    four_eyes: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    address: Option<String>,
    #[serde(default, deserialize_with = "given")]
    administration: Option<administration::Rules>,
    #[serde(default, deserialize_with = "given")]
    passkey_makers: Option<administration::Makers>,
    reason: String,
}

pub async fn ask(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Body(asked): Body<Asked>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let reason: Reason =
        asked.reason.parse().map_err(|wrong: BadName| Problem::invalid(wrong.to_string()))?;
    let now = clock::now();
    let act = act(&edge, &caller, asked, now).await?;
    let view = edge.app.ask(&caller, act, &reason, now).await?;
    Ok((StatusCode::CREATED, Json(shown(&view, now))))
}

/// The act that is asked for: what it needs, and nothing of the others.
async fn act(edge: &Edge, caller: &Caller, asked: Asked, now: Micros) -> Result<Dangerous, Problem> {
    let Asked { act, label, retention_days, four_eyes, address: who, administration, passkey_makers, .. } =
        asked;
    match (act.as_str(), label, retention_days, four_eyes, who, administration, passkey_makers) {
        ("retention", Some(label), Some(days), None, None, None, None) => {
            Ok(Dangerous::Retention { label, days: u32::try_from(days).unwrap_or(u32::MAX) })
        }
        ("export", None, None, None, None, None, None) => Ok(Dangerous::Export),
        ("impersonation", None, None, None, Some(who), None, None) => {
            Ok(Dangerous::Impersonation { whom: edge.app.whom(caller, &address(&who)?, now).await? })
        }
        ("four-eyes", None, None, Some(on), None, None, None) => Ok(Dangerous::FourEyes { on }),
        ("administration", None, None, None, None, Some(rules), None) => {
            Ok(Dangerous::Administration(rules.read()?))
        }
        ("passkey-makers", None, None, None, None, None, Some(makers)) => {
            Ok(edge.app.passkey_makers_act(caller, &makers.read()?, now).await?)
        }
        _ => Err(Problem::invalid(
            "ask for `retention` with `label` and `retention_days`, for `export`, or for `impersonation` with `address`, `four-eyes` with `four_eyes`, `administration` with `administration`, `passkey-makers` with `passkey_makers`",
        )),
    }
}

fn id(text: &str) -> Result<RequestId, Problem> {
    text.parse().map_err(|_| Problem::not_found("request"))
}

pub async fn approve(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(request): Path<String>,
) -> Result<StatusCode, Problem> {
    edge.app.decide_request(&caller, id(&request)?, true, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn refuse(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(request): Path<String>,
) -> Result<StatusCode, Problem> {
    edge.app.decide_request(&caller, id(&request)?, false, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
