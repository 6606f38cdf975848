import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kindsByName } from '../../../actors/definition/kind.ts'
import { launch } from '../../../infra/app/launch.ts'
import { lockDataFolder } from '../../../infra/servers/data-folder.ts'
import { loadSettings } from '../../../infra/settings.ts'
import { isProcessAlive } from '../../../pipeline/runtime/process-alive.ts'
import { codeOf } from '../../../schemas/errors.ts'
import { TABLES } from '../../../schemas/tables.ts'
import { caughtUp, publishAll, readLog, rows } from '../../support/system-assertions.ts'
import { settingsFor, startSystem, type System, temporaryFolder } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

let dataDir: string
let system: System
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'colloquy-launch-'))
  system = await startSystem({ kinds: [toyKind], dataDir })
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true, force: true })
})

/** Settings with which another process uses the servers of this one. */
const serversByUrl = async () => ({
  NATS_URL: system.running.nats.url,
  NATS_USER: 'colloquy',
  NATS_PASSWORD: (await readFile(join(dataDir, 'nats-password'), 'utf8')).trim(),
  CLICKHOUSE_URL: system.running.clickhouse?.url ?? '',
  CLICKHOUSE_USER: 'colloquy',
  CLICKHOUSE_PASSWORD: (await readFile(join(dataDir, 'clickhouse-password'), 'utf8')).trim(),
})
const refusal = async (settings: Record<string, string>, kinds = [toyKind]): Promise<unknown> =>
  startSystem({ kinds, settings: { ...(await serversByUrl()), ...settings } }).then(async (started) => {
    await started.stop()
    return 'started'
  }, codeOf)

describe('a start', () => {
  test('creates every table with comments on the table and on every column', async () => {
    const columns = await rows<{ table: string; name: string; comment: string }>(
      system,
      `SELECT table, name, comment FROM system.columns WHERE database = 'colloquy' AND table NOT LIKE '%_rows'`,
    )
    for (const [table, { columns: wanted }] of Object.entries(TABLES)) {
      const comments = new Map(columns.filter((column) => column.table === table).map(({ name, comment }) => [name, comment]))
      for (const [name, { comment }] of Object.entries(wanted)) expect(comments.get(name), `${table}.${name}`).toBe(comment)
    }
    expect(await rows(system, `SELECT name FROM system.tables WHERE database = 'colloquy' AND comment = ''`)).toEqual([])
  })

  test('is refused with another number of partitions than that of the streams', async () => {
    expect(await refusal({ PARTITIONS: '32' })).toBe('partitions_fixed')
  })

  test('is refused without a kind that is in use', async () => {
    expect(await refusal({}, [])).toBe('kind_missing')
  })

  test('uses servers named by URL like embedded ones', async () => {
    const second = await startSystem({ kinds: [toyKind], settings: { ...(await serversByUrl()), ROLES: 'host' } })
    await publishAll(second, [{ subject: 'in.acme.toy.by-url', body: { type: 'add', data: { by: 3 } } }])
    await caughtUp(second)
    await second.stop()
    // Only now: before, the tables may have been caught up with a log to which the other process had not yet appended.
    await caughtUp(system)
    expect((await readLog(system)).filter((entry) => entry.actor === 'acme/toy/by-url')).toHaveLength(1)
    expect(await rows(system, `SELECT label.count AS count FROM actors WHERE actor = 'by-url'`)).toEqual([{ count: 3 }])
  })

  test('creates its database in a ClickHouse named by URL', async () => {
    const second = await startSystem({
      kinds: [toyKind],
      settings: { ...(await serversByUrl()), ROLES: 'project', CLICKHOUSE_DATABASE: 'another' },
    })
    await caughtUp(system)
    const expected = await rows(system, 'SELECT count() AS n FROM colloquy.events')
    await expect.poll(() => rows(second, 'SELECT count() AS n FROM another.events')).toEqual(expected)
    await second.stop()
  })

  test('is refused if a NATS named by URL does not answer, or a ClickHouse refuses the login', async () => {
    expect(await refusal({ NATS_URL: 'nats://127.0.0.1:1' })).toBe('nats_unreachable')
    const { CLICKHOUSE_URL } = await serversByUrl()
    expect(await refusal({ CLICKHOUSE_URL, CLICKHOUSE_USER: 'nobody' })).toBe('clickhouse_unreachable')
  })

  test('that is interrupted stops what has started, and starts nothing more', async () => {
    const folder = await temporaryFolder()
    const { settings } = loadSettings({}, settingsFor(folder))
    const interrupted = new AbortController()
    const lines: string[] = []
    const onLine = (line: string): void => {
      lines.push(line)
      if (line.includes('nats-server')) interrupted.abort(new Error('no more'))
    }
    const log = pino({ level: 'debug' }, { write: onLine })
    await expect(launch(settings, kindsByName([toyKind]), log, { signal: interrupted.signal })).rejects.toThrow('no more')
    expect(lines.join('')).not.toContain('acquired partitions')
    const server = Number(await readFile(join(folder, 'nats.pid'), 'utf8'))
    expect([server > 0, isProcessAlive(server)]).toEqual([true, false])
    ;(await lockDataFolder(folder)).release()
    await rm(folder, { recursive: true, force: true })
  })

  test('is refused on a data folder in use', async () => {
    await expect(startSystem({ kinds: [toyKind], dataDir })).rejects.toMatchObject({ code: 'data_dir_in_use' })
  })
})
