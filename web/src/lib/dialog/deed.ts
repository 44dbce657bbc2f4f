import { sentenceOf } from '../../api/sentences.js';
import { Submission } from '../form/submission.svelte.js';
import { toasts } from '../toast/toasts.svelte.js';
import { confirmation } from './confirmation.svelte.js';
import type { Question } from './confirmation.svelte.js';

/** Something that cannot be undone: asked about first, and told of in a toast. */
export class Deed {
  readonly #submission = new Submission();

  /** @param done What is said of it afterwards. Resolves to whether it was done. */
  async run(question: Question, work: () => Promise<unknown>, done?: string): Promise<boolean> {
    if (!(await confirmation.ask(question))) return false;
    const isDone = await this.#submission.run(async () => {
      await work();
    });
    const { failure } = this.#submission;
    if (failure) toasts.say('error', sentenceOf(failure));
    else if (isDone && done !== undefined) toasts.say('success', done);
    return isDone;
  }
}
