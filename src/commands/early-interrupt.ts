/**
 * Loading the program takes a moment, in which Ctrl-C would end it without a word. Of the commands that say how far they
 * came it is kept until they listen for it. cli.ts imports this before all that takes long to load.
 */
const commands = ['backup', 'restore', 'copy-database'];
const signals = ['SIGINT', 'SIGTERM'] as const;
const kept = (): void => undefined;

if (commands.includes(process.argv[2] ?? ''))
  for (const signal of signals) process.on(signal, kept);

/** To be called by who listens now: with nobody listening in between, the signal would be lost. */
export const letInterruptsThrough = (): void => {
  for (const signal of signals) process.off(signal, kept);
};
