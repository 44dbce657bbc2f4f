import type { DestinationStream } from 'pino';

/**
 * Writes the lines of one turn of the event loop at once. To a pipe Node writes within the call, and each write wakes
 * its reader: under load that costs more than the lines do. What a crash of the process leaves is written at its exit.
 */
export class LineBatch implements DestinationStream {
  private lines = '';
  private readonly flush = (): void => {
    const { lines } = this;
    this.lines = '';
    if (lines !== '') this.target.write(lines);
  };

  constructor(private readonly target: Pick<NodeJS.WritableStream, 'write'>) {
    process.once('exit', this.flush);
  }

  write(line: string): void {
    if (this.lines === '') setImmediate(this.flush);
    this.lines += line;
  }
}
