import type { Phase } from './run.ts';
import { walkSteps } from './steps.ts';

/** Capture before snapshot before shadow: no write falls between them. */
export const preserve: Phase = async (run) => {
  const end = await walkSteps(run, [
    () =>
      run.on.steps.installCapture.executeWithOptions({ summary: 'late-write capture, proved with a canary' }, [
        run.ref,
      ]),
    () =>
      run.on.warehouse.takeSnapshot.executeWithOptions({ summary: 'snapshot of the trusted result, fingerprinted' }, [
        run.ref,
      ]),
    () => run.on.steps.createShadow.executeWithOptions({ summary: 'empty shadow table' }, [run.ref]),
  ]);
  return end ?? { type: 'moved', to: 'building' };
};
