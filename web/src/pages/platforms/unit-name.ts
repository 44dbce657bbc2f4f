import { language } from '../../lib/locale/language.svelte.js';
import type { Unit } from './quantity.js';

/** A unit's name as it stands behind this amount: `1 day`, `7 days`. */
export const unitName = ({ name, display }: Unit, amount: number | null): string =>
  new Intl.NumberFormat(language.current, { style: 'unit', unit: name, unitDisplay: display })
    .formatToParts(amount ?? 0)
    .find(({ type }) => type === 'unit')?.value ?? name;
