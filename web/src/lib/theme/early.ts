// Runs before the page is drawn, as a plain script: imports nothing. theme.svelte.ts keeps the choice.
(() => {
  const chosen = localStorage.getItem('theme');
  if (chosen === 'day' || chosen === 'night') document.documentElement.dataset['theme'] = chosen;
})();
