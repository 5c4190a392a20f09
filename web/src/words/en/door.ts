import type { door as source } from '../fr/door';
import type { Translation } from '../types';

export const door: Translation<typeof source> = {
  'door.signIn': 'Sign in',
  'door.signInTo': (tenant) => `Sign in to ${tenant}`,
  'door.address': 'E-mail address',
  'door.password': 'Password',
  'door.showPassword': 'Show the password',
  'door.wrong': 'Wrong address or password. Check both; if you forgot it, your administrator can send you a link.',
  'door.ended': 'Your session is over. What you sent is kept.',
  'door.motto': 'Conversations, meetings and files, in your own house.',
};
