import type { BrowserContext, Page } from '@playwright/test';
import type { Person } from '../../support/given.js';
import type { Desk } from './story.js';

/** Passkeys are for names and never for addresses: the same desk by its name. */
export const named = <Named extends Pick<Desk, 'url'>>(desk: Named): Named => ({
  ...desk,
  url: desk.url.replace('127.0.0.1', 'localhost'),
});

/** Chromium's own authenticator, as a device with a fingerprint reader would be: it says yes to everything. */
export interface Device {
  /** What its owner does when it asks: without, nobody touches it. */
  touch(isTouched: boolean): Promise<void>;
  /** As if the owner had lost it. */
  forget(): Promise<void>;
}

export const virtualAuthenticator = async (page: Page): Promise<Device> => {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    touch: async (isTouched) => {
      await devtools.send('WebAuthn.setUserVerified', {
        authenticatorId,
        isUserVerified: isTouched,
      });
    },
    forget: async () => {
      await devtools.send('WebAuthn.clearCredentials', { authenticatorId });
    },
  };
};

/** Signs a browser in by a person's session, on the desk's name. */
export const signInByName = async (
  context: BrowserContext,
  { url }: Pick<Desk, 'url'>,
  { api }: Person,
): Promise<void> => {
  const scope = { domain: '127.0.0.1', path: '/', secure: true, script: false };
  const cookie = api.jar.getCookie('lc_session', scope);
  if (cookie === undefined) throw new Error('this person has no session');
  await context.addCookies([{ name: 'lc_session', value: cookie.value, url }]);
};
