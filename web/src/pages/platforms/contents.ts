import type { TicketPage } from '../../api/schema.js';
import { bytes } from '../../lib/format/format.js';
import { m } from '../../paraglide/messages.js';

const namedTickets = 3;

/** What goes with a platform, one line each. @param page the first of its tickets; with more of them no sum is told */
export const contentsOf = ({ items, nextCursor }: TicketPage): string[] => {
  const isAll = nextCursor === null;
  const tickets = isAll
    ? m.platform_cascade_tickets({ count: items.length })
    : m.platform_cascade_more({ count: items.length });
  const numbers = items.slice(0, namedTickets).map(({ number }) => number);
  const archives = items.reduce((sum, ticket) => sum + ticket.archives.count, 0);
  const size = items.reduce((sum, ticket) => sum + ticket.archives.bytes, 0);
  return [
    items.length > namedTickets
      ? m.platform_cascade_such({ what: tickets, numbers: numbers.join(', ') })
      : `${tickets}: ${numbers.join(', ')}`,
    ...(isAll && archives === 0
      ? []
      : [
          isAll
            ? `${m.archives_count({ count: archives })}, ${bytes(size)}`
            : m.platform_cascade_archives_all(),
        ]),
    m.platform_cascade_tokens(),
  ];
};
