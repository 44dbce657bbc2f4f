import { Failure } from '../../api/problem.js';
import type {
  AuthenticationResponse,
  PasskeyCreationOptions,
  PasskeyRequestOptions,
  RegistrationResponse,
} from '../../api/schema.js';

/**
 * Whether this browser can use a passkey on this page: it knows WebAuthn, the page is secure, and its host has a
 * name, since a passkey is for a name and never for an address.
 */
export const canUsePasskeys = (): boolean =>
  isSecureContext &&
  'PublicKeyCredential' in window &&
  !/^(\[.*\]|\d+(\.\d+){3})$/.test(location.hostname);

/** Loaded by the first who uses a passkey: the first page stays small. */
const library = async () => {
  try {
    return await import('@simplewebauthn/browser');
  } catch {
    throw new Failure('offline', '');
  }
};

/** What the browser makes of a dialog that ended without a passkey (WebAuthn, sections 5.1.3 and 5.1.4). */
const failureOf = (cause: unknown): Failure => {
  const name = cause instanceof Error ? cause.name : '';
  if (name === 'NotAllowedError' || name === 'AbortError')
    return new Failure('passkey-cancelled', '');
  return new Failure(name === 'InvalidStateError' ? 'passkey-known' : 'passkey-unusable', '');
};

/** Has the browser make a passkey. @throws Failure */
export const madePasskey = async (
  optionsJSON: PasskeyCreationOptions,
): Promise<RegistrationResponse> => {
  const { startRegistration } = await library();
  try {
    const made = await startRegistration({ optionsJSON });
    return { ...made, clientExtensionResults: { ...made.clientExtensionResults } };
  } catch (cause) {
    throw failureOf(cause);
  }
};

/** Has the browser ask for a passkey. @throws Failure */
export const askedPasskey = async (
  optionsJSON: PasskeyRequestOptions,
): Promise<AuthenticationResponse> => {
  const { startAuthentication } = await library();
  try {
    const answer = await startAuthentication({ optionsJSON });
    return { ...answer, clientExtensionResults: { ...answer.clientExtensionResults } };
  } catch (cause) {
    throw failureOf(cause);
  }
};
