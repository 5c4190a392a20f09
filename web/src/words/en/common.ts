import type { common as source } from '../fr/common';
import type { Translation } from '../types';

export const common: Translation<typeof source> = {
  'app.name': 'Beffroi',
  'app.skip': 'Skip to content',
  'common.cancel': 'Cancel',
  'common.close': 'Close',
  'common.copy': 'Copy',
  'common.copied': 'Copied',
  'common.backToRooms': 'Back to rooms',
  'common.retry': 'Try again',
  'common.loading': 'Loading…',
  'common.language': 'Language',
  'common.theme': 'Appearance',
  'common.themeLight': 'Light',
  'common.themeDark': 'Dark',
  'common.themeSystem': 'Same as device',
  'common.notFound': 'This page does not exist',
  'common.notFoundDetail': 'The address may be incomplete, or what it showed was removed.',
  'language.fr': 'Français',
  'language.en': 'English',
  'problem.unreachable': 'The server does not answer. Nothing is lost: try again in a moment.',
  'problem.internal': 'The server could not answer. Try again; if it goes on, tell your administrator.',
  'problem.wait': (seconds) =>
    seconds < 90 ? `Try again in ${seconds} s.` : `Try again in ${Math.ceil(seconds / 60)} min.`,
  'problem.signedOut': 'Your session is over. Sign in again.',
  'problem.notFound': 'Not found: it was removed, or is not open to you.',
  'problem.denied': 'You are not allowed to do this.',
  'problem.busy': 'The server is very busy. Try again in a moment.',
  'problem.rule': (rule) => `Rule: ${rule}`,
  'problem.refused': 'Refused',
};
