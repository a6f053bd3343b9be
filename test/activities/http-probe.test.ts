import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPipeline } from '../../activities/read-pipeline.ts';
import type { BackfillPlan, HttpProbe } from '../../src/domain/backfill-plan.ts';
import type { GateReadings } from '../../src/domain/gate.ts';
import { decideGate } from '../../src/domain/gate.ts';
import { secret } from '../../src/config/secret.ts';

/** As Airflow answers `GET /api/v1/dags/<id>/dagRuns?state=running`. */
const dagRuns = (running: number): string =>
  JSON.stringify({
    dag_runs: Array.from({ length: running }, (_, index) => ({
      dag_id: 'daily_revenue',
      dag_run_id: `scheduled__${index}`,
      state: 'running',
    })),
    total_entries: running,
  });

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const PATH = '/api/v1/dags/daily_revenue/dagRuns';
const TOKEN = 'Basic YWlyZmxvdzp0b3Atc2VjcmV0';

let base: string;
let answer: Answer;
let asked: IncomingMessage[] = [];
const server = createServer((request, response) => {
  asked.push(request);
  answer(request, response);
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(
  () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(resolve);
    }),
);

const says =
  (body: string, status = 200): Answer =>
  (_, response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(body);

async function read(
  given: Answer,
  changes: Partial<HttpProbe> = {},
  header?: string,
): Promise<GateReadings['pipeline']> {
  answer = given;
  asked = [];
  const probe: HttpProbe = {
    kind: 'http',
    url: `${base}${PATH}?state=running`,
    header: null,
    path: '$.total_entries',
    runningWhen: '> 0',
    ...changes,
  };
  const spec = { execution: { pauseDuringLivePipeline: true } } as BackfillPlan['spec'];
  const deps = { pool: null as never, secret: () => (header === undefined ? null : secret(header)) };
  return readPipeline(deps, { probe, spec });
}

const reasonOf = (pipeline: GateReadings['pipeline']): string => {
  const readings = {
    pipeline,
    bytesToday: 0,
    dailyBytesBudget: null,
    pauseWindows: [],
    nowIso: '2026-06-15T12:00:00Z',
  };
  const decision = decideGate(readings);
  return decision.open ? 'open' : decision.reason.replaceAll(base, 'http://airflow');
};

describe('an orchestrator that answers', () => {
  it('with runs under way closes the gate, without any opens it', async () => {
    expect(reasonOf(await read(says(dagRuns(2))))).toBe(
      `the live pipeline at http://airflow${PATH} runs; work goes on when it has finished`,
    );
    expect(await read(says(dagRuns(0)))).toEqual({ kind: 'idle' });
    expect(asked[0]?.url).toBe(`${PATH}?state=running`);
    expect(asked).toHaveLength(1);
  });

  it('is asked with the header that the environment holds: a value of Authorization, or a whole line', async () => {
    await read(says(dagRuns(0)), { header: 'env:AIRFLOW' }, TOKEN);
    expect(asked[0]?.headers['authorization']).toBe(TOKEN);
    await read(says(dagRuns(0)), { header: 'env:AIRFLOW' }, 'X-Api-Key: abc:def');
    expect(asked[0]?.headers).toMatchObject({ 'x-api-key': 'abc:def' });
    expect(asked[0]?.headers['authorization']).toBeUndefined();
  });

  it.each([
    { path: '$.dag_runs[0].state', runningWhen: "= 'running'", running: true },
    { path: '$.dag_runs[0].state', runningWhen: "!= 'running'", running: false },
    { path: '$.total_entries', runningWhen: '>= 3', running: false },
    { path: '$.total_entries', runningWhen: '<= 2', running: true },
    { path: '$.total_entries', runningWhen: '< 2', running: false },
  ])('$path $runningWhen', async ({ running, ...changes }) => {
    expect((await read(says(dagRuns(2)), changes)).kind).toBe(running ? 'running' : 'idle');
  });

  it('tells by a truth value too', async () => {
    const changes = { path: '$.busy', runningWhen: '= true' };
    expect((await read(says('{"busy":true}'), changes)).kind).toBe('running');
    expect((await read(says('{"busy":false}'), changes)).kind).toBe('idle');
  });
});

describe('what three tries cannot tell is closed, and says why', () => {
  it.each<[what: string, given: Answer, reason: string]>([
    ['another status', says('{"total_entries":0}', 503), 'it answers with status 503 instead of 200'],
    [
      'a redirect, which could carry the header away',
      (_, response) => void response.writeHead(302, { location: '/elsewhere' }).end(),
      'it answers with status 302 instead of 200',
    ],
    ['no JSON', says('<html>log in</html>'), 'its answer is no JSON'],
    ['a missing field', says('{"entries":0}'), 'its answer has nothing at $.total_entries'],
    ['a list instead of an object', says('[]'), 'its answer has nothing at $.total_entries'],
    ['a null', says('{"total_entries":null}'), 'its answer has nothing at $.total_entries'],
    [
      'another type',
      says('{"total_entries":"0"}'),
      '$.total_entries of its answer is a string, which running_when "> 0" cannot be compared with',
    ],
    ['a closed connection', (request) => request.socket.destroy(), 'it cannot be reached (UND_ERR_SOCKET)'],
    ['an endless answer', says(`"${'x'.repeat(1_100_000)}"`), 'its answer is longer than 1048576 bytes'],
  ])('%s', async (_, given, reason) => {
    const pipeline = await read(given);
    expect(asked).toHaveLength(3);
    expect(reasonOf(pipeline)).toBe(
      `the probe of the live pipeline fails: http://airflow${PATH}: ${reason}; it is asked again`,
    );
  });

  it('silence, two seconds a try', async () => {
    expect(reasonOf(await read(() => undefined))).toContain('it does not answer within 2 s');
    expect(asked).toHaveLength(3);
  });

  it('an answer that stops in the middle', async () => {
    const half: Answer = (_, response) => void response.writeHead(200).write('{"total_');
    expect(reasonOf(await read(half))).toContain('it does not answer within 2 s');
  });

  it('nobody there', async () => {
    const pipeline = await read(says(''), { url: 'http://127.0.0.1:1/dagRuns' });
    expect(reasonOf(pipeline)).toContain('http://127.0.0.1:1/dagRuns: it cannot be reached (');
  });

  it('a header whose variable is not set: nothing is sent without it', async () => {
    const reason = reasonOf(await read(says(dagRuns(0)), { header: 'env:AIRFLOW' }));
    expect(reason).toContain(
      'the environment variable AIRFLOW, which live_pipeline.http.header of the contract names, is not set',
    );
    expect(asked).toHaveLength(0);
  });
});

describe('a secret', () => {
  it('of header or address is in no reason', async () => {
    const refused = await read(says('no', 401), { header: 'env:AIRFLOW', url: `${base}${PATH}?key=top-secret` }, TOKEN);
    const broken = await read(says('{}'), { header: 'env:AIRFLOW' }, `Bearer top-secret\nX-Other: 1`);
    for (const one of [refused, broken]) {
      expect(one.kind).toBe('unknown');
      expect(JSON.stringify(one)).not.toMatch(/top-secret|YWlyZmxv/);
    }
  });
});
