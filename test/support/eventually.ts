const lookAgainMs = 20;

/**
 * Looks again until the check passes: for what happens after an answer, where there is no event to wait for.
 * @throws what the check threw last
 */
export const eventually = async <Result>(
  check: () => Result | Promise<Result>,
  deadlineMs = 60_000,
): Promise<Result> => {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    try {
      return await check();
    } catch (cause) {
      if (Date.now() > deadline) throw cause;
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    }
  }
};
