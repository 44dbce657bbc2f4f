export interface Question {
  readonly title: string;
  /** What goes, or what happens, one line each; names are text. */
  readonly consequences: readonly string[];
  /** What the button says: the deed, not "OK". */
  readonly action: string;
}

/** Asks before something that cannot be undone. The shell shows the question. */
class Confirmation {
  #question = $state.raw<Question | null>(null);
  #answer: (isConfirmed: boolean) => void = () => undefined;

  get question(): Question | null {
    return this.#question;
  }

  ask(question: Question): Promise<boolean> {
    this.#answer(false);
    this.#question = question;
    return new Promise((resolve) => (this.#answer = resolve));
  }

  answer(isConfirmed: boolean): void {
    this.#question = null;
    this.#answer(isConfirmed);
    this.#answer = () => undefined;
  }
}

export const confirmation = new Confirmation();
