import type { security as source } from '../fr/security';
import type { Translation } from '../types';

export const security: Translation<typeof source> = {
  'security.title': 'My security',
  'security.sessions': 'My sessions',
  'security.sessionsSays': 'Every device where you are signed in. End those you do not recognise, then change your password.',
  'security.current': 'this session',
  'security.started': (when) => `Opened ${when}`,
  'security.used': (when) => `used ${when}`,
  'security.end': 'End',
  'security.endNamed': (agent) => `End the session of ${agent}`,
  'security.endTitle': 'End this session?',
  'security.endSays': (agent) => `${agent} will be signed out at once. What was sent is kept; a message being written on that device would be lost.`,
  'security.endCurrentSays': 'This is the session of this page: you will be signed out here and come back to sign-in.',
  'security.ended': (agent) => `The session of ${agent} is over.`,
  'security.only': 'No other session is open.',
  'security.password': 'Change my password',
  'security.passwordSays': 'Your other sessions end at once; this one stays open.',
  'security.old': 'Current password',
  'security.oldMissing': 'Write your current password.',
  'security.oldWrong': 'This is not your current password. Nothing has changed.',
  'security.change': 'Change the password',
  'security.changed': 'Your password is changed. Your other sessions are over.',
  'security.agent': (browser, system) => `${browser} on ${system}`,
  'security.agentUnknown': 'An unknown program',
  'security.systemUnknown': 'an unknown system',
};
