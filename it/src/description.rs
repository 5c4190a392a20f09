//! The description of the HTTP API, docs/openapi.json, and whether an answer is as it says.
//!
//! A reader of our own of the few keywords that the description uses: it knows no other, and says so, so
//! nothing in the description goes unchecked. `scripts/api.sh` reads it with another one.

use crate::Answer;
use regex_automata::meta::Regex;
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap};
use std::sync::{LazyLock, Mutex, PoisonError};

/// The description, as the server serves it.
pub const DESCRIPTION: &str = include_str!("../../docs/openapi.json");
static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(DESCRIPTION).expect("docs/openapi.json is JSON"));

/// A route and a method of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// `GET`, `POST`…
    pub method: String,
    /// Its path as described, `/api/rooms/{id}`.
    pub path: String,
    /// It asks for a session.
    pub session: bool,
    /// It asks for `X-CSRF-Token`.
    pub token: bool,
}

impl Operation {
    /// Whether it changes something.
    pub fn changes(&self) -> bool {
        self.method != "GET"
    }
}

/// Everything described, in order.
///
/// # Panics
/// When docs/openapi.json is no OpenAPI document.
pub fn operations() -> Vec<Operation> {
    let mut all = vec![];
    for (path, methods) in DOCUMENT["paths"].as_object().expect("there are paths") {
        for (method, operation) in methods.as_object().expect("a path has methods") {
            let asks = |scheme: &str| operation["security"].to_string().contains(&format!("{scheme:?}"));
            all.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                session: asks("session"),
                token: asks("csrf"),
            });
        }
    }
    all
}

/// What is not as described in an answer to `method target`.
///
/// # Errors
/// In words, with the place.
pub fn conforms(method: &str, target: &str, answer: &Answer) -> Result<(), String> {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let problem = response("MethodNotHere", json!({"const": "method"}));
    let nowhere = response("PathNotHere", json!({"const": "not-found"}));
    let Some(methods) = item(path) else {
        // What is neither described nor under `/api` is the web client.
        return if path.starts_with("/api/") { read(&nowhere, "404", answer) } else { Ok(()) };
    };
    let asked = if method == "HEAD" { "GET" } else { method };
    let Some(operation) = methods.get(&asked.to_lowercase()) else {
        return if path.starts_with("/api/") { read(&problem, "405", answer) } else { Ok(()) };
    };
    let status = answer.status.to_string();
    let described = operation["responses"].get(&status);
    let described = described.ok_or_else(|| format!("{status} is not described"))?;
    read(resolved(described), &status, answer)
}

fn response(description: &str, title: Value) -> Value {
    let schema =
        json!({"allOf": [{"$ref": "#/components/schemas/Problem"}, {"properties": {"title": title}}]});
    json!({"description": description, "content": {"application/problem+json": {"schema": schema}}})
}

/// The described path that a real one is: the one with the fewest holes.
fn item(path: &str) -> Option<&'static Map<String, Value>> {
    let real: Vec<_> = path.split('/').collect();
    let paths = DOCUMENT["paths"].as_object().expect("there are paths");
    let fits = |described: &str| {
        let parts: Vec<_> = described.split('/').collect();
        let same =
            |(part, given): (&&str, &&str)| part == given || part.starts_with('{') && !given.is_empty();
        // A tile's address holds slashes, for which OpenAPI has no word.
        let whole = parts.len() == real.len() || described.ends_with("/{tile}") && parts.len() < real.len();
        whole && parts.iter().zip(&real).all(same)
    };
    let found = paths.iter().filter(|(described, _)| fits(described));
    found.min_by_key(|(described, _)| described.matches('{').count()).and_then(|(_, item)| item.as_object())
}

fn resolved(value: &Value) -> &Value {
    match value["$ref"].as_str() {
        Some(place) => {
            let there = place.strip_prefix('#').and_then(|pointer| DOCUMENT.pointer(pointer));
            there.unwrap_or_else(|| panic!("docs/openapi.json refers to {place}, which is not there"))
        }
        None => value,
    }
}

