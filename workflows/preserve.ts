import type { Phase } from './run.ts';

/** Capture before snapshot before shadow: no write falls between them. */
export const preserve: Phase = async (run) => {
  const each = [
    () =>
      run.on.steps.installCapture.executeWithOptions({ summary: 'late-write capture, proved with a canary' }, [
        run.ref,
      ]),
    () =>
      run.on.warehouse.takeSnapshot.executeWithOptions({ summary: 'snapshot of the trusted result, fingerprinted' }, [
        run.ref,
      ]),
    () => run.on.steps.createShadow.executeWithOptions({ summary: 'empty shadow table' }, [run.ref]),
  ];
  for (const step of each) {
    if (!(await run.untilFree())) return { type: 'continueAsNew' };
    if (run.take('abort')) return { type: 'moved', to: 'aborting' };
    await step();
  }
  return { type: 'moved', to: 'building' };
};
