import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeRandomBert } from '../../../bench/scenarios/embed/random-bert.ts'
import { readIndexModel } from '../../../infra/app/index-model.ts'
import { launch } from '../../../infra/app/launch.ts'
import { runReembed } from '../../../infra/app/reembed.ts'
import { waitUntilCaughtUp } from '../../../infra/app/system-status.ts'
import type { Settings } from '../../../infra/settings.ts'
import { createSearchClient, type Search } from '../../../pipeline/search/search-client.ts'
import { cliJson } from '../../support/run-cli.ts'
import { publishAll } from '../../support/system-assertions.ts'
import { silent, startSystem, type System } from '../../support/test-system.ts'

let system: System
let search: Search
/** Folder of a model with other dimensions. */
let folder: string
let published = 0

async function publishMessages(count: number): Promise<void> {
  await publishAll(
    system,
    Array.from({ length: count }, () => ({
      subject: 'in.acme.support.c1',
      body: {
        type: 'message.received',
        id: `m${published}`,
        history: true,
        data: { role: 'user', text: `parcel number ${published++} is late` },
      },
    })),
  )
  await waitUntilCaughtUp(system.settings, 60_000)
}
/** Settings of another process with the role `serve`. */
async function elsewhere(): Promise<Settings> {
  const { running, settings } = system
  const passwordOf = async (server: string): Promise<string> =>
    (await readFile(join(settings.DATA_DIR, `${server}-password`), 'utf8')).trim()
  return {
    ...settings,
    NATS_URL: running.nats.url,
    NATS_USER: 'colloquy',
    NATS_PASSWORD: await passwordOf('nats'),
    CLICKHOUSE_URL: running.clickhouse?.url,
    CLICKHOUSE_USER: 'colloquy',
    CLICKHOUSE_PASSWORD: await passwordOf('clickhouse'),
    ROLES: ['serve'],
  }
}
const found = async (): Promise<{ readonly model: string; readonly hits: number }> => {
  const { model, hits } = await search({ tenant: 'acme', q: 'late parcel', mode: 'dense', limit: 100 })
  return { model, hits: hits.length }
}

beforeAll(async () => {
  system = await startSystem({ settings: { EMBED_BATCH_MS: '10', EMBED_BATCH_RECORDS_MAX: '8' } })
  search = createSearchClient({ url: system.running.http?.url ?? '' })
  folder = join(system.settings.DATA_DIR, 'a-model')
  await writeRandomBert(folder, { layers: 1, hidden: 16, heads: 1, feedForward: 16, positions: 64, dtype: 'fp32' })
})
afterAll(() => system.stop())

describe('colloquy reembed', () => {
  it('builds the other collection while the present one serves, continues after an interruption, and switches all processes', async () => {
    await publishMessages(150)
    const before = await found()
    expect(before.model).toBe('lexical')
    const wanted = { ...system.settings, EMBED_MODEL: folder }
    const stop = new AbortController()
    const progress: number[] = []
    const interrupted = runReembed(
      wanted,
      {
        records: (done) => {
          progress.push(done)
          if (done > 0) stop.abort(new Error('stopped halfway'))
        },
        waits: () => undefined,
      },
      silent,
      stop.signal,
    )
    await expect(interrupted).rejects.toThrow('stopped halfway')
    expect(await found()).toEqual(before)
    const reached = progress.at(-1) ?? 0
    expect(reached).toBeGreaterThan(0)

    const resumed: number[] = []
    const reports = {
      records: (done: number) => {
        resumed.push(done)
      },
      waits: () => undefined,
    }
    const result = await runReembed(wanted, reports, silent, new AbortController().signal)
    expect(resumed[0]).toBeGreaterThanOrEqual(reached)
    expect(result.before).toContain('lexical')
    await expect.poll(async () => (await found()).model, { interval: 100 }).toBe('semantic')
    expect(await readIndexModel(system.running.kv)).toMatchObject({ settings: { EMBED_MODEL: folder }, fingerprint: result.fingerprint })
    // New messages are added to the collection, too.
    await publishMessages(1)
    await expect.poll(async () => system.running.searchIndex?.current().store.count('acme', {})).toBe(151)
  })

  it('is what has to replace a chosen model: "auto" stays with that, and says so in one line', async () => {
    const lines: string[] = []
    const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) })
    const other = await launch(
      { ...(await elsewhere()), EMBED_MODEL: 'auto', EMBED_HUB_URL: 'http://127.0.0.1:9' },
      system.running.kinds,
      log,
    )
    const answer = await other.searchIndex?.search({ tenant: 'acme', q: 'late parcel' })
    expect([answer?.model, other.searchIndex?.nextModel.detail(), other.searchIndex?.successor.needed()]).toEqual([
      'semantic',
      undefined,
      undefined,
    ])
    await other.stop()
    expect(lines.filter((line) => line.includes('COLLOQUY_EMBED_MODEL'))).toEqual([expect.stringContaining('stays with that')])
  })

  it('switches back quickly as a command: the earlier collection still exists', async () => {
    const [answer] = await cliJson(['reembed', '--embed-model', 'lexical'], { dataDir: system.settings.DATA_DIR })
    expect(answer).toMatchObject({ model: 'lexical', before: expect.stringContaining('16-') as string })
    await expect.poll(async () => (await found()).model, { interval: 100 }).toBe('lexical')
    await expect.poll(async () => system.running.searchIndex?.current().store.count('acme', {})).toBe(151)
  })

  it('is needed to switch: a process whose settings name another model searches with the model of the present collection', async () => {
    const other = await launch({ ...(await elsewhere()), EMBED_MODEL: folder }, system.running.kinds, silent)
    const answer = await other.searchIndex?.search({ tenant: 'acme', q: 'late parcel' })
    await other.stop()
    expect(answer).toMatchObject({ model: 'lexical', hits: expect.arrayContaining([expect.objectContaining({ actor: 'c1' })]) as unknown })
  })
})
