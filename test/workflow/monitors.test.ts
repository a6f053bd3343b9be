import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MonitorStatus, MonitorVerdict } from '../../src/domain/monitor.ts';
import type { MonitorsOutcome } from '../../src/protocol/activities.ts';
import type { Script } from './script.ts';
import { DIGEST, untilCancelled } from './script.ts';
import type { Play, Stage } from './stage.ts';
import { createStage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.end());

const PARTIES = ['finance-data', 'business-intelligence', 'revenue-operations'];

/** A consumer whose verdict the test says; as an activity it answers when that changes. */
function consumer(onBreach: MonitorStatus['onBreach'], first: MonitorVerdict) {
  let verdict = first;
  const status = (): MonitorStatus => ({
    name: 'export',
    owner: 'finance-data',
    verdict,
    figure: verdict === 'inconclusive' ? 'no data: it yields no row' : '99',
    limit: 'equal to 100',
    excess: verdict === 'inconclusive' ? null : verdict === 'good' ? 0 : 0.01,
    at: new Date().toISOString(),
    next: new Date().toISOString(),
    onBreach,
  });
  const watchMonitors: Script['watchMonitors'] = async ({ known, told }) => {
    const answer = (): MonitorsOutcome => ({ monitors: [status()], at: new Date().toISOString(), flutters: false });
    if (told === null) return answer();
    for (;;) {
      if (known[0]?.verdict !== verdict) return answer();
      await Promise.race([untilCancelled(), new Promise((resolve) => setTimeout(resolve, 20))]);
    }
  };
  return { watchMonitors, becomes: (next: MonitorVerdict) => void (verdict = next) };
}

const PLANNED = { monitors: 1, baselines: true, autoRollback: true };

async function publish(watched: ReturnType<typeof consumer>, windowMs: number, plan = {}): Promise<Play> {
  const play = await stage.start(() => ({ watchMonitors: watched.watchMonitors }), {
    windowMs,
    plan: { ...PLANNED, ...plan },
  });
  await play.reach('awaitingApproval');
  await play.update('approve', { by: 'finance-controller', digest: DIGEST });
  return play;
}

describe('a breached monitor', () => {
  it('rolls back where the contract says so, by its name and with its figures', async () => {
    const watched = consumer('rollback', 'good');
    const play = await publish(watched, 3_600_000);
    await play.reach('observing');
    watched.becomes('breached');
    const back = await play.reach('rolledBack');
    const reason = 'monitor export of finance-data is breached: 99, expected equal to 100';
    expect(back.because).toBe(`monitor:export: ${reason}`);
    expect(play.calls.find(({ name }) => name === 'rollBackRelease')?.input).toMatchObject({
      by: 'monitor:export',
      reason,
    });
  });

  it('holds instead where the spec forbids a rollback that nobody asked for, and a person may', async () => {
    const play = await publish(consumer('rollback', 'breached'), 3_600_000, { autoRollback: false });
    const held = await play.reach('held');
    expect(held.hold).toMatchObject({ from: 'observing', check: { name: 'monitor:export', verdict: 'fail' } });
    expect(held.hold?.reason).toContain('rollback.auto_rollback of the spec is false');
    await play.update('rollback', { by: 'olaf', reason: 'so it is' });
    await play.reach('rolledBack');
  });

  it('holds where the contract says so, until a person lets exactly that pass', async () => {
    const play = await publish(consumer('hold', 'breached'), 1);
    await play.reach('held');
    expect(await play.update('waive', { by: 'pat', check: 'monitor:export', reason: 'x' })).toContain(
      'not an approver',
    );
    await play.update('waive', { by: 'finance-director', check: 'monitor:export', reason: 'the export rounds' });
    const waiting = await play.reach('awaitingSignOff');
    expect(waiting.waivers).toMatchObject([{ check: 'monitor:export', figure: '99', excess: 0.01 }]);
  });

  it('that is only to be told keeps the window open until it passes', async () => {
    const watched = consumer('alert', 'breached');
    const play = await publish(watched, 1);
    const open = await play.until(
      'the open window',
      ({ waitingOn }) => waitingOn?.reason.includes('is breached') === true,
    );
    expect(open.waitingOn?.reason).toBe(
      'the rollback window stays open: monitor export is breached (99); it ends when they are good or waived',
    );
    expect(open.monitors).toMatchObject([{ name: 'export', verdict: 'breached' }]);
    watched.becomes('good');
    await play.reach('awaitingSignOff');
  });
});

