import './app.css';
import { mount } from 'svelte';
import UploadPage from './pages/upload/UploadPage.svelte';

const place = document.getElementById('upload');
if (place) {
  // Without JavaScript the form in the page works by itself; with it the page's own takes its place.
  place.replaceChildren();
  mount(UploadPage, { target: place });
}
