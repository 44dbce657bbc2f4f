/** The time, for what is told as a distance to it. Ticks while a component that made it lives. */
export const clock = (everyMs: number): { readonly now: Date } => {
  let nowMs = $state(Date.now());
  $effect(() => {
    const timer = setInterval(() => (nowMs = Date.now()), everyMs);
    return () => clearInterval(timer);
  });
  return {
    get now() {
      // Each one is for good: what shows it is given another.
      // eslint-disable-next-line svelte/prefer-svelte-reactivity
      return new Date(nowMs);
    },
  };
};
