/** How long an answer is waited for, in milliseconds: the browser's dialog and the server's row alike. */
export const challengeLifetimeMs = 5 * 60_000;

/** Passkeys of one account; enough for every device of a person, and few enough to be named in a request. */
export const mostPasskeys = 20;

/**
 * EdDSA, ES256 and RS256 by their COSE numbers, the favourite first. Named here, since what the library would offer
 * depends on the version of Node, and a passkey must outlive a move to another.
 */
export const algorithms: number[] = [-8, -7, -257];

/** COSE keys of these algorithms are far below: RSA with 4096 bits has 540 bytes. */
export const longestPublicKeyBytes = 1_100;

/**
 * WebAuthn, section 6.1.1: a counter that does not grow is that of a copy, or of a replayed answer. Zero both times
 * says that the authenticator does not count.
 */
export const isCounterAhead = (stored: number, presented: number): boolean =>
  presented > stored || (stored === 0 && presented === 0);

/**
 * The same attestation object without its statement, as if the authenticator had given none: we ask for none, and
 * what a stranger sends in its place (certificates, addresses of revocation lists) is not worth looking at, let
 * alone to follow.
 * @throws Error where it cannot be read
 */
export const withoutStatement = async (attestationObject: string): Promise<string> => {
  // Loaded when a passkey is used: it and what it needs take megabytes that many processes never touch.
  const { decodeAttestationObject, isoBase64URL, isoCBOR } =
    await import('@simplewebauthn/server/helpers');
  const authData = decodeAttestationObject(isoBase64URL.toBuffer(attestationObject)).get(
    'authData',
  );
  return isoBase64URL.fromBuffer(
    isoCBOR.encode(
      new Map<string, string | Uint8Array | Map<string, string>>([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', authData],
      ]),
    ),
  );
};

/** The part of a browser's client data that is looked at before the library judges it all. */
export interface ClientData {
  readonly challenge: string;
  readonly origin: string;
}

/** Null where it is no client data. */
export const clientDataOf = (clientDataJSON: string): ClientData | null => {
  try {
    const { challenge, origin } = (JSON.parse(
      Buffer.from(clientDataJSON, 'base64url').toString(),
    ) ?? {}) as Partial<Record<keyof ClientData, unknown>>;
    return typeof challenge === 'string' && typeof origin === 'string'
      ? { challenge, origin }
      : null;
  } catch {
    return null;
  }
};
