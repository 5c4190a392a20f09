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
