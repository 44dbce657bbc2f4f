import { language } from '../locale/language.svelte.js';

/** The browser's own variety of the language, where it has one: `en-GB` writes a date as `en` does not. */
const variety = (): string =>
  navigator.languages.find((tag) => tag.split('-')[0] === language.current) ?? language.current;

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** Bytes in the largest fitting decimal unit, as the language writes it: `12.4 MB`, `12,4 МБ`. */
export const bytes = (count: number): string => {
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3));
  return (
    new Intl.NumberFormat(variety(), {
      style: 'unit',
      unit: units[power] ?? 'byte',
      unitDisplay: power === 0 ? 'long' : 'short',
      maximumFractionDigits: power === 0 ? 0 : 1,
    })
      .format(count / 1000 ** power)
      // A line does not end between a number and its unit.
      .replaceAll(' ', '\u00a0')
  );
};

export const number = (value: number): string => new Intl.NumberFormat(variety()).format(value);

/** @param value of a hundred: 41.5 is `41.5%`, `41,5 %` */
export const percent = (value: number): string =>
  new Intl.NumberFormat(variety(), { style: 'percent', maximumFractionDigits: 1 }).format(
    value / 100,
  );

/** @param iso as the API gives it */
export const moment = (iso: string): string =>
  new Intl.DateTimeFormat(variety(), { dateStyle: 'medium', timeStyle: 'short' }).format(
    new Date(iso),
  );

/** Of the day, to the second. @param iso as the API gives it */
export const time = (iso: string): string =>
  new Intl.DateTimeFormat(variety(), { timeStyle: 'medium' }).format(new Date(iso));

/** @param date `2026-11-20`, of the calendar and not of a clock */
export const day = (date: string): string =>
  new Intl.DateTimeFormat(variety(), { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(
    new Date(date),
  );

const steps = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** `in 5 days`, `2 hours ago`, and `now` for less than a minute. @param iso as the API gives it */
export const fromNow = (iso: string, now: Date): string => {
  const seconds = Math.round((Date.parse(iso) - now.getTime()) / 1000);
  const [unit, size] = steps.find(([, length]) => Math.abs(seconds) >= Math.max(60, length)) ?? [
    'second',
    Infinity,
  ];
  return new Intl.RelativeTimeFormat(variety(), { numeric: 'auto' }).format(
    Math.round(seconds / size),
    unit,
  );
};

/** A length of time in its largest fitting unit: `7 days`. */
export const duration = (seconds: number): string => {
  const whole = steps.filter(([unit]) => unit !== 'week' && unit !== 'month' && unit !== 'year');
  const [unit, size] = whole.find(([, length]) => seconds >= length) ?? ['second', 1];
  return new Intl.NumberFormat(variety(), {
    style: 'unit',
    unit,
    unitDisplay: 'long',
    maximumFractionDigits: 1,
  }).format(seconds / size);
};
