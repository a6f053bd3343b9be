export { waitUntil as waitFor } from '../../src/local/wait-until.ts';