fn read(described: &Value, status: &str, answer: &Answer) -> Result<(), String> {
    if answer.status.to_string() != status {
        return Err(format!("{} came where {status} is due", answer.status));
    }
    for (name, header) in described["headers"].as_object().into_iter().flatten() {
        match answer.header(&name.to_lowercase()) {
            None if header["required"] == true => return Err(format!("the header {name} is missing")),
            None => {}
            Some(text) => {
                let number = text.parse::<i64>().ok().filter(|_| header["schema"]["type"] == "integer");
                let value = number.map_or_else(|| json!(text), |number| json!(number));
                fits(&value, &header["schema"], name)?;
            }
        }
    }
    let given = answer.header("content-type").map(|kind| kind.split(';').next().unwrap_or_default());
    let Some(kinds) = described["content"].as_object() else {
        let empty = answer.body.is_empty() || status == "101";
        return if empty {
            Ok(())
        } else {
            Err(format!("a body came with {status}, where none is described"))
        };
    };
    let schema = given.and_then(|kind| kinds.get(kind)).map(|kind| &kind["schema"]);
    let schema = schema.ok_or_else(|| format!("{given:?} is not among the content of {status}"))?;
    if !given.is_some_and(|kind| kind.ends_with("json")) {
        return Ok(());
    }
    let body = serde_json::from_slice(&answer.body).map_err(|wrong| format!("no JSON: {wrong}"))?;
    fits(&body, schema, "")
}

/// Whether a value is of a schema.
fn fits(value: &Value, schema: &Value, at: &str) -> Result<(), String> {
    let Some(keywords) = schema.as_object() else { return Err(format!("{at}: {schema} is no schema")) };
    let wrong = |what: String| Err(format!("{at}: {value} {what}"));
    for (keyword, rule) in keywords {
        let holds = match keyword.as_str() {
            "description" | "items" | "additionalProperties" | "unevaluatedProperties" => true,
            "$ref" => return_if(fits(value, resolved(schema), at))?,
            "type" => {
                let kinds = rule.as_array().map_or_else(|| vec![rule], |all| all.iter().collect());
                kinds.iter().any(|kind| is_a(value, kind.as_str().unwrap_or_default()))
            }
            "const" => value == rule,
            "enum" => rule.as_array().is_some_and(|all| all.contains(value)),
            "pattern" => value.as_str().is_none_or(|text| matches(rule.as_str().unwrap_or_default(), text)),
            "minLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 >= count(rule)),
            "maxLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 <= count(rule)),
            "minimum" => value.as_i64().is_none_or(|n| n >= rule.as_i64().unwrap_or(i64::MAX)),
            "maximum" => value.as_i64().is_none_or(|n| n <= rule.as_i64().unwrap_or(i64::MIN)),
            "minItems" => value.as_array().is_none_or(|all| all.len() as u64 >= count(rule)),
            "maxItems" => value.as_array().is_none_or(|all| all.len() as u64 <= count(rule)),
            "minProperties" => value.as_object().is_none_or(|all| all.len() as u64 >= count(rule)),
            "required" => {
                let lacks = |name: &&Value| value.get(name.as_str().unwrap_or_default()).is_none();
                match rule.as_array().into_iter().flatten().find(lacks) {
                    Some(name) if value.is_object() => return wrong(format!("lacks {name}")),
                    _ => true,
                }
            }
            "dependentRequired" => rule.as_object().into_iter().flatten().all(|(name, others)| {
                let there = |name: &str| value.get(name).is_some();
                let mut others = others.as_array().into_iter().flatten().filter_map(Value::as_str);
                !there(name) || others.all(there)
            }),
            "properties" => {
                for (name, schema) in rule.as_object().into_iter().flatten() {
                    if let Some(inner) = value.get(name) {
                        fits(inner, schema, &format!("{at}/{name}"))?;
                    }
                }
                true
            }
            "allOf" => {
                for schema in rule.as_array().into_iter().flatten() {
                    fits(value, schema, at)?;
                }
                true
            }
            "oneOf" => {
                let tried: Vec<_> =
                    rule.as_array().into_iter().flatten().map(|schema| fits(value, schema, at)).collect();
                match tried.iter().filter(|one| one.is_ok()).count() {
                    1 => true,
                    several => return wrong(format!("is {several} of {} choices: {tried:?}", tried.len())),
                }
            }
            other => panic!("docs/openapi.json says {other:?} and this reader does not know it"),
        };
        if !holds {
            return wrong(format!("is not {keyword} {rule}"));
        }
    }
    for (index, inner) in value.as_array().into_iter().flatten().enumerate() {
        if let Some(schema) = keywords.get("items") {
            fits(inner, schema, &format!("{at}/{index}"))?;
        }
    }
    if keywords.get("additionalProperties").or(keywords.get("unevaluatedProperties")) == Some(&json!(false)) {
        let known = properties(schema);
        if let Some((name, _)) =
            value.as_object().into_iter().flatten().find(|(name, _)| !known.contains(name.as_str()))
        {
            return wrong(format!("has {name:?}, which is not described"));
        }
    }
    Ok(())
}