describe('an inconclusive monitor', () => {
  it('never signs off: neither the end of the window nor every signature moves a row', async () => {
    const watched = consumer('rollback', 'inconclusive');
    const play = await publish(watched, 1);
    await play.until('the open window', ({ waitingOn }) => waitingOn?.reason.includes('is inconclusive') === true);
    watched.becomes('good');
    await play.reach('awaitingSignOff');
    watched.becomes('inconclusive');
    await play.until('the verdict', ({ monitors }) => monitors[0]?.verdict === 'inconclusive');
    for (const by of PARTIES) await play.update('signOff', { by });
    const signed = await play.until(
      'the wait',
      ({ waitingOn }) => waitingOn?.reason.startsWith('every party') === true,
    );
    expect(signed.status).toBe('awaitingSignOff');
    expect(play.count('consolidateClaim')).toBe(0);
    watched.becomes('good');
    expect(await play.handle.result()).toMatchObject({ status: 'completed' });
  });

  it('may be let pass while it is watched; that it fails later is something else', async () => {
    const watched = consumer('hold', 'inconclusive');
    const play = await publish(watched, 3_600_000);
    await play.until('the verdict', ({ monitors }) => monitors[0]?.verdict === 'inconclusive');
    expect(await play.update('waive', { by: 'finance-director', check: 'monitor:other', reason: 'x' })).toContain(
      '"monitor:export"',
    );
    await play.update('waive', { by: 'finance-director', check: 'monitor:export', reason: 'the export is off today' });
    await play.until('the waiver', ({ waivers }) => waivers.length === 1);
    watched.becomes('breached');
    expect((await play.reach('held')).hold?.check?.name).toBe('monitor:export');
  });

  it('is what every monitor is that was never seen', async () => {
    const play = await stage.start(() => ({ watchMonitors: untilCancelled }), { windowMs: 1, plan: PLANNED });
    await play.reach('awaitingApproval');
    await play.update('approve', { by: 'finance-controller', digest: DIGEST });
    await play.until(
      'the open window',
      ({ waitingOn }) => waitingOn?.reason.includes('the first look at every monitor') === true,
    );
  });
});

describe('measuring', () => {
  it('goes on while the run is held, and a breach still rolls back', async () => {
    const watched = consumer('rollback', 'good');
    const check = { name: 'row_count', level: 'structural', verdict: 'fail', figure: '+3', limit: '±0' } as const;
    let failed = false;
    const play = await stage.start(
      () => ({
        watchMonitors: watched.watchMonitors,
        watchLiveWrites: ({ published }) => {
          if (!published || failed) return untilCancelled();
          failed = true;
          return Promise.resolve({ kind: 'failed', batch: 1, check });
        },
      }),
      { plan: PLANNED },
    );
    await play.reach('awaitingApproval');
    await play.update('approve', { by: 'finance-controller', digest: DIGEST });
    await play.reach('held');
    watched.becomes('breached');
    await play.reach('rolledBack');
  });

  it('begins with what consumers see before the switch, and holds where that cannot be measured', async () => {
    const check = {
      name: 'monitor:export:baseline',
      level: 'monitor',
      verdict: 'fail',
      figure: 'no data',
      limit: 'a figure from before the publication',
    } as const;
    const play = await stage.start(
      () => ({
        watchMonitors: consumer('alert', 'good').watchMonitors,
        measureBaselines: ({ without }) => Promise.resolve({ failed: without.includes(check.name) ? null : check }),
      }),
      { plan: PLANNED },
    );
    await play.reach('awaitingApproval');
    await play.update('approve', { by: 'finance-controller', digest: DIGEST });
    expect((await play.reach('held')).hold).toMatchObject({ from: 'publishing', check });
    expect(play.count('publishRelease')).toBe(0);
    await play.update('waive', { by: 'finance-director', check: check.name, reason: 'watched by hand' });
    await play.reach('observing');
  });

  it('of a run that nobody watches costs nothing', async () => {
    const play = await stage.start(undefined, { windowMs: 1 });
    await play.reach('awaitingApproval');
    await play.update('approve', { by: 'finance-controller', digest: DIGEST });
    await play.reach('awaitingSignOff');
    expect([play.count('watchMonitors'), play.count('measureBaselines')]).toEqual([0, 0]);
  });
});
