import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isoCBOR } from '@simplewebauthn/server/helpers';

const base64url = (bytes: Buffer | string): string => Buffer.from(bytes).toString('base64url');
const sha256 = (bytes: Buffer | string): Buffer => createHash('sha256').update(bytes).digest();

/** Bits of the authenticator data (WebAuthn, section 6.1). */
const flagsOf = (wishes: Wishes, isMaking: boolean): number =>
  (wishes.isPresent === false ? 0 : 0x01) |
  (wishes.isVerified === false ? 0 : 0x04) |
  (wishes.isSynced === true ? 0x18 : 0) |
  (isMaking ? 0x40 : 0);

/** What an honest browser and authenticator would not do, or do otherwise. */
export interface Wishes {
  /** The page's; by default that of the service. */
  readonly origin?: string;
  /** Where the credential is for; by default what the options say. */
  readonly rpId?: string;
  readonly type?: string;
  readonly challenge?: string;
  /** Instead of a random one, when it is made. */
  readonly credentialId?: string;
  /** Instead of the next one. */
  readonly counter?: number;
  readonly isPresent?: boolean;
  readonly isVerified?: boolean;
  readonly isSynced?: boolean;
  readonly userHandle?: string | null;
  /** Instead of none. */
  readonly statement?: ReadonlyMap<string, unknown>;
}

interface CreationOptions {
  readonly challenge: string;
  readonly rp: { readonly id: string };
  readonly user: { readonly id: string };
  readonly excludeCredentials: readonly { readonly id: string }[];
}

interface RequestOptions {
  readonly challenge: string;
  readonly rpId: string;
  readonly allowCredentials?: readonly { readonly id: string }[];
}

/** A credential, and the private key that no real authenticator would give away. */
interface Kept {
  readonly id: string;
  readonly rpId: string;
  readonly userHandle: string;
  readonly key: KeyObject;
}

/** A security key in software, and the browser before it: it signs with ES256, so that the real verification runs. */
export class Authenticator {
  private readonly kept: Kept[] = [];
  private counter = 0;

  /**
   * @param origin of the page that the browser shows
   * @param counts whether it keeps a signature counter; synced passkeys do not
   */
  constructor(
    private readonly origin: string,
    private readonly counts = true,
  ) {}

  /** As navigator.credentials.create. @throws Error where it holds one of the excluded */
  create(options: CreationOptions, wishes: Wishes = {}) {
    if (options.excludeCredentials.some(({ id }) => this.kept.some((one) => one.id === id)))
      throw new Error('InvalidStateError');
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
    const idBytes = Buffer.from(wishes.credentialId ?? base64url(randomBytes(32)), 'base64url');
    const id = base64url(idBytes);
    const rpId = wishes.rpId ?? options.rp.id;
    this.kept.push({ id, rpId, userHandle: options.user.id, key: privateKey });
    // RFC 9053: kty EC2, alg ES256, crv P-256.
    const cose = isoCBOR.encode(
      new Map<number, number | Uint8Array>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, new Uint8Array(Buffer.from(x, 'base64url'))],
        [-3, new Uint8Array(Buffer.from(y, 'base64url'))],
      ]),
    );
    const length = Buffer.alloc(2);
    length.writeUInt16BE(idBytes.length);
    const authData = Buffer.concat([
      this.data(rpId, wishes, true),
      Buffer.alloc(16),
      length,
      idBytes,
      cose,
    ]);
    const attestation = isoCBOR.encode(
      new Map<string, never>([
        ['fmt', (wishes.statement ? 'packed' : 'none') as never],
        ['attStmt', (wishes.statement ?? new Map()) as never],
        ['authData', new Uint8Array(authData) as never],
      ]),
    );
    return {
      id,
      rawId: id,
      type: 'public-key',
      authenticatorAttachment: 'cross-platform',
      clientExtensionResults: {},
      response: {
        clientDataJSON: this.clientData(options.challenge, 'webauthn.create', wishes),
        attestationObject: base64url(Buffer.from(attestation)),
        transports: ['usb'],
      },
    };
  }

  /** As navigator.credentials.get. @throws Error where it holds none that fits */
  get(options: RequestOptions, wishes: Wishes = {}) {
    const allowed = options.allowCredentials;
    const found = this.kept.findLast(
      ({ id, rpId }) =>
        rpId === options.rpId && (allowed === undefined || allowed.some((one) => one.id === id)),
    );
    if (!found) throw new Error('NotAllowedError');
    const rpId = wishes.rpId ?? options.rpId;
    const authData = this.data(rpId, wishes, false);
    const clientDataJSON = this.clientData(options.challenge, 'webauthn.get', wishes);
    const signed = Buffer.concat([authData, sha256(Buffer.from(clientDataJSON, 'base64url'))]);
    const handle = wishes.userHandle === undefined ? found.userHandle : wishes.userHandle;
    return {
      id: found.id,
      rawId: found.id,
      type: 'public-key',
      clientExtensionResults: {},
      response: {
        clientDataJSON,
        authenticatorData: base64url(authData),
        signature: base64url(sign('sha256', signed, found.key)),
        ...(handle === null ? {} : { userHandle: handle }),
      },
    };
  }

  private data(rpId: string, wishes: Wishes, isMaking: boolean): Buffer {
    if (this.counts) this.counter += 1;
    const rest = Buffer.alloc(5);
    rest.writeUInt8(flagsOf(wishes, isMaking), 0);
    rest.writeUInt32BE(wishes.counter ?? this.counter, 1);
    return Buffer.concat([sha256(rpId), rest]);
  }

  private clientData(challenge: string, type: string, wishes: Wishes): string {
    return base64url(
      JSON.stringify({
        type: wishes.type ?? type,
        challenge: wishes.challenge ?? challenge,
        origin: wishes.origin ?? this.origin,
        crossOrigin: false,
      }),
    );
  }
}
