import type { PipeTransform } from '@nestjs/common';
import { NotFound } from '../errors/errors.js';

/** A path's key: what cannot be one names nothing, and never reaches the database. @throws NotFound */
export class KeyPipe implements PipeTransform<unknown, string> {
  constructor(
    private readonly pattern: RegExp,
    private readonly what: string,
  ) {}

  transform(value: unknown): string {
    if (typeof value !== 'string' || !this.pattern.test(value)) throw new NotFound(this.what);
    return value;
  }
}

/** The form of every id that newId makes. */
export const idPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const idPipe = (what: string): KeyPipe => new KeyPipe(idPattern, what);
