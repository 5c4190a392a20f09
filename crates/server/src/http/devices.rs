//! Devices: one's own, the door that a code opens, the proof of a key, and the body's register.

use super::edge::{Body, Changing, Edge, Outside, Peer, Reading};
use super::session::{agent, described, welcome};
use super::{Problem, gate, shapes};
use crate::clock;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use beffroi_app::Enrolment;
use beffroi_domain::{BadName, Device, DeviceId, DeviceName, DeviceState, Grade, Reported};
use serde::Deserialize;
use serde_json::{Value, json};

/// A device with what is known of it, each fact with who says so. Nothing is attested by any browser today.
fn shown(device: &Device) -> Value {
    let mut posture = vec![json!({"fact": "agent", "value": device.agent, "grade": Grade::Declared.word()})];
    if !device.version.is_empty() {
        posture.push(json!({"fact": "version", "value": device.version, "grade": Grade::Declared.word()}));
    }
    if let Some((reported, _)) = &device.reported {
        let facts = [
            ("disk_encrypted", reported.disk_encrypted),
            ("screen_lock", reported.screen_lock),
            ("managed_profile", reported.managed_profile),
        ];
        let known = facts.into_iter().filter_map(|(fact, value)| Some((fact, value?)));
        posture.extend(
            known.map(|(fact, value)| json!({"fact": fact, "value": value, "grade": Grade::Reported.word()})),
        );
    }
    let (used, place) = device.last_use.as_ref().map(|(at, place)| (at, place)).unzip();
    json!({
        "id": device.id.to_string(),
        "name": device.name.as_str(),
        "state": device.state.word(),
        "expired": device.expired(clock::now()),
        "created_us": device.created,
        "expires_us": device.expires,
        "last_used_us": used,
        "last_place": place,
        "posture": posture,
        "reported_us": device.reported.as_ref().map(|(_, at)| at),
    })
}

fn id(text: &str) -> Result<DeviceId, Problem> {
    text.parse().map_err(|_| Problem::not_found("device"))
}

fn name(text: &str) -> Result<DeviceName, Problem> {
    text.parse().map_err(|wrong: BadName| Problem::invalid(wrong.to_string()))
}

fn bytes(what: &str, text: &str) -> Result<Vec<u8>, Problem> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| Problem::invalid(format!("`{what}` is not base64url (RFC 4648 §5)")))
}

pub async fn list(State(edge): State<Edge>, Reading(caller): Reading) -> Result<Json<Value>, Problem> {
    let current = caller.device.as_ref().map(|at| at.device.id);
    let devices = edge.app.own_devices(&caller).await?;
    let with_current = devices.iter().map(|device| {
        let mut body = shown(device);
        body["current"] = (Some(device.id) == current).into();
        body
    });
    Ok(Json(with_current.collect()))
}

pub async fn begin(
    State(edge): State<Edge>,
    Changing(caller): Changing,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let (code, expires) = edge.app.begin_device(&caller, clock::now()).await?;
    let link = format!("{}/appareil/{code}", edge.place.public_url(caller.tenant.domain.as_str()));
    Ok((StatusCode::CREATED, Json(json!({"code": code, "link": link, "expires_us": expires}))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    name: String,
}

pub async fn rename(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(device): Path<String>,
    Body(named): Body<Named>,
) -> Result<StatusCode, Problem> {
    edge.app.rename_device(&caller, id(&device)?, &name(&named.name)?, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn remove(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(device): Path<String>,
) -> Result<StatusCode, Problem> {
    edge.app.remove_device(&caller, id(&device)?, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn code(
    State(edge): State<Edge>,
    peer: Peer,
    Path(typed): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (code, account, tenant, expires) = edge.app.device_code(&typed, &peer.origin(), clock::now()).await?;
    Ok(Json(json!({
        "code": code,
        "name": account.name.as_str(),
        "address": account.address.as_str(),
        "tenant": shapes::tenant(&tenant),
        "expires_us": expires,
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenDevice {
    name: String,
    key: String,
    signature: String,
}

pub async fn enrol(
    _: Outside,
    State(edge): State<Edge>,
    peer: Peer,
    headers: HeaderMap,
    Path(typed): Path<String>,
    Body(given): Body<GivenDevice>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let (key, signature) = (bytes("key", &given.key)?, bytes("signature", &given.signature)?);
    let new = Enrolment {
        name: name(&given.name)?,
        key: &key,
        signature: &signature,
        agent: agent(&headers),
        version: gate::version(&headers).unwrap_or_default(),
    };
    let device = edge.app.enrol_device(&typed, new, &peer.origin(), clock::now()).await?;
    Ok((StatusCode::CREATED, Json(shown(&device))))
}

pub async fn ask(State(edge): State<Edge>, Changing(caller): Changing) -> Result<Json<Value>, Problem> {
    let (challenge, expires) = edge.app.ask_device(&caller, clock::now()).await?;
    Ok(Json(json!({"challenge": challenge, "expires_us": expires})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    device: String,
    challenge: String,
    signature: String,
}

pub async fn prove(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    peer: Peer,
    headers: HeaderMap,
    Body(given): Body<Signed>,
) -> Result<Response, Problem> {
    let signature = bytes("signature", &given.signature)?;
    let device = id(&given.device)?;
    let proof = (given.challenge.as_str(), signature.as_slice());
    let before = super::token(&headers).unwrap_or_default();
    match edge.app.prove_device(&caller, device, proof, clock::now()).await? {
        Some(signed_in) => welcome(&edge, peer, signed_in).await,
        None => {
            let caller = edge.app.caller(before, &peer.origin(), clock::now()).await?;
            let caller = caller.ok_or_else(Problem::signed_out)?;
            Ok(Json(described(&edge, &caller, before).await?).into_response())
        }
    }
}

pub async fn register(State(edge): State<Edge>, Reading(caller): Reading) -> Result<Json<Value>, Problem> {
    let rows = edge.app.devices(&caller, clock::now()).await?;
    let with_person = rows.iter().map(|row| {
        let mut body = shown(&row.device);
        body["address"] = row.address.as_str().into();
        body["person"] = row.person.as_str().into();
        body
    });
    Ok(Json(with_person.collect()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    state: String,
}

pub async fn decide(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(device): Path<String>,
    Body(given): Body<Decision>,
) -> Result<StatusCode, Problem> {
    let state = DeviceState::from_word(&given.state).filter(|state| *state != DeviceState::Waiting);
    let state = state.ok_or_else(|| Problem::invalid("`state` is `approved`, `withdrawn` or `lost`"))?;
    edge.app.decide_device(&caller, id(&device)?, state, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    disk_encrypted: Option<bool>,
    screen_lock: Option<bool>,
    managed_profile: Option<bool>,
}

pub async fn report(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(device): Path<String>,
    Body(given): Body<Report>,
) -> Result<StatusCode, Problem> {
    let Report { disk_encrypted, screen_lock, managed_profile } = given;
    let reported = Reported { disk_encrypted, screen_lock, managed_profile };
    edge.app.report_device(&caller, id(&device)?, reported, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
