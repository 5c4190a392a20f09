//! `beffroi tenant …`

use super::{Failure, bodies, open};
use crate::clock;
use crate::settings::Place;
use beffroi_app::App;
use beffroi_domain::{
    Accreditation, CharterWords, Domain, Factor, LabelChange, Network, NewCharter, TenantChange, TenantName,
};
use beffroi_store::Store;
use std::process::ExitCode;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Host a public body: its people have addresses in DOMAIN.
    Add {
        /// The domain of its people's addresses.
        domain: String,
        /// What it is called on screen.
        #[arg(long)]
        name: String,
        /// Invite its first administrator: their e-mail address, in DOMAIN.
        #[arg(long, value_name = "EMAIL", requires = "administrator_name")]
        administrator: Option<String>,
        /// What they are called.
        #[arg(long, value_name = "NAME", requires = "administrator")]
        administrator_name: Option<String>,
    },
    /// Invite the first administrator of a body once more, or somebody else in their place. Refused once somebody
    /// of it came in.
    Delegate {
        /// Its domain.
        domain: String,
        /// Their e-mail address, in DOMAIN.
        #[arg(long, value_name = "EMAIL")]
        administrator: String,
        /// What they are called.
        #[arg(long, value_name = "NAME")]
        administrator_name: String,
    },
    /// Close a body: its sessions and streams end within two seconds, nobody comes in, and all that it holds stays.
    Close {
        /// Its domain.
        domain: String,
    },
    /// Open a closed body again.
    Open {
        /// Its domain.
        domain: String,
    },
    /// Say whether a body operates others: people of it may be given the role operator, host bodies on the page,
    /// and read nothing of them. Off: its operators are agents again.
    Operator {
        /// Its domain.
        domain: String,
        /// on or off.
        #[arg(long, value_name = "on|off")]
        set: String,
    },
    /// The bodies hosted here, with what each of them chose and declared.
    List,
    /// Change a body's name, its colour or what its people's passwords must be.
    #[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
    Set {
        /// Its domain.
        domain: String,
        /// What it is called on screen.
        #[arg(long, group = "what")]
        name: Option<String>,
        /// Its colour, such as '#1f4f8f'; screens darken or lighten it until it can be read.
        #[arg(long, group = "what", value_name = "#RRGGBB")]
        accent: Option<String>,
        /// default: 12 characters of three kinds, 16 for administrators, or seven words. s1: 8 characters with
        /// lower case, upper case and a figure. 'own length=12 sign=yes bits=50': what your written policy says, at
        /// least S1: 8 to 64 characters, a sign too or not, 0 to 128 bits by our estimate. For passwords chosen from
        /// now on.
        #[arg(long, group = "what", value_name = "default|s1|'own …'")]
        passwords: Option<String>,
    },
    /// Say what whoever administers must have proved, and from where.
    Administration {
        /// The domain of its people's addresses.
        domain: String,
        /// password (for trying out), second (a code beside the password) or passkey.
        #[arg(long, default_value = "passkey")]
        factor: String,
        /// A network from which administering is done, such as 192.0.2.0/24; may be said several times.
        /// Without any, every network will do.
        #[arg(long = "network", value_name = "NETWORK")]
        networks: Vec<String>,
    },
    /// Say whose passkeys are taken: keys that do not show such a maker's certificate are refused from now on.
    /// Those that are there stay.
    #[command(group = clap::ArgGroup::new("whose").required(true))]
    Passkeys {
        /// The domain of its people's addresses.
        domain: String,
        /// A file with root certificates of makers (PEM), as the FIDO metadata service or the maker publishes
        /// them; may be said several times.
        #[arg(long = "maker", value_name = "FILE", group = "whose")]
        makers: Vec<std::path::PathBuf>,
        /// Anybody's, as in the beginning.
        #[arg(long, group = "whose")]
        any: bool,
    },
    /// Say after how many idle minutes pages lock: on phones, on desks, and while rooms of a label are open.
    #[command(group = clap::ArgGroup::new("minutes").required(true).multiple(true))]
    #[command(group = clap::ArgGroup::new("of_label").multiple(true))]
    Lock {
        /// The domain of the body.
        domain: String,
        /// Idle minutes on a phone, or where nobody said what it is.
        #[arg(long, group = "minutes", value_name = "MINUTES")]
        phone: Option<u32>,
        /// Idle minutes on a desk.
        #[arg(long, group = "minutes", value_name = "MINUTES")]
        desk: Option<u32>,
        /// The slug of a label whose rooms lock sooner.
        #[arg(long, group = "minutes", value_name = "SLUG", requires = "of_label")]
        label: Option<String>,
        /// Its idle minutes; 0: as the body says.
        #[arg(long, value_name = "MINUTES", requires = "label", group = "of_label")]
        label_minutes: Option<u32>,
        /// Hours after which its rooms ask again who is there; 0: as long as the session lasts.
        #[arg(long, value_name = "HOURS", requires = "label", group = "of_label")]
        label_hours: Option<u32>,
    },
    /// Publish a charter: everybody reads and accepts it before they go on. The former ones stay readable.
    Charter {
        /// The domain of the body.
        domain: String,
        /// Its heading.
        #[arg(long, value_name = "TEXT")]
        title: String,
        /// A file with its plain text, in UTF-8.
        #[arg(long, value_name = "FILE")]
        file: std::path::PathBuf,
        /// Its heading in English.
        #[arg(long, value_name = "TEXT", requires = "file_en")]
        title_en: Option<String>,
        /// A file with its text in English.
        #[arg(long, value_name = "FILE", requires = "title_en")]
        file_en: Option<std::path::PathBuf>,
    },
    /// Say whether dangerous acts (a shorter retention, taking the audit log out) wait for a second person.
    FourEyes {
        /// The domain of the body.
        domain: String,
        /// on or off.
        #[arg(long, value_name = "on|off")]
        set: String,
    },
    /// Show or change what is told at once to a body's administrators and security officers.
    Alerts(super::alerts::Alerts),
    /// Declare the accreditation that a protective mark asks for, in the place of the former one.
    Accredit {
        /// The domain of the body.
        domain: String,
        /// The slug of the mark: restricted, medical.
        #[arg(long, value_name = "SLUG")]
        label: String,
        /// The number of the decision: homologation, certificate of the host of health data.
        #[arg(long, value_name = "TEXT")]
        reference: String,
        /// Who took it.
        #[arg(long, value_name = "TEXT")]
        authority: String,
        /// The last day on which it holds; the mark closes by itself after it.
        #[arg(long, value_name = "YYYY-MM-DD")]
        until: String,
    },
    /// Take an accreditation back: rooms that carry the mark close at once, and keep what they hold.
    Withdraw {
        /// The domain of the body.
        domain: String,
        /// The slug of the mark.
        #[arg(long, value_name = "SLUG")]
        label: String,
    },
}

