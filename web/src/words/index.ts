export { language, languages, speak, t, type Key, type Language } from './words.svelte';
