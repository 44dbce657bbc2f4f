import { mount } from 'svelte';
import './app.css';
import App from './App.svelte';

const target = document.getElementById('desk');
if (target) mount(App, { target });
