import { generateSecret, generateURI, verifySync } from 'otplib';

/** RFC 6238, section 5.2: 30 seconds. */
const stepSeconds = 30;

/** 160 random bits in base32. */
export const newTotpSecret = (): string => generateSecret();

/** What the QR code says: `otpauth://totp/…`, which authenticator apps read. */
export const otpauthUrl = (secret: string, username: string): string =>
  generateURI({ issuer: 'Logs Collector', label: username, secret });

/** As people type it: apps show a code in two groups. */
const totpCode = (typed: string): string => typed.replace(/\s/g, '');

/** Whether it has the form of a code; the library throws at any other length. */
export const isTotpCode = (typed: string): boolean => /^\d{6}$/.test(totpCode(typed));

/**
 * The time step whose code this is; null where it is none that counts now. The current step and the one before it
 * count, for the delay of typing and sending; none to come (RFC 6238, section 5.2).
 */
export const stepOfCode = (secret: string, typed: string, now: Date): number | null => {
  if (!isTotpCode(typed)) return null;
  const result = verifySync({
    secret,
    token: totpCode(typed),
    epoch: Math.floor(now.getTime() / 1000),
    epochTolerance: [stepSeconds, 0],
  });
  return result.valid && 'timeStep' in result ? result.timeStep : null;
};
