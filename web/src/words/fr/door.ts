/** Sign-in, invitation, guest. */
export const door = {
  'door.signIn': 'Se connecter',
  'door.signInTo': (tenant: string) => `Se connecter à ${tenant}`,
  'door.address': 'Adresse e-mail',
  'door.password': 'Mot de passe',
  'door.showPassword': 'Afficher le mot de passe',
  'door.wrong': 'Adresse ou mot de passe incorrects. Vérifiez les deux ; si l’oubli persiste, votre administrateur peut vous envoyer un lien.',
  'door.ended': 'Votre session est terminée. Ce que vous aviez envoyé est gardé.',
  'door.motto': 'Conversations, réunions et dossiers, chez vous.',
} as const;
