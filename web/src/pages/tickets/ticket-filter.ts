export const ages = ['today', 'week', 'month', 'older'] as const;
export type Age = (typeof ages)[number];

/** What the list of tickets is narrowed to. It stands in the address, so that it can be kept and sent. */
export interface TicketFilter {
  readonly q: string;
  readonly platform: string;
  readonly state: '' | 'open' | 'resolved';
  readonly archives: '' | 'none' | 'some';
  readonly age: '' | Age;
}

const oneOf = <Value extends string>(values: readonly Value[], text: string | null): Value | '' =>
  values.find((value) => value === text) ?? '';

export const filterIn = (query: URLSearchParams): TicketFilter => ({
  q: query.get('q') ?? '',
  platform: query.get('platform') ?? '',
  state: oneOf(['open', 'resolved'], query.get('state')),
  archives: oneOf(['none', 'some'], query.get('archives')),
  age: oneOf(ages, query.get('age')),
});

/** As the address has it where nothing is filtered. */
export const noFilter = { q: '', platform: '', state: '', archives: '', age: '' } as const;

export const isFiltering = (filter: TicketFilter): boolean =>
  Object.values(filter).some((value) => value !== '');

const daysBefore = (now: Date, days: number): string => {
  const then = new Date(now);
  then.setDate(then.getDate() - days);
  return then.toISOString();
};

/** Days are the reader's, where the clock says so. */
const startOfDay = (now: Date): string =>
  new Date(now.getFullYear(), now.getMonth(), now.getDate()).toISOString();

const rangeOf = (
  age: TicketFilter['age'],
  now: Date,
): { createdAfter?: string; createdBefore?: string } => {
  switch (age) {
    case '':
      return {};
    case 'today':
      return { createdAfter: startOfDay(now) };
    case 'week':
      return { createdAfter: daysBefore(now, 7) };
    case 'month':
      return { createdAfter: daysBefore(now, 30) };
    case 'older':
      return { createdBefore: daysBefore(now, 30) };
  }
};

export interface TicketsQuery {
  q?: string;
  platform?: string;
  state?: 'open' | 'resolved';
  archives?: 'none' | 'some';
  createdAfter?: string;
  createdBefore?: string;
}

/** As the API takes it: what is empty is not sent. */
export const queryOf = (
  { q, platform, state, archives, age }: TicketFilter,
  now: Date,
): TicketsQuery => ({
  ...(q && { q }),
  ...(platform && { platform }),
  ...(state && { state }),
  ...(archives && { archives }),
  ...rangeOf(age, now),
});
