import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { viewedKinds } from '../../../infra/app/kind-registry.ts'
import { collectionOf, tablesOf } from '../../../pipeline/search/clickhouse/point-tables.ts'
import { type Access, accessOf, type ObjectKind } from '../../../schemas/analyst-access.ts'
import { createdNames, createStatement } from '../../../schemas/ddl.ts'
import { TABLE_NAMES } from '../../../schemas/tables.ts'
import { typedViews } from '../../../schemas/typed-views.ts'
import { VIEWS } from '../../../schemas/views.ts'
import { cliJson } from '../../support/run-cli.ts'
import { caughtUp, publishAll, rows } from '../../support/system-assertions.ts'
import { startSystem, type System } from '../../support/test-system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem()
  await publishAll(system, [
    { subject: 'in.acme.support.c1', body: { type: 'message.received', data: { role: 'user', text: 'a parcel' } } },
  ])
  await caughtUp(system)
  await cliJson(['rebuild'], { dataDir: system.settings.DATA_DIR })
})
afterAll(() => system.stop())

interface Found {
  readonly name: string
  readonly engine: string
}
const found = (): Promise<Found[]> => rows<Found>(system, "SELECT name, engine FROM system.tables WHERE database = 'colloquy'")

const kindOf = (engine: string): ObjectKind => (engine === 'View' ? 'VIEW' : engine === 'MaterializedView' ? 'MATERIALIZED VIEW' : 'TABLE')

/** Names in the database that no creating function knows. */
async function madeOtherwise(): Promise<string[]> {
  const all = (await found()).map(({ name }) => name)
  const collections = all.map(collectionOf).filter((names) => names !== undefined)
  const known = new Set<string>([
    ...createdNames(),
    ...typedViews(await viewedKinds(system.running.kv)).map(({ name }) => name),
    ...collections.map(tablesOf).flatMap(({ required, added }) => [...required, ...added]),
  ])
  return all.filter((name) => !known.has(name))
}

async function asAnalyst(user: string, query: string): Promise<{ readonly code: string | null; readonly text: string }> {
  const answer = await fetch(`${system.running.clickhouse?.url}/?user=${user}`, { method: 'POST', body: query })
  return { code: answer.headers.get('x-clickhouse-exception-code'), text: await answer.text() }
}
const listed = async (user: string, query: string): Promise<string[]> =>
  (await asAnalyst(user, query)).text
    .split('\n')
    .filter((line) => line !== '')
    .sort()

test('everything in the database was created with its access, and a table made otherwise is found', async () => {
  expect(await madeOtherwise()).toEqual([])
  await system.running.client?.command({ query: 'CREATE TABLE stray (n Int8) ENGINE = MergeTree ORDER BY n' })
  expect(await madeOtherwise()).toEqual(['stray'])
  // Lists show views only, so that it is not shown by accident.
  expect(await listed('analyst', 'SHOW TABLES')).not.toContain('stray')
  await system.running.client?.command({ query: 'DROP TABLE stray SYNC' })
})

test.each(['analyst', 'default'])('%s gets the access to every table and view that its creator states', async (user) => {
  const names = await found()
  expect(names.map(({ name }) => accessOf(kindOf('MergeTree'), name))).toContain('closed')
  const shown = new Set(await listed(user, 'SHOW TABLES'))
  const access: Record<string, Access> = {}
  for (const { name } of names) {
    // A parameterised view is read by a call.
    const { code } = await asAnalyst(user, `SELECT 1 FROM ${name === 'complete_to' ? 'complete_to(seq = 0)' : name} LIMIT 0`)
    if (code !== null) expect(code, name).toBe('497')
    access[name] = shown.has(name) ? 'shown' : code === null ? 'behind' : 'closed'
  }
  expect(access).toEqual(Object.fromEntries(names.map(({ name, engine }) => [name, accessOf(kindOf(engine), name)])))
  expect([...shown]).toEqual(expect.arrayContaining([...TABLE_NAMES, ...Object.keys(VIEWS), 'freshness', 'complete_to', 'support_actors']))
  expect([...shown].filter((name) => /_rows$|^memory_|generations|^(progress|migrations|repairs)$/.test(name))).toEqual([])
})

