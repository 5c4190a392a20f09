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

pub(super) const INVITATION_SUBJECT: &str = "Votre compte est prêt · Your account is ready";

pub(super) fn invitation(About { name, address, tenant }: &About<'_>, link: &str) -> String {
    format!(
        "Bonjour {name},

{tenant} vous a ouvert un compte pour échanger, se réunir et partager des fichiers entre collègues : {address}.

Pour choisir votre mot de passe et entrer, ouvrez ce lien. Il sert une seule fois et pendant trois jours :

{link}

Plus tard, demandez un autre lien à qui gère les comptes chez vous. Ne transmettez ce message à personne ; personne ne vous le demandera."
    )
}
