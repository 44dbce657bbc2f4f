import './app.css';
import { mount } from 'svelte';
import UploadPage from './pages/upload/UploadPage.svelte';

const form = document.getElementById('upload');
if (form) {
  // Without JavaScript the form in the page works by itself; with it the page's own takes its place.
  form.replaceChildren();
  mount(UploadPage, { target: form });
}
