import { afterEach, expect, test } from 'vitest'
import { readStatus, waitUntilCaughtUp } from '../../../infra/app/system-status.ts'
import { cliJson, runCli } from '../../support/run-cli.ts'
import { publishAll, rows } from '../../support/system-assertions.ts'
import { startSystem, type System } from '../../support/test-system.ts'

let system: System | undefined
afterEach(async () => {
  await system?.stop()
  system = undefined
})

const message = (actor: string, text: string, tenant = 'acme') => ({
  subject: `in.${tenant}.support.${actor}`,
  body: { type: 'message.received', id: actor, history: true, data: { role: 'user', text } },
})

async function search(of: System, tenant: string, q: string): Promise<Response> {
  return fetch(`${of.running.http?.url ?? ''}/v1/search?tenant=${tenant}&mode=keyword&q=${q}`)
}
const hitsOf = async (of: System, tenant: string, q: string): Promise<number> => {
  const response = await search(of, tenant, q)
  return response.ok ? ((await response.json()) as { hits: unknown[] }).hits.length : -1
}

interface CliVerified {
  readonly tables: Readonly<Record<string, { readonly rows: number; readonly differences: number }>>
  readonly index: { readonly texts: number; readonly unembeddable: number; readonly unproven: number }
}

test('eight inputs of 250,000 characters sent together, and 600 of 6.5 KB, are indexed, and another tenant waits for none', async () => {
  system = await startSystem()
  const words = (seed: number, chars: number): string => {
    let text = ''
    for (let index = 0; text.length < chars; index++) text += `word${(index * 7_919 + seed * 104_729) % 50_021} order parcel. `
    return text.slice(0, chars)
  }
  const large = Array.from({ length: 8 }, (_, index) => message(`large${index}`, words(index, 250_000)))
  const many = Array.from({ length: 600 }, (_, index) => message(`many${index}`, words(index, 6_500)))
  for (const { subject, body } of [...large, ...many]) system.producer.publish(subject, JSON.stringify(body))
  await publishAll(system, [message('small', 'a small text', 'other')])
  const startedMs = performance.now()
  const running = system
  await expect.poll(() => hitsOf(running, 'other', 'small'), { timeout: 60_000, interval: 100 }).toBe(1)
  const otherMs = performance.now() - startedMs
  const { stages, log, dead } = await waitUntilCaughtUp(system.settings, 180_000)
  expect(performance.now() - startedMs).toBeGreaterThan(otherMs)
  expect(stages.embed).toMatchObject({ lag: 0, ok: true, position: log.last })
  expect(dead).toBe(0)
  const [checked] = await cliJson<CliVerified>(['verify'], { dataDir: system.settings.DATA_DIR })
  expect(checked?.index).toMatchObject({ texts: 609, unembeddable: 0, unproven: 0 })
  expect(checked?.tables['search_index']?.differences).toBe(0)
}, 240_000)

test('a deleted collection: searches name it and say when to retry, verify and status tell, and it fills again by itself', async () => {
  system = await startSystem()
  await publishAll(system, [message('c1', 'a red parcel'), message('c2', 'a blue parcel')])
  await waitUntilCaughtUp(system.settings, 60_000)
  expect(await hitsOf(system, 'acme', 'parcel')).toBe(2)
  const [table] = await rows<{ name: string }>(
    system,
    "SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE 'memory_%' AND engine = 'MergeTree'",
  )
  const points = table?.name ?? ''

  await system.running.client?.command({ query: `DROP TABLE ${points} SYNC` })
  const answer = await search(system, 'acme', 'parcel')
  const problem = await answer.json()
  expect([answer.status, answer.headers.get('retry-after'), problem]).toMatchObject([
    503,
    '5',
    { code: 'index_filling', detail: expect.stringContaining(points) as string },
  ])
  const checked = await runCli(['verify', '--json'], { dataDir: system.settings.DATA_DIR })
  // The indexer may have been faster than the command line.
  if (checked.code !== 0) expect(checked.stderr).toContain('search_index does not match the log')

  const running = system
  await expect.poll(() => hitsOf(running, 'acme', 'parcel'), { timeout: 30_000, interval: 50 }).toBe(2)
  await waitUntilCaughtUp(system.settings, 60_000)
  expect((await readStatus(system.settings)).stages.embed).toMatchObject({ lag: 0, ok: true })
  const [verified] = await cliJson<CliVerified>(['verify'], { dataDir: system.settings.DATA_DIR })
  expect(verified?.tables['search_index']).toEqual({ rows: 2, differences: 0 })

  // Also the postings alone.
  await system.running.client?.command({ query: `DROP TABLE ${points}_postings SYNC` })
  await expect.poll(() => hitsOf(running, 'acme', 'parcel'), { timeout: 30_000, interval: 50 }).toBe(2)
}, 120_000)
