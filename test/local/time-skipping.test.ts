import { expect, onTestFinished, test } from 'vitest';
import { createTimeSkippingEnvironment, temporalAddress } from '../support/temporal.ts';

test('fifteen days pass at once on a time-skipping server, which is not the one that the run shares', async () => {
  const env = await createTimeSkippingEnvironment();
  onTestFinished(() => env.teardown());
  expect(env.address).not.toBe(temporalAddress());
  const before = await env.currentTimeMs();
  await env.sleep('15 days');
  expect((await env.currentTimeMs()) - before).toBeGreaterThanOrEqual(15 * 24 * 3_600_000);
});
