/** What the list of tickets is narrowed to. It stands in the address, so that it can be kept and sent. */
export interface TicketFilter {
  readonly q: string;
  readonly platform: string;
  readonly state: '' | 'open' | 'resolved';
}

export const filterIn = (query: URLSearchParams): TicketFilter => {
  const state = query.get('state');
  return {
    q: query.get('q') ?? '',
    platform: query.get('platform') ?? '',
    state: state === 'open' || state === 'resolved' ? state : '',
  };
};

export const isFiltering = ({ q, platform, state }: TicketFilter): boolean =>
  q !== '' || platform !== '' || state !== '';

/** As the API takes it: what is empty is not sent. */
export const queryOf = ({
  q,
  platform,
  state,
}: TicketFilter): { q?: string; platform?: string; state?: 'open' | 'resolved' } => ({
  ...(q && { q }),
  ...(platform && { platform }),
  ...(state && { state }),
});
