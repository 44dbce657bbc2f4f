export interface Toast {
  readonly id: number;
  readonly kind: 'success' | 'error';
  readonly text: string;
}

const shownForMs = { success: 4_000, error: 10_000 } as const;

/** Short notices that something was done, or was not. */
class Toasts {
  #items = $state.raw<readonly Toast[]>([]);
  #count = 0;

  get items(): readonly Toast[] {
    return this.#items;
  }

  say(kind: Toast['kind'], text: string): void {
    const toast = { id: (this.#count += 1), kind, text };
    this.#items = [...this.#items, toast].slice(-3);
    setTimeout(() => this.dismiss(toast.id), shownForMs[kind]);
  }

  dismiss(id: number): void {
    this.#items = this.#items.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
