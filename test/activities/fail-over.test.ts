import { expect, it } from 'vitest';
import { createDataset } from '../support/small-dataset.ts';

it('a server that lost the publication shows the old history, and the watch says that the release is gone', async () => {
  const world = await createDataset();
  const read = () => world.query('SELECT sum(net) AS net FROM finance.sales_current');
  try {
    await world.plan();
    await world.preserve();
    await world.build();
    await world.conclude();
    await world.approve();
    const before = await read();
    await world.query(
      `CREATE TABLE public.pointer_then AS TABLE governance.active_releases; CREATE TABLE public.announced_then AS TABLE governance.announcements`,
    );
    expect(await world.publish()).toBe('FIN-1');
    expect(await read()).not.toEqual(before);
    // What one transaction wrote is lost together: a replica never has half of it.
    await world.query(
      `SET session_replication_role = replica;
       DELETE FROM governance.active_releases; DELETE FROM governance.published_totals; DELETE FROM governance.data_releases;
       INSERT INTO governance.active_releases TABLE public.pointer_then;
       DELETE FROM governance.backfill_events WHERE kind = 'published';
       DELETE FROM governance.announcements a WHERE NOT EXISTS (SELECT FROM public.announced_then t WHERE t.announcement_id = a.announcement_id);
       RESET session_replication_role`,
    );
    expect(await read()).toEqual(before);
    expect(await world.activities.watchLiveWrites({ backfillId: 'fix-tax', published: true })).toMatchObject({
      kind: 'rolledBackByHand',
      by: 'unknown',
    });
    expect(await world.publish()).toBe('FIN-1');
    expect(await read()).not.toEqual(before);
  } finally {
    await world.end();
  }
});