test.each(['analyst', 'default'])('the lists that tools of %s read have the views only', async (user) => {
  const shown = await listed(user, 'SHOW TABLES')
  for (const query of [
    "SELECT name FROM system.tables WHERE database = 'colloquy'",
    "SELECT DISTINCT table FROM system.columns WHERE database = 'colloquy'",
    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'colloquy'",
    "SELECT DISTINCT table_name FROM INFORMATION_SCHEMA.columns WHERE table_schema = 'colloquy'",
    "SELECT name FROM system.tables WHERE database = 'colloquy' AND engine = 'View'",
  ]) {
    // A parameterised view has no columns before it is called.
    expect(await listed(user, query), query).toEqual(query.includes('columns') ? shown.filter((name) => name !== 'complete_to') : shown)
  }
  for (const table of ['parts', 'parts_columns', 'data_skipping_indices', 'projections', 'mutations']) {
    expect(await listed(user, `SELECT table FROM system.${table} WHERE database = 'colloquy'`), table).toEqual([])
  }
  // What editors complete a word with.
  const completed = await listed(user, "SELECT word FROM system.completions WHERE context = 'table' AND belongs = 'colloquy'")
  expect(completed).toEqual(shown)
  const ofColumns = await listed(user, "SELECT DISTINCT belongs FROM system.completions WHERE context = 'column'")
  expect(ofColumns).toEqual(expect.arrayContaining(['events', 'support_actors']))
  expect(ofColumns.filter((table) => /_rows$|^memory_|^(generations|progress|migrations|repairs)$/.test(table))).toEqual([])
  expect(await listed(user, "SELECT word FROM system.completions WHERE word = 'generation'")).toEqual([])
  // Columns keep their comments.
  const comments = await listed(user, "SELECT comment FROM system.columns WHERE table = 'actors' AND name = 'label_raw'")
  expect(comments).toEqual(['Facts from the kind as exact JSON text, for formats and clients without JSON columns'])
})

test('a creator cannot state an access that the name does not get', () => {
  expect(() => createStatement('VIEW', 'memory_x', 'shown', 'AS SELECT 1')).toThrow('the view memory_x would be closed for analysts')
  expect(() => createStatement('TABLE', 'x_rows', 'closed', '(n Int8)')).toThrow('would be behind')
})

test('no other place in the code creates a table or view', async () => {
  const root = fileURLToPath(new URL('../../..', import.meta.url))
  const creating: string[] = []
  for (const folder of ['schemas', 'actors', 'pipeline', 'infra']) {
    for (const file of await readdir(join(root, folder), { recursive: true })) {
      if (!file.endsWith('.ts')) continue
      const text = await readFile(join(root, folder, file), 'utf8')
      if (/CREATE (OR REPLACE )?(MATERIALIZED )?(TABLE|VIEW|DICTIONARY)\b/.test(text)) creating.push(`${folder}/${file}`)
    }
  }
  expect(creating).toEqual(['schemas/ddl.ts'])
})

test.each(['ORC', 'Avro', 'MsgPack', 'BSONEachRow'])(
  'the format %s, which has no JSON columns, takes every table by its text twins',
  async (format) => {
    const columns = await rows<{ table: string; name: string; type: string }>(
      system,
      `SELECT table, name, type FROM system.columns WHERE database = 'colloquy'
     AND table IN (SELECT name FROM system.tables WHERE database = 'colloquy' AND engine = 'View')`,
    )
    const json = columns.filter(({ type }) => type.startsWith('JSON'))
    expect(json.map(({ table, name }) => `${table}.${name}`).sort()).toEqual(['actors.label', 'events.data'])
    for (const { table, name } of json) {
      expect(columns).toContainEqual({ table, name: `${name}_raw`, type: 'String' })
      expect((await asAnalyst('analyst', `SELECT ${name} FROM ${table} FORMAT ${format}`)).code, table).not.toBeNull()
    }
    for (const table of new Set(columns.map(({ table }) => table))) {
      const except = json.filter((column) => column.table === table).map(({ name }) => `EXCEPT ${name}`)
      expect((await asAnalyst('analyst', `SELECT * ${except.join(' ')} FROM ${table} FORMAT ${format}`)).code, table).toBeNull()
    }
  },
)
