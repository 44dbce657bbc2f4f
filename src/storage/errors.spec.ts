import { readFile } from 'node:fs/promises';
import { isMediaError, storageProblem } from './errors.js';

const systemError = (code: string): Error =>
  Object.assign(new Error(code), { code, syscall: 'write' });

describe('a failure of the file system', () => {
  it.each([
    ['ENOSPC', 'storage-full'],
    ['EDQUOT', 'storage-full'],
    ['EIO', 'storage-unavailable'],
    ['EROFS', 'storage-unavailable'],
    ['ESTALE', 'storage-unavailable'],
    // EUCLEAN, as Node names what it does not know.
    ['Unknown system error -117', 'storage-unavailable'],
  ])('%s is %s', (code, problem) => {
    expect(storageProblem(systemError(code))?.code).toBe(problem);
  });

  it('is recognised as Node throws it', async () => {
    const cause = await readFile('/nonexistent/file').catch((error: unknown) => error);
    expect(storageProblem(cause)?.code).toBe('storage-unavailable');
  });

  it('is not what a fault of ours or a broken connection looks like', () => {
    expect(storageProblem(new TypeError('undefined is not a function'))).toBeNull();
    expect(storageProblem(systemError('ECONNRESET'))).toBeNull();
    expect(storageProblem(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBeNull();
    expect(storageProblem('ENOSPC')).toBeNull();
  });

  it('tells of lost data only where the data themselves are lost', () => {
    for (const code of ['EIO', 'Unknown system error -74'])
      expect(isMediaError(systemError(code))).toBe(true);
    for (const code of ['EACCES', 'EMFILE', 'ESTALE', 'ENOENT'])
      expect(isMediaError(systemError(code))).toBe(false);
  });
});
