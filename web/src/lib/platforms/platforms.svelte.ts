import { answered, api } from '../../api/client.js';
import type { PlatformView } from '../../api/schema.js';
import { Loaded } from '../state/loaded.svelte.js';

/** All platforms, for a choice among them: products of one vendor, dozens rather than thousands. */
export const allPlatforms = (): Loaded<readonly PlatformView[]> =>
  new Loaded(async (signal) => {
    const all: PlatformView[] = [];
    let cursor: string | null = null;
    do {
      const query: { limit: number; cursor?: string } = { limit: 200, ...(cursor && { cursor }) };
      const page: { readonly items: readonly PlatformView[]; readonly nextCursor: string | null } =
        await answered(api.GET('/api/v1/platforms', { params: { query }, signal }));
      all.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return all.sort((one, other) => one.title.localeCompare(other.title));
  });
