//! Letters in French.

use super::About;
use beffroi_domain::Alarm;
use beffroi_store::AuditEntry;

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

pub(super) fn no_reset(About { name, address, tenant }: &About<'_>) -> String {
    format!(
        "Bonjour {name},

Quelqu’un, vous sans doute, a demandé un nouveau mot de passe pour votre compte {address} chez {tenant}.

Votre compte reçoit ses codes de connexion par courriel. Un lien envoyé à la même adresse donnerait à qui lit ce courrier tout ce qu’il faut pour entrer : demandez-le donc à votre administrateur, qui vous reconnaîtra.

Si vous n’avez rien demandé, ne faites rien : votre mot de passe reste le même."
    )
}

pub(super) const CODE_SUBJECT: &str = "Votre code de connexion · Your sign-in code";

pub(super) fn code(
    About { name, address, tenant }: &About<'_>,
    code: &str,
    browser: &str,
    place: &str,
) -> String {
    format!(
        "Bonjour {name},

Le code pour votre compte {address} chez {tenant} :

{code}

Il sert une seule fois, pendant dix minutes, et seulement dans la page qui l’a demandé.
Demandé depuis : {browser}, réseau {place}.

Personne ne vous demandera jamais ce code, ni au téléphone, ni par message, ni à l’accueil. Si vous n’êtes pas en train de vous connecter, quelqu’un connaît votre mot de passe : changez-le et prévenez votre responsable de la sécurité."
    )
}

pub(super) const ALERT_SUBJECT: &str = "Alerte de sécurité · Security alert";

pub(super) fn alert(
    About { name, tenant, .. }: &About<'_>,
    alarm: Alarm,
    entries: i64,
    latest: &AuditEntry,
    link: &str,
) -> String {
    let (what, act) = match alarm {
        Alarm::GuessedAccount => (
            "De nombreuses connexions à un même compte ont été refusées.",
            "Appelez cette personne ; si ce n’était pas elle, faites-lui changer son mot de passe et ajouter une clé d’accès.",
        ),
        Alarm::GuessingPlace => (
            "De nombreuses connexions à plusieurs comptes ont été refusées depuis un même endroit : quelqu’un essaie sans doute une liste de mots de passe.",
            "Bloquez ce réseau à votre pare-feu, et cherchez au journal une connexion réussie depuis le même endroit.",
        ),
        Alarm::NewPlace => (
            "Une personne qui administre s’est connectée depuis un endroit jamais vu.",
            "Demandez-lui si c’était bien elle ; sinon, désactivez son compte.",
        ),
        Alarm::Role => (
            "Une fonction technique a été donnée ou retirée.",
            "Vérifiez que cela était prévu ; sinon, rendez à la personne sa fonction d’avant.",
        ),
        Alarm::LostKeys => (
            "Les clés d’une personne ont été ôtées, ou son mot de passe remplacé, par un administrateur.",
            "Vérifiez auprès d’elle qu’elle l’avait demandé.",
        ),
        Alarm::Rules => (
            "Une règle de l’administration, des mots de passe, des clés d’accès, du verrouillage ou d’une mention a changé.",
            "Vérifiez que cela était prévu.",
        ),
        Alarm::SecondPerson => (
            "Un acte dangereux se fait désormais sans seconde personne chez vous, ou l’exploitant du serveur a été la seconde personne.",
            "Vérifiez que cela était prévu ; sinon, demandez que l’accord d’une seconde personne soit rétabli.",
        ),
        Alarm::Impersonation => (
            "Un administrateur a reçu l’accord pour agir au nom de quelqu’un.",
            "Vérifiez auprès de cette personne qu’elle a demandé de l’aide.",
        ),
        Alarm::Export => (
            "Le journal a été sorti du serveur.",
            "Vérifiez que cela était prévu et que la copie est en lieu sûr : elle nomme des personnes.",
        ),
        Alarm::Bodies => (
            "Un organisme a été hébergé, confié, fermé ou rouvert sur ce serveur, ou le droit d’en héberger a changé.",
            "Vérifiez que cela était prévu ; un organisme fermé se rouvre avec tout ce qu’il contient.",
        ),
        Alarm::Alerts => (
            "Les règles des alertes ont changé.",
            "Vérifiez que cela était prévu. Ce message-ci ne peut pas être désactivé.",
        ),
        Alarm::BrokenLog => (
            "La vérification quotidienne du journal a échoué : il n’est plus tel qu’il a été signé.",
            "Ne changez rien sur le serveur, gardez les exports et les sauvegardes, et faites exécuter « beffroi audit verify » par l’exploitant. Ce message-ci ne peut pas être désactivé.",
        ),
    };
    let facts =
        super::facts(alarm, latest, ["Quand (UTC) :", "D’où :", "Qui :", "À qui ou à quoi :", "Quoi :"]);
    format!(
        "Bonjour {name},

{what}

Nombre d’entrées au journal : {entries}. La plus récente :
{facts}

{act}

Ces entrées, dans le journal de {tenant} :
{link}"
    )
}
