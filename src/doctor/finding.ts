/** `skip`: it could not be looked at, and nothing is known against it. */
export type Level = 'ok' | 'warn' | 'fail' | 'skip';

/** What one check saw. Neither sentence ever holds a secret. */
export interface Finding {
  /** Stable, kebab-case: what a machine looks for. */
  readonly check: string;
  readonly level: Level;
  readonly saw: string;
  /** What to change; nothing where nothing is wrong. */
  readonly change?: string;
}

export const ok = (check: string, saw: string): Finding => ({ check, level: 'ok', saw });
export const skip = (check: string, saw: string): Finding => ({ check, level: 'skip', saw });
export const warn = (check: string, saw: string, change: string): Finding => ({
  check,
  level: 'warn',
  saw,
  change,
});
export const fail = (check: string, saw: string, change: string): Finding => ({
  check,
  level: 'fail',
  saw,
  change,
});

/** What to change at a proxy. @param line for nginx */
export const atProxy = (line: string): string =>
  `in nginx, ${line} For other proxies see "Behind a proxy" in docs/operations.md.`;

/** What a proxy or a customer's header says is shown on one line, as text and not too long. */
export const quoted = (text: string): string =>
  JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

/** `warn  clock: saw. To change: …` */
export const lineOf = ({ check, level, saw, change }: Finding): string =>
  `${level.padEnd(4)}  ${check}: ${saw}${change === undefined ? '' : ` To change: ${change}`}`;
