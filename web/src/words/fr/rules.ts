/** Why not: the rules of the policy and of passwords, under the names that the server gives them. */
export const rules = {
  'rule.tenant': 'Il n’y a rien de tel ici.',
  'rule.label-reserved': 'Cette mention de protection est réservée : elle reste fermée tant que votre organisme n’a pas déclaré l’homologation qu’elle demande. Adressez-vous à votre responsable de la sécurité.',
  'rule.clearance': 'Ce salon est classé au-dessus de votre habilitation. Adressez-vous à votre responsable de la sécurité.',
  'rule.label-second-factor': 'La mention de ce salon demande un second facteur. Reconnectez-vous avec le vôtre.',
  'rule.label-managed-device': 'La mention de ce salon ne s’ouvre que sur un appareil géré par votre organisme.',
  'rule.membership': 'Vous n’êtes pas membre de ce salon. Demandez à un de ses propriétaires de vous y ajouter.',
  'rule.rank': 'Votre rang dans ce salon ne le permet pas. Demandez à un de ses propriétaires.',
  'rule.role': 'Votre fonction ne le permet pas. Demandez à un administrateur.',
  'rule.guest': 'Un invité ne peut pas faire cela.',
  'rule.label-guests': 'La mention de ce salon ne laisse pas les invités aller jusque-là.',
  'rule.label-download': 'La mention de ce salon interdit d’en télécharger les fichiers.',
  'rule.label-end-to-end': 'La mention de ce salon demande des réunions chiffrées de bout en bout, que ce serveur n’offre pas encore.',

  'weak.too-short': (minimum: number | undefined) => (minimum === undefined ? 'Il est trop court : quelques mots de plus suffisent.' : `Il est trop court : il faut ${minimum} caractères au moins.`),
  'weak.too-long': 'Il est trop long : raccourcissez-le.',
  'weak.control-character': 'Il contient une tabulation ou un autre caractère invisible : récrivez-le sans.',
  'weak.too-plain': 'Mêlez trois sortes de signes (minuscules, majuscules, chiffres, autres), ou prenez sept mots différents.',
  'weak.common': 'C’est un des mots de passe que tout le monde essaie d’abord : prenez-en un autre, pas une variante.',
  'weak.predictable': 'Il est fait de mots courants, de dates ou de suites : ajoutez des mots qui ne vont pas ensemble.',
  'weak.contains-address': 'Il contient une partie de votre adresse : ôtez-la.',
  'weak.contains-name': 'Il contient une partie de votre nom : ôtez-la.',
} as const;
