import { mount } from 'svelte';
import App from './App.svelte';
import './ui/tokens.css';
import './ui/base.css';
import { language } from './words';

document.documentElement.lang = language();
const target = document.getElementById('app');
if (!target) throw new Error('index.html lost its #app element');
mount(App, { target });
