import { sha256 } from '../secrets/secrets.js';
import type { Cell } from './backup.policy.js';

const modulus = 1n << 256n;

/**
 * A digest of rows whatever their order, since two databases sort texts each in its own way: the sum of the rows'
 * SHA-256, which tells a lost, doubled or changed row. Against mistakes, not against malice.
 */
export class RowsDigest {
  private rows = 0;
  private sum = 0n;

  /** @param cells in the order of the table's columns */
  add(cells: readonly Cell[]): void {
    this.rows += 1;
    this.sum = (this.sum + BigInt(`0x${sha256(JSON.stringify(cells))}`)) % modulus;
  }

  end(): { readonly rows: number; readonly digest: string } {
    return { rows: this.rows, digest: this.sum.toString(16).padStart(64, '0') };
  }
}
