type Task = () => unknown;

const tasks: Task[] = [];

/** What a helper opened is closed after the last test of the file, newest first, so that no test has to think of it. */
export const afterFile = (task: Task): void => {
  tasks.push(task);
};

export const cleanUp = async (): Promise<void> => {
  for (const task of tasks.splice(0).reverse()) await task();
};
