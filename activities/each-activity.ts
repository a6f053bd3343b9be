export type Activity = (input: never) => Promise<unknown>;

/** The same activities, each wrapped. */
export function eachActivity<T extends { [name in keyof T]: Activity }>(
  activities: T,
  wrap: (activity: Activity) => Activity,
): T {
  return Object.fromEntries(
    Object.entries<Activity>(activities).map(([name, activity]) => [name, wrap(activity)]),
  ) as T;
}
