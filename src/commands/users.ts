import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { UsersService } from '../auth/users/users.service.js';
import { ValidationFailed } from '../errors/errors.js';
import { operator, print, withService } from './command.js';

/** A password never stands in the arguments, where every process of the machine could read it. */
const readPassword = async (): Promise<string> => {
  const isTerminal = process.stdin.isTTY;
  if (isTerminal) process.stderr.write('Password: ');
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: isTerminal });
  for await (const line of lines) {
    lines.close();
    if (isTerminal) process.stderr.write('\n');
    return line;
  }
  throw new Error('Give the password on standard input, for example from a password manager.');
};

/** A refused field says what is wrong in its message; the problem's own sentence speaks of requests. */
const withUsers = <Result>(
  work: (users: UsersService) => Promise<Result>,
  mayBeFirst = false,
): Promise<Result> =>
  withService(
    (service) =>
      work(service.get(UsersService)).catch((cause: unknown) => {
        if (!(cause instanceof ValidationFailed) || cause.fields.length === 0) throw cause;
        throw new Error(cause.fields.map(({ message }) => message).join('\n'), { cause });
      }),
    mayBeFirst,
  );

const idOf = async (users: UsersService, username: string): Promise<string> => {
  const user = await users.findByUsername(username);
  if (!user) throw new Error(`There is no user "${username}"; see: logs-collector user list`);
  return user.id;
};

export const createUser = async (username: string, { role }: { role: string }): Promise<void> => {
  if (role !== 'engineer' && role !== 'admin')
    throw new Error(`--role holds "${role}"; it may hold engineer or admin`);
  const password = await readPassword();
  await withUsers((users) => users.create({ username, password, role }, operator), true);
  print(`${username} can sign in, and enrols a second factor then.`);
};

export const listUsers = async (): Promise<void> => {
  await withUsers(async (users) => {
    let cursor: string | null = null;
    do {
      const { items, nextCursor } = await users.list({ limit: 200, ...(cursor ? { cursor } : {}) });
      for (const { username, role, disabled, secondFactor } of items)
        print(
          [username, role, disabled ? 'disabled' : 'enabled', secondFactor ? '2fa' : 'no-2fa'].join(
            '\t',
          ),
        );
      cursor = nextCursor;
    } while (cursor);
  });
};

export const resetSecondFactor = async (username: string): Promise<void> => {
  await withUsers(async (users) => users.resetSecondFactor(await idOf(users, username), operator));
  print(`${username} enrols a new second factor at the next sign-in.`);
};

export const setPassword = async (username: string): Promise<void> => {
  const password = await readPassword();
  await withUsers(async (users) =>
    users.setPassword(await idOf(users, username), password, operator),
  );
  print(`${username} has a new password; all sessions have ended.`);
};
