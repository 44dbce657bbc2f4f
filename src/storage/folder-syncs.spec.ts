import { FolderSyncs } from './folder-syncs.js';

/** Syncs that end when they are told to. */
const heldSyncs = () => {
  const begun: { folder: string; end: (cause?: Error) => void }[] = [];
  const syncs = new FolderSyncs(
    (folder) =>
      new Promise((resolve, reject) => {
        begun.push({ folder, end: (cause) => (cause ? reject(cause) : resolve()) });
      }),
  );
  return { syncs, begun };
};

describe('syncs of folders', () => {
  it('are shared by all who ask while one runs, and never with one that began before', async () => {
    const { syncs, begun } = heldSyncs();
    const first = syncs.sync('a');
    const later = [syncs.sync('a'), syncs.sync('a'), syncs.sync('a')];
    const ended: string[] = [];
    void first.then(() => ended.push('first'));
    for (const one of later) void one.then(() => ended.push('later'));
    expect(begun).toHaveLength(1);
    begun[0]?.end();
    await first;
    await new Promise((next) => setImmediate(next));
    expect(begun).toHaveLength(2);
    expect(ended).toEqual(['first']);
    begun[1]?.end();
    await Promise.all(later);
    expect(begun).toHaveLength(2);
  });

  it('do not wait for those of other folders', async () => {
    const { syncs, begun } = heldSyncs();
    const [one, other] = [syncs.sync('a'), syncs.sync('b')];
    expect(begun.map(({ folder }) => folder)).toEqual(['a', 'b']);
    begun[1]?.end();
    await other;
    begun[0]?.end();
    await one;
  });

  it('fail for everybody who waited, and are tried again for whoever asks after that', async () => {
    const { syncs, begun } = heldSyncs();
    const waiting = [syncs.sync('a'), syncs.sync('a')];
    begun[0]?.end(new Error('EIO'));
    for (const one of waiting) await expect(one).rejects.toThrow('EIO');
    expect(begun).toHaveLength(1);
    const again = syncs.sync('a');
    begun[1]?.end();
    await expect(again).resolves.toBeUndefined();
  });
});
