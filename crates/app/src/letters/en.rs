//! Letters in English.

use super::About;

pub(super) fn reset(About { name, address, tenant }: &About<'_>, link: &str) -> String {
    format!(
        "Hello {name},

Somebody, probably you, asked for a new password for your account {address} at {tenant}.

To choose it, open this link. It works once, within one hour:

{link}

If you asked for nothing, do nothing: your password stays as it is. Forward this message to nobody; nobody will ask you for it."
    )
}

pub(super) fn invitation(About { name, address, tenant }: &About<'_>, link: &str) -> String {
    format!(
        "Hello {name},

{tenant} opened an account for you, to talk, meet and share files with your colleagues: {address}.

To choose your password and come in, open this link. It works once, within three days:

{link}

After that, ask whoever manages accounts at your place for another one. Forward this message to nobody; nobody will ask you for it."
    )
}
