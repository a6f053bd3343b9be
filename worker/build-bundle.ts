import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

/** Made once at build time: a worker that bundles for itself needs 100 MB more and seconds longer to start. */
const { code } = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('../workflows', import.meta.url)),
  logger: {
    log: () => undefined,
    trace: () => undefined,
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
  },
});
await writeFile(fileURLToPath(new URL('../workflow-bundle.js', import.meta.url)), code);
