import { afterAll, beforeAll, expect, test } from 'vitest'
import { startHttpServer } from '../../../pipeline/http/http-server.ts'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'
import type { Stage } from '../../../pipeline/runtime/stage.ts'
import { clientOf, httpOptions, type HttpSystem, startHttpSystem } from '../../support/http-requests.ts'

let http: HttpSystem
beforeAll(async () => {
  http = await startHttpSystem()
})
afterAll(() => http.stop())

/** The samples of a scrape: the value by name and labels, as written. */
async function scrape(url: string): Promise<Map<string, number>> {
  const { status, headers, body } = await clientOf(url).get('/metrics')
  expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
  const lines = String(body['text'])
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line): [string, number] => {
      const space = line.lastIndexOf(' ')
      return [line.slice(0, space), Number(line.slice(space + 1))]
    }),
  )
}

test('metrics count by stage, and have no label for the actor', async () => {
  const server = await startHttpServer(httpOptions(http.system, { metrics: http.system.running.metrics }))
  try {
    const { post } = clientOf(server.url)
    const path = '/v1/in/acme/toy/an-actor?wait=out'
    await post(path, { type: 'add', data: { by: 1 }, source: 'crm', sequence: 1 })
    await post(path, { type: 'add', data: { by: 2 }, source: 'crm', sequence: 1 })
    await post(path, { type: 'add', data: { by: 'two' } })
    await post(path, { type: 'ask', data: { q: 'why' } })
    await expect.poll(async () => (await scrape(server.url)).get('colloquy_stage_in_total{stage="tasks"}')).toBe(1)
    await expect.poll(async () => (await scrape(server.url)).get('colloquy_stage_lag_messages{stage="tasks"}')).toBe(0)

    const samples = await scrape(server.url)
    const counted = {
      'colloquy_stage_in_total{stage="host"}': 5,
      'colloquy_stage_out_total{stage="host"}': 4,
      'colloquy_stage_lag_messages{stage="host"}': 0,
      'colloquy_stage_lag_seconds{stage="dispatch"}': 0,
      'colloquy_repeats_total{by="sequence"}': 1,
      'colloquy_records_rejected_total{reason="bad_data"}': 1,
      'colloquy_dead_letters_total{reason="bad_data"}': 1,
      colloquy_live_actors: 1,
      'colloquy_task_attempts_total{kind="toy",task="answer",outcome="ok"}': 1,
      'colloquy_task_seconds_count{kind="toy",task="answer"}': 1,
      'colloquy_http_request_seconds_count{method="POST",route="/v1/in/:tenant/:kind/:id",status="200"}': 3,
      'colloquy_http_request_seconds_count{method="POST",route="/v1/in/:tenant/:kind/:id",status="422"}': 1,
    }
    expect(Object.fromEntries(Object.keys(counted).map((name) => [name, samples.get(name)]))).toEqual(counted)
    expect(samples.get('colloquy_handler_seconds_count{stage="host"}')).toBeGreaterThan(0)
    expect(samples.get('colloquy_handler_seconds_count{stage="dispatch"}')).toBeGreaterThan(0)
    expect([...samples.keys()]).toEqual(expect.arrayContaining(['process_resident_memory_bytes', 'nodejs_eventloop_lag_seconds']))
    expect([...samples.keys()].join('\n')).not.toContain('an-actor')
  } finally {
    await server.stop()
  }
})

test('the lag of a stage that is stuck grows, although the stage reports none', async () => {
  const { jetstream } = http.system.running
  const stuck = (name: string, position: number): [string, Stage] => [
    name,
    {
      name,
      stop: async () => undefined,
      status: () => ({ position, lag: 0, ok: false, since: '2026-01-01T00:00:00.000Z', detail: 'stuck' }),
    },
  ]
  const [inbox, log] = [await jetstream.jsm.streams.info('INBOX'), await jetstream.jsm.streams.info('LOG')]
  const stages = new Map([stuck('host', inbox.state.last_seq), stuck('project', log.state.last_seq - 1), stuck('tasks', 0)])
  const server = await startHttpServer(httpOptions(http.system, { stages, metrics: createMetrics() }))
  try {
    const { post, get } = clientOf(server.url)
    const before = await scrape(server.url)
    for (let sent = 0; sent < 3; sent++) await post('/v1/in/acme/toy/b1?wait=actor', { type: 'note', data: { text: 'x' } })
    const after = await scrape(server.url)

    expect(before.get('colloquy_stage_lag_messages{stage="host"}')).toBe(0)
    expect(before.get('colloquy_stage_lag_seconds{stage="host"}')).toBe(0)
    expect(before.get('colloquy_stage_lag_messages{stage="project"}')).toBe(1)
    expect(after.get('colloquy_stage_lag_messages{stage="host"}')).toBe(3)
    expect(after.get('colloquy_stage_lag_messages{stage="project"}')).toBe(4)
    expect(after.get('colloquy_stage_lag_messages{stage="tasks"}')).toBe(0)
    expect(after.get('colloquy_stage_lag_seconds{stage="host"}')).toBeGreaterThan(0)
    expect(after.get('colloquy_stage_lag_seconds{stage="project"}')).toBeGreaterThan(
      after.get('colloquy_stage_lag_seconds{stage="host"}') ?? Infinity,
    )
    expect((await get('/readyz')).status).toBe(503)
  } finally {
    await server.stop()
  }
})
