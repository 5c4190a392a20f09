//! Under which name passkeys are made.

use url::{Host, Url};

/// Where pages are served, and the name that passkeys are bound to there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub(super) rp_id: String,
    pub(super) origin: Url,
}

/// Why there can be no passkeys at an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// Not `http(s)://NAME`.
    #[error("{url:?} is not the address of a site; set listen.public_url to https://NAME")]
    Url {
        /// What was given.
        url: String,
    },
    /// Browsers bind passkeys to names, never to numbers.
    #[error(
        "passkeys need a name and {host} is a number; reach this server by a name, and set listen.public_url to it"
    )]
    Number {
        /// The host.
        host: String,
    },
}

/// The name (relying party id) and the one allowed origin for a tenant whose pages are at `public_url`.
///
/// - Pages on the tenant's own domain, or below it (`https://beffroi.valmont.be` for `@valmont.be`): **the
///   domain**. The server may move to `https://nuage.valmont.be` and every passkey still opens.
/// - Pages elsewhere (`https://beffroi.agglo.be` for `@valmont.be`): **the page's host**, since a browser lets no
///   page speak for a domain that it is not below. When that host changes, the passkeys made under it are lost,
///   and people make new ones after signing in another way; tenants that share the host share the name, and an
///   answer may then claim an account next door: look up the account *in the tenant*.
///
/// The origin is exactly that of `public_url`, port included: a sibling (`https://www.valmont.be`) may ask an
/// authenticator for a passkey of `valmont.be`, and its answer is refused here. Clear `http://` is not refused
/// here but by browsers, which offer passkeys on `https://` and `*.localhost` only.
///
/// # Errors
/// [`PlaceError`], naming the setting to change.
pub fn place(public_url: &str, tenant_domain: &str) -> Result<Place, PlaceError> {
    let wrong = || PlaceError::Url { url: public_url.to_owned() };
    let url = Url::parse(public_url).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong());
    }
    let host = match url.host() {
        Some(Host::Domain(host)) => host.trim_end_matches('.').to_owned(),
        Some(number) => return Err(PlaceError::Number { host: number.to_string() }),
        None => return Err(wrong()),
    };
    let origin = Url::parse(&url.origin().ascii_serialization()).map_err(|_| wrong())?;
    // As a URL writes it: lower case, and an accent in Punycode.
    let domain = match Host::parse(tenant_domain) {
        Ok(Host::Domain(domain)) => domain,
        _ => tenant_domain.to_owned(),
    };
    let below = host.strip_suffix(&domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    Ok(Place { rp_id: if below { domain } else { host }, origin })
}

impl Place {
    /// The relying party id.
    pub fn rp_id(&self) -> &str {
        &self.rp_id
    }

    /// The one origin that answers may come from, as browsers write it: no slash at the end.
    pub fn origin(&self) -> String {
        self.origin.origin().ascii_serialization()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_the_domain_where_a_browser_allows_it_and_the_host_elsewhere() {
        for (public_url, domain, rp_id, origin) in [
            ("https://valmont.be", "valmont.be", "valmont.be", "https://valmont.be"),
            ("https://beffroi.valmont.be", "valmont.be", "valmont.be", "https://beffroi.valmont.be"),
            ("https://nuage.valmont.be:8443/", "valmont.be", "valmont.be", "https://nuage.valmont.be:8443"),
            ("https://beffroi.agglo.be", "valmont.be", "beffroi.agglo.be", "https://beffroi.agglo.be"),
            ("https://valmont.be", "cpas.valmont.be", "valmont.be", "https://valmont.be"),
            ("https://notvalmont.be", "valmont.be", "notvalmont.be", "https://notvalmont.be"),
            (
                "https://valmont.be.evil.example",
                "valmont.be",
                "valmont.be.evil.example",
                "https://valmont.be.evil.example",
            ),
            ("https://Valmont.BE:443", "valmont.be", "valmont.be", "https://valmont.be"),
            ("https://châtelet.be", "châtelet.be", "xn--chtelet-qwa.be", "https://xn--chtelet-qwa.be"),
            ("http://demo.localhost:8440", "demo.localhost", "demo.localhost", "http://demo.localhost:8440"),
            ("http://localhost:8440", "demo.localhost", "localhost", "http://localhost:8440"),
        ] {
            let found = place(public_url, domain).unwrap();
            assert_eq!(
                (found.rp_id(), found.origin().as_str()),
                (rp_id, origin),
                "{public_url} for {domain}"
            );
        }
    }

    #[test]
    fn an_address_that_cannot_have_passkeys_says_what_to_set() {
        let check = |url: &str| place(url, "valmont.be").unwrap_err().to_string();
        for number in ["https://192.0.2.7", "http://127.0.0.1:8440", "https://[2001:db8::1]"] {
            assert!(check(number).contains("by a name"), "{number}");
        }
        for other in ["", "valmont.be", "ftp://valmont.be", "data:,x", "https://"] {
            assert!(check(other).contains("listen.public_url"), "{other}");
        }
    }
}
