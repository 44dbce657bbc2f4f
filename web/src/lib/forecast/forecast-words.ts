import type { ForecastView } from '../../api/schema.js';
import { bytes, number } from '../format/format.js';
import { m } from '../../paraglide/messages.js';

/** How long the room lasts, in one sentence. */
export const forecastInWords = ({ outlook, daysLeft, basedOnDays }: ForecastView): string => {
  const days = number(basedOnDays ?? 0);
  switch (outlook) {
    case 'unknown':
      return m.forecast_unknown();
    case 'unbounded':
      return m.forecast_unbounded();
    case 'full':
      return m.forecast_full();
    case 'steady':
      return m.forecast_steady({ days });
    case 'filling':
      return daysLeft === 0
        ? m.forecast_today({ days })
        : m.forecast_filling({ count: daysLeft ?? 0, days });
  }
};

/** `1.2 GB a day`; null where nothing comes, or nothing is known. */
export const paceInWords = ({ bytesPerDay }: ForecastView): string | null =>
  bytesPerDay ? m.forecast_pace({ bytes: bytes(bytesPerDay) }) : null;

/** From here on somebody should see to it; the service says so too. */
export const isShort = ({ outlook, daysLeft }: ForecastView): boolean =>
  outlook === 'full' || (outlook === 'filling' && (daysLeft ?? 0) < 7);