fn return_if(inner: Result<(), String>) -> Result<bool, String> {
    inner.map(|()| true)
}

fn count(rule: &Value) -> u64 {
    rule.as_u64().expect("a bound is a number")
}

/// The properties that a schema names, itself or through what it consists of.
fn properties(schema: &Value) -> BTreeSet<&str> {
    let schema = resolved(schema);
    let own = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let parts = schema["allOf"].as_array().into_iter().flatten().flat_map(properties);
    own.chain(parts).collect()
}

fn is_a(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("docs/openapi.json says the type {other:?} and this reader does not know it"),
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    static KNOWN: LazyLock<Mutex<HashMap<String, Regex>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let read = || Regex::new(pattern).unwrap_or_else(|wrong| panic!("the pattern {pattern}: {wrong}"));
    known.entry(pattern.to_owned()).or_insert_with(read).is_match(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, kind: &str, body: &Value) -> Answer {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        Answer { status, headers, body: body.to_string().into_bytes() }
    }

    #[test]
    fn what_is_not_as_described_is_seen() {
        let link = json!({"id": "0123456789abc", "url": "http://x/", "expires_us": 5});
        let made = |change: fn(&mut Value)| {
            let mut link = link.clone();
            change(&mut link);
            conforms("POST", "/api/rooms/0123456789abc/links", &answer(201, "application/json", &link))
        };
        assert_eq!(made(|_| {}), Ok(()));
        let changes: [fn(&mut Value); 5] = [
            |link| link["more"] = json!(1),
            |link| link["id"] = json!("0123456789abC"),
            |link| link["expires_us"] = json!(-1),
            |link| link["expires_us"] = json!("5"),
            |link| drop(link.as_object_mut().map(|all| all.remove("url"))),
        ];
        for change in changes {
            assert!(made(change).is_err());
        }
        let of_a_room = |body: &Value, kind: &str, status| {
            conforms("GET", "/api/rooms/0123456789abc", &answer(status, kind, body))
        };
        let problem = json!({"status": 404, "title": "not-found", "detail": "?"});
        assert_eq!(of_a_room(&problem, "application/problem+json", 404), Ok(()));
        assert!(of_a_room(&problem, "application/json", 404).is_err());
        assert!(of_a_room(&problem, "application/problem+json", 418).is_err());
        assert!(
            of_a_room(
                &json!({"status": 404, "title": "conflict", "detail": "?"}),
                "application/problem+json",
                404
            )
            .is_err()
        );
        assert!(conforms("GET", "/api/nowhere", &answer(200, "application/json", &json!({}))).is_err());
        assert!(conforms("PUT", "/api/rooms", &answer(200, "application/json", &json!({}))).is_err());
    }

    #[test]
    fn every_schema_is_one_that_this_reader_knows_and_can_refuse() {
        for (name, schema) in DOCUMENT["components"]["schemas"].as_object().unwrap() {
            // An unknown keyword or a pattern that does not read panics on the way.
            for value in [json!(true), json!({}), json!([[]]), json!("\u{0}")] {
                let _ = fits(&value, schema, name);
            }
            assert!(fits(&json!([true]), schema, name).is_err(), "{name} takes anything");
        }
    }
}
