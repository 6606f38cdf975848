import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type EventRow, openEvents } from '../../../../pipeline/ingest/events/event-file.ts'
import { parseLine } from '../../../../pipeline/ingest/events/json-column.ts'
import { createEventReader } from '../../../../pipeline/ingest/events/read-event.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'events-'))
})
afterAll(() => rm(folder, { recursive: true }))

const SCHEMAS = new Map([
  [
    'post',
    {
      'post.liked': z.toJSONSchema(
        z.object({ by: z.string().regex(/^[a-z]+$/), stars: z.int().max(5).optional(), old: z.boolean().optional() }),
      ),
    },
  ],
])
const rowsOf = async (name: string, content: string | Uint8Array): Promise<EventRow[]> => {
  const path = join(folder, name)
  await writeFile(path, content)
  const { rows } = await openEvents(path)
  const found: EventRow[] = []
  for await (const row of rows()) found.push(row)
  return found
}
const readAll = async (name: string, content: string | Uint8Array) => {
  const reader = createEventReader({ tenant: 'acme', kind: 'post', source: 'file', schemas: SCHEMAS, isCsv: name.includes('.csv') })
  return (await rowsOf(name, content)).map(reader)
}
const line = (more: object = {}): string => JSON.stringify({ actor: 'x-1', type: 'post.liked', data: { by: 'bob' }, ...more })

test.each([
  ['{"a": tru}', 7],
  ['{"a":1,}', 8],
  ['{"a": }', 7],
  ['{"a":1', 7],
  ['{a:1}', 2],
  ['[1 2]', 4],
  ['', 1],
])('%s is no JSON at column %i', (text, column) => {
  expect(parseLine(text)).toMatchObject({ column })
})

describe('lines of JSON', () => {
  test('are events with the file as source and the line as sequence', async () => {
    const events = await readAll('good.jsonl', `${line()}\n\n${line({ id: 'mine', time: '2026-01-02T03:04:05Z' })}\n`)
    expect(events).toMatchObject([
      { line: 1, address: { tenant: 'acme', kind: 'post', id: 'x-1' }, input: { id: 'line-1', source: 'file', sequence: 1 } },
      { line: 3, input: { id: 'mine', sequence: 3, time: '2026-01-02T03:04:05Z', data: { by: 'bob' } } },
    ])
  })

  test('that are wrong are told with line and column', async () => {
    const lines = [
      '{"actor": "x-1", "type": post.liked}',
      '[1]',
      line({ actor: 'not a token' }),
      line({ type: 'post.lied' }),
      line({ data: { by: 'BOB' } }),
      line({ data: { by: 'bob', stars: 9 } }),
      line({ kind: 'nothing' }),
      line({ time: 'yesterday' }),
      line({ color: 'red' }),
      line({ data: { by: 'x'.repeat(300_000) } }),
    ]
    expect(await readAll('bad.jsonl', lines.join('\n'))).toMatchObject([
      { line: 1, column: 26, problem: expect.stringContaining('Unexpected token') as string },
      { line: 2, column: 1, problem: 'the line must be a JSON object' },
      { line: 3, column: 2, problem: expect.stringContaining('actor: must match') as string },
      { line: 4, problem: 'type: the kind post takes no "post.lied"' },
      { line: 5, column: 44, problem: expect.stringContaining('data.by: must match') as string },
      { line: 6, column: 55, problem: 'data.stars: must be at most 5' },
      { line: 7, problem: 'kind: no kind "nothing" is in use' },
      { line: 8, problem: expect.stringContaining('time: ') as string },
      { line: 9, problem: expect.stringContaining('color') as string },
      { line: 10, problem: expect.stringContaining('at most 262144 are allowed') as string },
    ])
  })

  test('may be compressed', async () => {
    expect(await readAll('good.jsonl.gz', gzipSync(`${line()}\n${line()}`))).toHaveLength(2)
  })
})

describe('records of CSV', () => {
  test('are events with a field for each other column, of the types that the schema wants', async () => {
    const csv = '\uFEFFactor,type,by,stars,old,time\nx-1,post.liked,bob,4,true,\n"x-2",post.liked,"eve",,,2026-01-02T03:04:05Z\n'
    expect(await readAll('good.csv', csv)).toMatchObject([
      { line: 2, address: { id: 'x-1' }, input: { sequence: 2, data: { by: 'bob', stars: 4, old: true } } },
      { line: 3, address: { id: 'x-2' }, input: { data: { by: 'eve' }, time: '2026-01-02T03:04:05Z' } },
    ])
  })

  test('that are wrong are told with line and cell', async () => {
    const csv = 'actor,type,by\nx-1,post.liked\nx-1,post.liked,BOB\nx-1,post.liked,bob,4\nx-1,post.liked,"bob\nx-1'
    expect(await readAll('bad.csv', csv)).toMatchObject([
      { line: 2, column: 3, problem: 'the record has 2 cells; the first line has 3' },
      { line: 3, column: 3, problem: expect.stringContaining('data.by') as string },
      { line: 4, column: 4 },
      { problem: expect.stringContaining('nothing after it can be read') as string },
    ])
  })

  test('without a column that is needed are refused', async () => {
    await expect(rowsOf('none.csv', 'a,b\n1,2\n')).rejects.toMatchObject({ code: 'bad_file' })
  })
})

test('a file that is not there is refused', async () => {
  await expect(openEvents(join(folder, 'none.jsonl'))).rejects.toMatchObject({ code: 'bad_file' })
})
