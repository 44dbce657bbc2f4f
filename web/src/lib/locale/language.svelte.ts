import { getLocale, locales, overwriteGetLocale, setLocale } from '../../paraglide/runtime.js';
import type { Locale } from '../../paraglide/runtime.js';

/** The language of the page: the browser's, until somebody chooses another. */
class Language {
  #current = $state<Locale>(getLocale());

  get current(): Locale {
    return this.#current;
  }

  choose(locale: Locale): void {
    void setLocale(locale, { reload: false });
    this.#current = locale;
    document.documentElement.lang = locale;
  }
}

export const language = new Language();
export { locales };
export type { Locale };

// Messages read the language at each call: read as state, a change of it draws every sentence anew, without a reload.
overwriteGetLocale(() => language.current);
document.documentElement.lang = language.current;
