import { describe, expect, it } from 'vitest';
import { createStage } from './stage.ts';

describe('messages that came before a worker ran', () => {
  it('are heard in the order in which they came, whatever their names', async () => {
    const early = await createStage({ idle: true });
    try {
      const play = await early.start();
      const names = ['rollback', 'stranger', 'approve', 'retry', 'other', 'close', 'approve'];
      for (const name of names) await play.signal(name, { by: 'olaf', reason: 'early' });
      early.work();
      const { refusals } = await play.until('the refusals', (view) => view.refusals.length === names.length);
      expect(refusals.map(({ message }) => message)).toEqual(names);
    } finally {
      await early.end();
    }
  });
});
