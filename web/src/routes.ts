import type { Route } from './ui/router.svelte';
import Shell from './ui/rooms/Shell.svelte';

/** The rooms are what most people come for: part of the first script. One value, so that going from room to room keeps the page. */
const shell: Route['load'] = () => Promise.resolve({ default: Shell });
const administration: Route['load'] = () => import('./ui/administration/Administration.svelte');

/** Every page: a line each. What is not the first screen is loaded when someone goes there. */
export const routes: readonly Route[] = [
  { path: '/', who: 'account', load: shell },
  { path: '/salon/:id', who: 'account', load: shell },
  { path: '/salon/:id/reunion', who: 'account', load: shell },
  { path: '/bienvenue/:token', who: 'anyone', load: () => import('./ui/door/Welcome.svelte') },
  { path: '/invite/:token', who: 'anyone', load: () => import('./ui/door/Guest.svelte') },
  { path: '/appareil', who: 'anyone', load: () => import('./ui/door/Device.svelte') },
  { path: '/appareil/:code', who: 'anyone', load: () => import('./ui/door/Device.svelte') },
  { path: '/securite', who: 'account', load: () => import('./ui/security/Security.svelte') },
  { path: '/administration', who: 'account', load: administration },
  { path: '/administration/:tab', who: 'account', load: administration },
  { path: '/administration/:tab/:alert', who: 'account', load: administration },
];
