/** What a form says of a new token; empty: as the platform or the service has it. */
export interface LimitFields {
  attempts: number | null;
  /** Seconds as text: it is the value of a choice. */
  lifetime: string;
}

export const unlimited = (): LimitFields => ({ attempts: null, lifetime: '' });

export const limitsOf = ({
  attempts,
  lifetime,
}: LimitFields): { attempts?: number; lifetime?: number } => ({
  ...(attempts !== null && { attempts }),
  ...(lifetime !== '' && { lifetime: Number(lifetime) }),
});

const day = 86_400;

/** Lifetimes to choose from, in seconds. */
export const lifetimes = [
  3_600,
  day,
  3 * day,
  7 * day,
  14 * day,
  30 * day,
  90 * day,
  365 * day,
] as const;
