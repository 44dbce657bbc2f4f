/** Going over the rows of a list by the keyboard. A row is a link that is marked with `data-row`. */
const rowsIn = (list: HTMLElement): readonly HTMLElement[] => [
  ...list.querySelectorAll<HTMLElement>('[data-row]'),
];

/** Where one goes on: the row in focus, or the one before the first that the window shows. */
const placeIn = (rows: readonly HTMLElement[], step: 1 | -1): number => {
  const focused = rows.findIndex((row) => row === document.activeElement);
  if (focused !== -1) return focused;
  const seen = rows.findIndex((row) => row.getBoundingClientRect().top >= 0);
  return step === 1 ? seen - 1 : seen + 1;
};

/** @returns false where there is no row to go to */
export const stepInRows = (list: HTMLElement, step: 1 | -1): boolean => {
  const rows = rowsIn(list);
  const row = rows[placeIn(rows, step) + step];
  if (!row) return false;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: 'nearest' });
  return true;
};
