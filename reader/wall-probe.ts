import { readdirSync } from 'node:fs';
import { connect } from 'node:net';

// Tries the walls of the sandbox that it runs in and prints, for each, the code of the error that it met, or null.

const allocatedBytes = 1024 ** 3;

const codeOf = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause ? String(cause.code) : 'refused';

const met = (attempt: () => unknown): string | null => {
  try {
    attempt();
    return null;
  } catch (cause) {
    return codeOf(cause);
  }
};

/** Nothing listens at port 1; a kernel that looks refuses with another code than one that may not look. */
const metByConnecting = (): Promise<string | null> =>
  new Promise((resolve) => {
    try {
      const socket = connect(1, '127.0.0.1');
      socket.once('connect', () => resolve(null)).once('error', (cause) => resolve(codeOf(cause)));
    } catch (cause) {
      resolve(codeOf(cause));
    }
  });

void metByConnecting().then((network) => {
  process.stdout.write(
    JSON.stringify({
      files: met(() => readdirSync('/')),
      memory: met(() => Buffer.allocUnsafeSlow(allocatedBytes)),
      network,
    }),
  );
});
