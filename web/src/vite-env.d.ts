/// <reference types="svelte" />
/// <reference types="vite/client" />

/** Of this client, from package.json. */
declare const __VERSION__: string;
