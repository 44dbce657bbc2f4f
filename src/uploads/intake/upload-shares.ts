import { addressGroup } from '../../http/address-group.js';
import { TooManyUploads } from './intake.errors.js';

/** Who sends an upload. */
export interface Sender {
  readonly tokenId: string;
  readonly address: string;
}

/** So few that nobody would be left anything of a part of them. */
const fewUploads = 16;

/** How many of MAX_UPLOADS one token, or one address, may have at once: an eighth is always left to others. */
export const shareOf = (maxUploads: number): number =>
  Math.max(Math.min(fewUploads, maxUploads), Math.floor((7 * maxUploads) / 8));

const holdersOf = ({ tokenId, address }: Sender): readonly string[] => [
  `token ${tokenId}`,
  `address ${addressGroup(address)}`,
];

/** Uploads under way of each token and each address. */
export class UploadShares {
  private readonly held = new Map<string, number>();

  constructor(private readonly most: number) {}

  /** @returns what gives it back, once @throws TooManyUploads where the sender's share is used up */
  take(sender: Sender): () => void {
    const holders = holdersOf(sender);
    if (holders.some((holder) => (this.held.get(holder) ?? 0) >= this.most))
      throw new TooManyUploads('own');
    for (const holder of holders) this.held.set(holder, (this.held.get(holder) ?? 0) + 1);
    let isTaken = true;
    return () => {
      if (isTaken) for (const holder of holders) this.release(holder);
      isTaken = false;
    };
  }

  private release(holder: string): void {
    const left = (this.held.get(holder) ?? 0) - 1;
    if (left > 0) this.held.set(holder, left);
    else this.held.delete(holder);
  }
}
