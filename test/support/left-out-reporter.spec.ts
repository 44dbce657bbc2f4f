interface StoryResult {
  readonly status: 'passed' | 'failed' | 'pending' | 'todo';
  readonly ancestorTitles: readonly string[];
  readonly title: string;
  readonly fullName: string;
}
interface FileResult {
  readonly testFilePath: string;
  readonly testResults: readonly StoryResult[];
}

const { leftOut } = jest.requireActual<{
  leftOut: (
    results: readonly FileResult[],
    rootDir: string,
    told?: (fullName: string) => boolean,
  ) => string[];
}>('./left-out-reporter.cjs');

const file = (path: string, ...stories: StoryResult[]): FileResult => ({
  testFilePath: `/checkout/test/${path}.test.ts`,
  testResults: stories,
});

const story = (status: StoryResult['status'], ...titles: string[]): StoryResult => ({
  status,
  ancestorTitles: titles.slice(0, -1),
  title: titles.at(-1) ?? '',
  fullName: titles.join(' '),
});

const noNginx = 'needs nginx, which is not installed (apt-get install nginx-light)';
const noMount = 'needs to mount a volume';

describe('what a run left out', () => {
  it('is nothing where all stories were told', () => {
    const results = [file('a', story('passed', 'a story'), story('failed', 'group', 'another'))];
    expect(leftOut(results, '/checkout')).toEqual([]);
  });

  it('is one line for each reason, with the files and the number of stories', () => {
    const nginx = `behind nginx (left out: ${noNginx})`;
    const results = [
      file('docs/proxies', story('pending', nginx, 'serves'), story('passed', 'behind Caddy')),
      file('docs/doctor', story('pending', nginx, 'in a group', 'a'), story('pending', nginx, 'b')),
      file('tools/full-disk', story('pending', `a full disk (left out: ${noMount})`)),
    ];
    expect(leftOut(results, '/checkout')).toEqual([
      `left out: 3 stories of test/docs/doctor, test/docs/proxies: ${noNginx}`,
      `left out: 1 story of test/tools/full-disk: ${noMount}`,
    ]);
  });

  it('names a file once that runs on both databases', () => {
    const backup = file('backup', story('pending', `a backup (left out: ${noMount})`));
    expect(leftOut([backup, backup], '/checkout')).toEqual([
      `left out: 2 stories of test/backup: ${noMount}`,
    ]);
  });

  it('does not hold what a filter by name left out', () => {
    const results = [
      file('a', story('pending', 'a story'), story('pending', `another (left out: ${noMount})`)),
    ];
    expect(leftOut(results, '/checkout', (name) => name.includes('a story'))).toEqual([]);
  });
});
