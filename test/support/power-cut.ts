import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { SystemCall } from './system-calls.js';

interface File {
  readonly kind: 'file';
  /** As processes see it. */
  bytes: Buffer;
  /** As the last sync left it on the disk. */
  synced: Buffer;
}

interface Folder {
  readonly kind: 'folder';
  names: Map<string, Node>;
  /** Those that the last sync of the folder left on the disk. */
  synced: Map<string, Node>;
}

type Node = File | Folder;

const newFolder = (): Folder => ({ kind: 'folder', names: new Map(), synced: new Map() });
const newFile = (): File => ({ kind: 'file', bytes: Buffer.of(), synced: Buffer.of() });

const number = (text: string | undefined): number => Number(text?.trim());

/**
 * A disk below one folder that keeps nothing but what was synced: bytes by a sync of their file, names by a sync of
 * their folder, and both only from the moment on at which the sync has ended. File systems keep more, one this and
 * another that; who relies on nothing else is right on all of them.
 *
 * It replays what the real program asked of the system, so that the store and SQLite are the program's own, down to the
 * last byte, and nothing has to be believed of a double but these few calls.
 */
export class ForgetfulDisk {
  private readonly root = newFolder();
  /** What a sync under way will have made durable; keyed by the call. */
  private readonly syncs = new Map<SystemCall, () => void>();
  /** Where `write` without a position goes on. */
  private readonly positions = new Map<string, number>();

  /** @param folder existed, durably, before the first call */
  constructor(private readonly folder: string) {}

  /** To be told of each call when it begins: a sync is of what was there then. */
  begin(call: SystemCall): void {
    if (call.name !== 'fsync' && call.name !== 'fdatasync') return;
    const node = this.at(call.paths[0] ?? '');
    if (node?.kind === 'file') {
      const bytes = Buffer.from(node.bytes);
      this.syncs.set(call, () => (node.synced = bytes));
    } else if (node) {
      const names = new Map(node.names);
      this.syncs.set(call, () => (node.synced = names));
    }
  }

  /** To be told of each call when it has ended. @throws Error for one that this disk does not know */
  end(call: SystemCall): void {
    const [path = '', to = ''] = call.paths;
    if (!this.holds(path) && !this.holds(to)) return;
    switch (call.name.replace(/^(open|rename|link|unlink|mkdir)at2?$/, '$1')) {
      case 'open':
      case 'creat':
        return this.opened(path, call);
      case 'write':
      case 'writev':
      case 'pwrite64':
      case 'pwritev':
      case 'pwritev2':
        return this.written(path, call);
      case 'ftruncate':
      case 'truncate':
        return this.truncated(path, number(call.args.split(',').at(-1)));
      case 'fsync':
      case 'fdatasync':
        this.syncs.get(call)?.();
        this.syncs.delete(call);
        return;
      case 'mkdir':
        return this.put(path, newFolder());
      case 'rename':
        this.put(to, this.take(path));
        return;
      case 'link':
        return this.put(to, this.known(path));
      case 'unlink':
      case 'rmdir':
        this.take(path);
        return;
      default:
        throw new Error(`a call that the disk does not know: ${call.name}(${call.args})`);
    }
  }

  /** What the disk holds of a file once the power has gone; null where it holds no such name. */
  durable(path: string): Buffer | null {
    let node: Node | undefined = this.root;
    for (const name of this.namesOf(path))
      node = node?.kind === 'folder' ? node.synced.get(name) : undefined;
    return node?.kind === 'file' ? node.synced : null;
  }

  /** Writes what the disk holds once the power has gone into a folder, for the program to start on. */
  writeTo(folder: string, from: Folder = this.root): void {
    for (const [name, node] of from.synced) {
      const path = join(folder, name);
      if (node.kind === 'file') writeFileSync(path, node.synced, { mode: 0o600 });
      else {
        mkdirSync(path, { mode: 0o700 });
        this.writeTo(path, node);
      }
    }
  }

  private holds(path: string): boolean {
    return path === this.folder || path.startsWith(`${this.folder}/`);
  }

  private namesOf(path: string): string[] {
    return path
      .slice(this.folder.length)
      .split('/')
      .filter((name) => name !== '');
  }

  private at(path: string): Node | undefined {
    if (!this.holds(path)) return undefined;
    let node: Node | undefined = this.root;
    for (const name of this.namesOf(path))
      node = node?.kind === 'folder' ? node.names.get(name) : undefined;
    return node;
  }

  /** @throws Error where something made it that was not traced */
  private known(path: string): Node {
    const node = this.at(path);
    if (!node) throw new Error(`nobody made ${path}`);
    return node;
  }

  private parent(path: string): Folder {
    const node = this.known(dirname(path));
    if (node.kind !== 'folder') throw new Error(`${dirname(path)} is no folder`);
    return node;
  }

  private put(path: string, node: Node): void {
    this.parent(path).names.set(basename(path), node);
  }

  private take(path: string): Node {
    const node = this.known(path);
    this.parent(path).names.delete(basename(path));
    return node;
  }

  private opened(path: string, { args, result }: SystemCall): void {
    if (args.includes('O_CREAT') && !this.at(path)) this.put(path, newFile());
    const node = this.at(path);
    if (node?.kind !== 'file') return;
    if (args.includes('O_TRUNC')) node.bytes = Buffer.of();
    this.positions.set(`${result} ${path}`, args.includes('O_APPEND') ? node.bytes.length : 0);
  }

  private written(path: string, { name, args, bytes, result }: SystemCall): void {
    // Removed meanwhile: only who has it open sees it.
    if (path.endsWith(' (deleted)')) return;
    const node = this.known(path);
    if (node.kind !== 'file') throw new Error(`${path} is no file`);
    const descriptor = `${Number.parseInt(args, 10)} ${path}`;
    const at = name.startsWith('pwrite')
      ? number(args.split(',').at(-1))
      : (this.positions.get(descriptor) ?? 0);
    const grown = Buffer.alloc(Math.max(node.bytes.length, at + result));
    node.bytes.copy(grown);
    bytes.copy(grown, at, 0, result);
    node.bytes = grown;
    this.positions.set(descriptor, at + result);
  }

  private truncated(path: string, size: number): void {
    const node = this.known(path);
    if (node.kind !== 'file') return;
    const bytes = Buffer.alloc(size);
    node.bytes.copy(bytes);
    node.bytes = bytes;
  }
}

/** Plays a trace to a disk. @param each after the beginning or the end of each call, in their order */
export const replayed = (
  calls: readonly SystemCall[],
  disk: ForgetfulDisk,
  each: (call: SystemCall, is: 'begun' | 'ended') => void,
): void => {
  const moments = calls
    .flatMap((call) => [
      { call, is: 'begun' as const, at: call.began },
      { call, is: 'ended' as const, at: call.ended },
    ])
    // Where both are one line nothing came between them: the sort is stable.
    .sort((one, other) => one.at - other.at);
  for (const { call, is } of moments) {
    if (is === 'begun') disk.begin(call);
    else disk.end(call);
    each(call, is);
  }
};
