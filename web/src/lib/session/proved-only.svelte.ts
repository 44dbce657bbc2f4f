import { router } from '../router/router.svelte.js';
import { session } from './session.svelte.js';

/**
 * For a page of a signed-in person without the menu: whoever has not proved the second factor proves it first, and
 * comes back. Called while the page is made.
 */
export const provedOnly = (): void => {
  $effect(() => {
    if (session.view && session.view.secondFactor !== 'done')
      router.go(`/second-factor?then=${encodeURIComponent(router.here)}`, 'replace');
  });
};
