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

/** Of one token or one address, and how many slots it may have at once. */
interface Share {
  readonly holder: string;
  readonly most: number;
}

/** Uploads under way of each token and each address. */
export class UploadShares {
  private readonly held = new Map<string, number>();

  constructor(private readonly most: number) {}

  /**
   * An upload under way holds an attempt, so a token has no more of those than attempts. A repetition of a stored upload
   * takes none, so it is counted against those that are left: all slots of a token together are then never more than
   * its attempts, but for one repetition, which a token that is used up may make as well.
   * @param attemptsLeft of the token, for a repetition; null for what takes an attempt
   * @returns what gives it back, once
   * @throws TooManyUploads where the sender's share is used up. It is that also for want of attempts: curl --retry waits
   *   and repeats a 503, while the 410 of a used-up token would tell a customer to give up a file that is stored.
   */
  take(sender: Sender, attemptsLeft: number | null = null): () => void {
    const shares = this.sharesOf(sender, attemptsLeft);
    if (shares.some(({ holder, most }) => (this.held.get(holder) ?? 0) >= most))
      throw new TooManyUploads('own');
    for (const { holder } of shares) this.held.set(holder, (this.held.get(holder) ?? 0) + 1);
    let isTaken = true;
    return () => {
      if (isTaken) for (const { holder } of shares) this.release(holder);
      isTaken = false;
    };
  }

  private sharesOf({ tokenId, address }: Sender, attemptsLeft: number | null): readonly Share[] {
    const { most } = this;
    const shares = [
      { holder: `token ${tokenId}`, most },
      { holder: `address ${addressGroup(address)}`, most },
    ];
    return attemptsLeft === null
      ? shares
      : [...shares, { holder: `repetitions ${tokenId}`, most: Math.max(1, attemptsLeft) }];
  }

  private release(holder: string): void {
    const left = (this.held.get(holder) ?? 0) - 1;
    if (left > 0) this.held.set(holder, left);
    else this.held.delete(holder);
  }
}
