/** How long a part may take to answer, in milliseconds. */
const readinessTimeout = 2_000;

/** What is wrong with each part, asked all at once; null for a part that can be used. */
export async function readiness(
  checks: Record<string, (timeout: number) => Promise<void>>,
): Promise<Record<string, string | null>> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]): Promise<[string, string | null]> => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<string>((resolve) => {
        timer = setTimeout(() => resolve('did not answer in time'), readinessTimeout);
      });
      const fault = await Promise.race([
        check(readinessTimeout).then(
          () => null,
          () => 'cannot be used',
        ),
        late,
      ]);
      clearTimeout(timer);
      return [name, fault];
    }),
  );
  return Object.fromEntries(results);
}
