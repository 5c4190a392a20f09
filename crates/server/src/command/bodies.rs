//! `beffroi tenant add --administrator`, `delegate`, `close`, `open`, `operator`: what an operator does on the page.

use super::Failure;
use crate::clock;
use crate::settings::Place;
use beffroi_app::{App, FirstAdministrator};
use beffroi_domain::{Domain, TenantName};
use beffroi_store::{Invited, NewBody};

pub(super) async fn host(
    app: &App,
    place: &Place,
    domain: Domain,
    name: TenantName,
    first: (&str, &str),
) -> Result<(), Failure> {
    let url = |domain: &str| place.public_url(domain);
    let new = NewBody { domain, name };
    let invited = app.operator_host_body(&new, &read(first)?, &url, clock::now()).await?;
    println!("{} is hosted here ({}).", invited.tenant.name, invited.tenant.domain);
    shown(place, first.0, &invited);
    Ok(())
}

pub(super) async fn delegate(
    app: &App,
    place: &Place,
    domain: &Domain,
    first: (&str, &str),
) -> Result<(), Failure> {
    let url = |domain: &str| place.public_url(domain);
    let invited = app.operator_delegate_body(domain, &read(first)?, &url, clock::now()).await?;
    shown(place, first.0, &invited);
    Ok(())
}

pub(super) async fn close(app: &App, domain: &Domain, closed: bool) -> Result<(), Failure> {
    app.operator_close_body(domain, closed, clock::now()).await?;
    if closed {
        println!("{domain} is closed: nobody comes in, and all that it holds stays.");
    } else {
        println!("{domain} is open again; its people sign in as before.");
    }
    Ok(())
}

pub(super) async fn operator(app: &App, domain: &Domain, on: bool) -> Result<(), Failure> {
    app.operator_set_operating(domain, on, clock::now()).await?;
    if on {
        println!("People of {domain} may be operators: beffroi account role YOU@{domain} --role operator");
    } else {
        println!("{domain} operates nobody; who was an operator there is an agent.");
    }
    Ok(())
}

fn read((address, name): (&str, &str)) -> Result<FirstAdministrator, Failure> {
    Ok(FirstAdministrator { address: address.parse()?, name: name.parse()? })
}

fn shown(place: &Place, address: &str, invited: &Invited) {
    let base = place.public_url(invited.tenant.domain.as_str());
    println!("{address} is invited as its administrator.");
    println!("{base}/bienvenue/{}", invited.token);
    println!("The link works once, within three days.");
    if invited.mailed {
        println!("It goes to them by mail, too.");
    }
}
