import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { streamInfo } from '../../../../pipeline/jetstream/stream-info.ts'
import { cliJson, startCli } from '../../../support/run-cli.ts'
import { readLog } from '../../../support/system-assertions.ts'
import { startSystem, type System } from '../../../support/test-system.ts'
import { toyKind } from '../../../support/toy-kind.ts'

/** More than the lines after which an import saves its place; of each actor, more than the ids that it remembers. */
const LINES = 6_000
const ACTORS = 40
/** So slow that a kill comes before the end. */
const RATE = 1_500
/** Records after which the process is killed. */
const KILLED_AT = [2_000, 4_500]
let system: System
beforeAll(async () => {
  system = await startSystem({ kinds: [toyKind], settings: { ROLES: 'host' } })
})
afterAll(() => system.stop())

test('an import of events that is killed half-way, twice, and run again sends every line once, and then none', async () => {
  const path = join(system.settings.DATA_DIR, 'events.jsonl')
  const lines = Array.from({ length: LINES }, (_, index) => ({ actor: `k${index % ACTORS}`, type: 'add', data: { by: index + 1 } }))
  await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  const options = { dataDir: system.settings.DATA_DIR }
  const command = ['import', '--kind', 'toy', '--events', path, '--tenant', 'acme']
  const records = async (): Promise<number> => (await streamInfo(system.running.jetstream.jsm, 'LOG')).state.messages

  for (const count of KILLED_AT) {
    const running = startCli([...command, '--rate', String(RATE)], options)
    await expect.poll(records, { timeout: 120_000, interval: 100 }).toBeGreaterThan(count)
    running.signal('SIGKILL')
    expect((await running.ended).code).toBeNull()
  }
  expect(await records()).toBeLessThan(LINES)

  const [again] = await cliJson<{ events: number; wrong: number; sent: number; known: number }>(command, options)
  expect(again).toMatchObject({ events: LINES, wrong: 0 })
  // Each line is counted as it is; the killed runs had sent more than they were killed at.
  expect((again?.sent ?? 0) + (again?.known ?? 0)).toBe(LINES)
  expect(again?.known).toBeGreaterThanOrEqual(KILLED_AT.at(-1) ?? 0)
  expect(await cliJson(command, options)).toMatchObject([{ sent: 0, known: LINES }])
  await expect.poll(records, { timeout: 120_000 }).toBe(LINES)

  const all = await readLog(system)
  expect(all.filter(({ record }) => record.outcome !== 'committed')).toEqual([])
  const taken = Map.groupBy(all, ({ actor }) => actor)
  const expected = Map.groupBy(lines, ({ actor }) => `acme/toy/${actor}`)
  expect(taken.size).toBe(ACTORS)
  for (const [actor, own] of expected) {
    expect(taken.get(actor)?.map(({ record }) => record.input.data)).toEqual(own.map(({ data }) => data))
  }
}, 600_000)
