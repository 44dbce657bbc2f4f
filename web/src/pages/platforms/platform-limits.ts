import type { PlatformView } from '../../api/schema.js';
import { quantityOf, sizeUnits, timeUnits, valueOf } from './quantity.js';
import type { Quantity } from './quantity.js';

type Limits = Omit<PlatformView, 'name' | 'title'>;

/** The limits as the form holds them. */
export interface LimitFields {
  maxUpload: Quantity;
  quota: Quantity;
  lifetime: Quantity;
  attempts: number | null;
  retentionDays: number | null;
}

export const fieldsOf = (platform: Limits | null): LimitFields => ({
  maxUpload: quantityOf(platform?.maxUploadBytes ?? null, sizeUnits, 1e9),
  quota: quantityOf(platform?.quotaBytes ?? null, sizeUnits, 1e9),
  lifetime: quantityOf(platform?.tokenLifetime ?? null, timeUnits, 86_400),
  attempts: platform?.tokenAttempts ?? null,
  retentionDays: platform?.retentionDays ?? null,
});

/** As the API takes them: null is a limit that is not set. */
export const limitsOf = (fields: LimitFields): Limits => ({
  maxUploadBytes: valueOf(fields.maxUpload),
  quotaBytes: valueOf(fields.quota),
  tokenLifetime: valueOf(fields.lifetime),
  tokenAttempts: fields.attempts,
  retentionDays: fields.retentionDays,
});
