/** What a User-Agent names, for people: it is a guess, and nothing hangs on it. */
export interface BrowserName {
  readonly name: string | null;
  readonly system: string | null;
  readonly isHandheld: boolean;
}

/** In this order: Edge and Opera call themselves Chrome too, and everything calls itself Safari. */
const browsers = [
  [/\bEdgA?\/(\d+)/, 'Edge'],
  [/\bOPR\/(\d+)/, 'Opera'],
  [/\bYaBrowser\/(\d+)/, 'Yandex'],
  [/\bFirefox\/(\d+)/, 'Firefox'],
  [/\bFxiOS\/(\d+)/, 'Firefox'],
  [/\b(?:Headless)?Chrome\/(\d+)/, 'Chrome'],
  [/\bCriOS\/(\d+)/, 'Chrome'],
  [/\bVersion\/(\d+).*Safari\//, 'Safari'],
  [/^curl\/(\d+)/, 'curl'],
] as const;

const systems = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
] as const;

export const browserIn = (agent: string): BrowserName => {
  const found = browsers.find(([pattern]) => pattern.test(agent));
  const system = systems.find(([pattern]) => pattern.test(agent))?.[1] ?? null;
  const version = found?.[0].exec(agent)?.[1] ?? '';
  return {
    name: found ? `${found[1]} ${version}` : null,
    system,
    isHandheld: system === 'iPhone' || system === 'iPad' || system === 'Android',
  };
};
