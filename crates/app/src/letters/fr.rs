//! Letters in French.

use super::About;

pub(super) const RESET_SUBJECT: &str = "Choisir un nouveau mot de passe · Choose a new password";

pub(super) fn reset(About { name, address, tenant }: &About<'_>, link: &str) -> String {
    format!(
        "Bonjour {name},

Quelqu’un, vous sans doute, a demandé un nouveau mot de passe pour votre compte {address} chez {tenant}.

Pour le choisir, ouvrez ce lien. Il sert une seule fois et pendant une heure :

{link}

Si vous n’avez rien demandé, ne faites rien : votre mot de passe reste le même. Ne transmettez ce message à personne ; personne ne vous le demandera."
    )
}
