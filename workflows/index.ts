export { controlledBackfill } from './controlled-backfill.ts';
