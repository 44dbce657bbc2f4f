import { answered, api } from '../../api/client.js';
import type { FoundTicket } from '../../api/schema.js';
import { PagedList } from '../../lib/paging/paged-list.svelte.js';
import { queryOf } from './ticket-filter.js';
import type { TicketFilter, TicketsQuery } from './ticket-filter.js';

/** The tickets that fit a filter. */
export class TicketList {
  /** Of the first page and of all that follow: "the last 7 days" do not begin anew between them. */
  #query: TicketsQuery = {};

  readonly rows = new PagedList<FoundTicket>((cursor, signal) =>
    answered(
      api.GET('/api/v1/tickets', {
        params: { query: { ...this.#query, limit: 50, ...(cursor && { cursor }) } },
        signal,
      }),
    ),
  );

  narrow(filter: TicketFilter): void {
    this.#query = queryOf(filter, new Date());
    void this.rows.refresh();
  }
}

/** The list as it was left, for whoever comes back to it from a ticket. */
interface Left {
  readonly here: string;
  readonly tickets: TicketList;
  /** How far it was scrolled. */
  readonly top: number;
  /** Where the row that was opened leads. */
  readonly opened: string | null;
}

let left: Left | null = null;

export const leave = (list: Left): void => {
  left = list;
};

export const leftAt = (here: string): Left | null => (left?.here === here ? left : null);
