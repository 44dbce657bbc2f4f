export const themeChoices = ['system', 'day', 'night'] as const;
export type ThemeChoice = (typeof themeChoices)[number];

const key = 'theme';

const stored = (): ThemeChoice => {
  const value = localStorage.getItem(key);
  return value === 'day' || value === 'night' ? value : 'system';
};

/** Without a choice the stylesheet follows the system by itself. */
class Theme {
  #choice = $state<ThemeChoice>(stored());

  get choice(): ThemeChoice {
    return this.#choice;
  }

  choose(choice: ThemeChoice): void {
    this.#choice = choice;
    if (choice === 'system') {
      localStorage.removeItem(key);
      delete document.documentElement.dataset['theme'];
    } else {
      localStorage.setItem(key, choice);
      document.documentElement.dataset['theme'] = choice;
    }
  }
}

export const theme = new Theme();
