import { TestWorkflowEnvironment } from '@temporalio/testing';
import { inject } from 'vitest';
import { findTestServer } from '../../src/local/find-temporal.ts';

/** `host:port` of the development server that all test files of a run share: use workflow ids and task queues of your own. */
export function temporalAddress(): string {
  return inject('temporalAddress');
}

/**
 * A server of the caller's own on which days pass at once while something awaits a workflow's result or `env.sleep`.
 * It has no list of workflows and knows only search attributes that were registered on it. Call `teardown()` when done.
 */
export async function createTimeSkippingEnvironment(): Promise<TestWorkflowEnvironment> {
  const { path } = await findTestServer();
  return TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path } } });
}
