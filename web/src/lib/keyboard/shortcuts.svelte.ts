const kept = 'shortcuts';

/** Whether single characters work as shortcuts. WCAG 2.2, 2.1.4: whoever speaks to the machine can switch them off. */
class Shortcuts {
  #areOn = $state(localStorage.getItem(kept) !== 'off');

  get areOn(): boolean {
    return this.#areOn;
  }

  set areOn(areOn: boolean) {
    this.#areOn = areOn;
    if (areOn) localStorage.removeItem(kept);
    else localStorage.setItem(kept, 'off');
  }
}

export const shortcuts = new Shortcuts();

/** What lies on the keys of a Russian keyboard where a Latin one has the shortcuts of a sign. */
const signs: Readonly<Partial<Record<string, string>>> = { 'Slash .': '/', 'Slash ,': '?' };

/** The key as a Latin keyboard names it: who writes Russian does not change the layout for a shortcut. */
const latin = ({ key, code }: KeyboardEvent): string => {
  if (key.length > 1) return key;
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  if (letter !== undefined && !/[a-z]/i.test(key)) return letter.toLowerCase();
  return signs[`${code} ${key}`] ?? key.toLowerCase();
};

const typed = 'input, textarea, select, [contenteditable]';

/**
 * The key that a page may act on; null where somebody types, a dialog is open, it belongs to the browser or the system,
 * or single characters are switched off.
 */
export const shortcutOf = (event: KeyboardEvent): string | null => {
  if (event.defaultPrevented || event.isComposing) return null;
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  if (event.target instanceof Element && event.target.matches(typed)) return null;
  if (document.querySelector('dialog[open]')) return null;
  const key = latin(event);
  return key.length > 1 || shortcuts.areOn ? key : null;
};