pub(super) async fn run(place: Place, command: Command) -> Result<ExitCode, Failure> {
    let store = open(&place).await?;
    let app = App::new(store.clone(), place.rules());
    let done = execute(&store, &app, &place, command).await;
    store.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn execute(store: &Store, app: &App, place: &Place, command: Command) -> Result<(), Failure> {
    let now = clock::now();
    match command {
        Command::Add { domain, name, administrator, administrator_name } => {
            let (domain, name): (Domain, TenantName) = (domain.parse()?, name.parse()?);
            if let (Some(address), Some(person)) = (administrator, administrator_name) {
                return bodies::host(app, place, domain, name, (&address, &person)).await;
            }
            let tenant = store.add_tenant(&domain, name.as_str(), now).await?;
            println!("{} is hosted here ({}).", tenant.name, tenant.domain);
            println!(
                "Next: beffroi account add YOU@{} --name \"YOUR NAME\" --role administrator --invite",
                tenant.domain
            );
        }
        Command::Delegate { domain, administrator, administrator_name } => {
            bodies::delegate(app, place, &domain.parse()?, (&administrator, &administrator_name)).await?;
        }
        Command::Close { domain } => bodies::close(app, &domain.parse()?, true).await?,
        Command::Open { domain } => bodies::close(app, &domain.parse()?, false).await?,
        Command::Operator { domain, set } => bodies::operator(app, &domain.parse()?, on(&set)?).await?,
        Command::List => list(store).await?,
        Command::Set { domain, name, accent, passwords } => {
            let change = TenantChange {
                name: name.map(|text| text.parse()).transpose()?,
                accent: accent.map(|text| text.parse()).transpose()?,
                passwords: passwords.map(|text| text.parse()).transpose()?,
            };
            let tenant = app.operator_change_tenant(&domain, &change, now).await?;
            println!("{}", described(&tenant));
        }
        Command::Administration { domain, factor, networks } => {
            let domain: Domain = domain.parse()?;
            let networks = networks.iter().map(|n| n.parse()).collect::<Result<Vec<Network>, _>>()?;
            let factor = Factor::from_word(&factor).ok_or_else(|| {
                format!("`{factor}` is nothing to be proved; choose password, second or passkey")
            })?;
            let tenant = app.operator_tenant(&domain).await?;
            app.operator_set_administration(&tenant, factor, networks, now).await?;
            println!("Whoever administers {domain} must have proved: {}.", factor.word());
            if factor == Factor::Password {
                println!("A password alone is for trying out: whoever learns it administers.");
            }
        }
        Command::Passkeys { domain, makers, any: _ } => {
            let tenant = app.operator_tenant(&domain.parse()?).await?;
            let mut pem = String::new();
            for file in &makers {
                let read = std::fs::read_to_string(file);
                pem += &read.map_err(|cause| format!("{} cannot be read: {cause}", file.display()))?;
                pem.push('\n');
            }
            app.operator_set_passkey_makers(&tenant, &pem, now).await?;
            match pem.matches("BEGIN CERTIFICATE").count() {
                0 => println!("{domain} takes passkeys of any maker."),
                count => println!(
                    "{domain} takes new passkeys of these makers only ({count} certificates); those that are there stay."
                ),
            }
        }
        Command::Lock { domain, phone, desk, label, label_minutes, label_hours } => {
            if phone.is_some() || desk.is_some() {
                let rules = app.operator_set_lock(&domain, phone, desk, now).await?;
                println!(
                    "Pages of {domain} lock after {} idle minutes on phones, {} on desks.",
                    rules.phone_minutes, rules.desk_minutes
                );
            }
            if let Some(label) = label {
                let some = |n: u32| Some(n).filter(|n| *n > 0);
                let change = LabelChange {
                    lock_minutes: label_minutes.map(some),
                    proof_hours: label_hours.map(some),
                    ..LabelChange::default()
                };
                let label = app.operator_change_label(&domain, &label, &change, now).await?;
                match label.lock_minutes {
                    Some(minutes) => {
                        println!("« {} » locks after {minutes} idle minutes at most.", label.name)
                    }
                    None => println!("« {} » locks when the body says.", label.name),
                }
                match label.proof_hours {
                    Some(hours) => println!("« {} » asks every {hours} hours who is there.", label.name),
                    None => println!("« {} » never asks again who is there.", label.name),
                }
            }
        }
        Command::Charter { domain, title, file, title_en, file_en } => {
            let french = CharterWords { title: title.parse()?, text: written(&file)?.parse()? };
            let english = match (title_en, file_en) {
                (Some(title), Some(file)) => {
                    Some(CharterWords { title: title.parse()?, text: written(&file)?.parse()? })
                }
                _ => None,
            };
            let row = app.operator_publish_charter(&domain, &NewCharter { french, english }, now).await?;
            println!(
                "Version {} is published: everybody of {domain} accepts it before they go on.",
                row.version
            );
        }
        Command::FourEyes { domain, set } => {
            let domain: Domain = domain.parse()?;
            let on = on(&set)?;
            app.operator_set_four_eyes(&domain, on, now).await?;
            let said = if on { "wait for a second person" } else { "are done by one person alone" };
            println!("Dangerous acts in {domain} {said}.");
        }
        Command::Alerts(asked) => super::alerts::execute(app, asked).await?,
        Command::Accredit { domain, label, reference, authority, until } => {
            let declared = Accreditation {
                reference: reference.parse()?,
                authority: authority.parse()?,
                until: until.parse()?,
            };
            let label = app.operator_accredit(&domain, &label, Some(&declared), now).await?;
            println!("« {} » may be used in {domain} until {}.", label.name, declared.until);
            let demands = [
                (label.second_factor, "a second factor"),
                (label.managed_device, "a managed device"),
                (label.end_to_end, "meetings encrypted end to end"),
            ];
            let demands: Vec<_> = demands.iter().filter(|(asked, _)| *asked).map(|(_, what)| *what).collect();
            if !demands.is_empty() {
                println!(
                    "It still asks for {}: who cannot show that opens no room that carries it.",
                    demands.join(", ")
                );
            }
        }
        Command::Withdraw { domain, label } => {
            let label = app.operator_accredit(&domain, &label, None, now).await?;
            println!("« {} » is closed in {domain}; rooms that carry it keep what they hold.", label.name);
        }
    }
    Ok(())
}

fn on(word: &str) -> Result<bool, Failure> {
    match word {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(format!("`{word}` is neither on nor off").into()),
    }
}

/// The text of a file, when it is one.
fn written(file: &std::path::Path) -> Result<String, Failure> {
    std::fs::read_to_string(file)
        .map_err(|cause| format!("{} cannot be read as text in UTF-8 ({cause})", file.display()).into())
}

fn described(tenant: &beffroi_domain::Tenant) -> String {
    format!(
        "{}  {}  {}  passwords {}{}{}",
        tenant.domain,
        tenant.name,
        tenant.accent.as_str(),
        tenant.passwords,
        if tenant.operates { "  operates others" } else { "" },
        if tenant.closed.is_some() { "  closed" } else { "" }
    )
}

async fn list(store: &Store) -> Result<(), Failure> {
    let tenants = store.tenants().await?;
    if tenants.is_empty() {
        println!("Nobody is hosted here yet. First: beffroi tenant add DOMAIN --name \"NAME\"");
    }
    for tenant in tenants {
        println!("{}", described(&tenant));
        for label in store.labels(tenant.id).await? {
            if let Some(declared) = &label.accreditation {
                let over = if declared.in_force(clock::now()) { "" } else { " (over)" };
                println!("    {}: {declared}{over}", label.slug);
            }
        }
    }
    Ok(())
}
