import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { byIntent, readExampleFile } from '../../../../pipeline/ingest/intents/example-file.ts'
import { planTeach } from '../../../../pipeline/ingest/intents/teach-plan.ts'
import { exampleIdOf, INTENT_LIMITS } from '../../../../schemas/intent-events.ts'
import { temporaryFolder } from '../../../support/test-system.ts'

let folder: string
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => rm(folder, { recursive: true }))

const read = async (name: string, content: string | Uint8Array) => {
  const path = join(folder, name)
  await writeFile(path, content)
  return readExampleFile(path)
}

test('JSON lines may have one intent, several or none, a mark at their start, and be compressed', async () => {
  const lines =
    '\uFEFF{"text": " 我要退货 ", "intent": "退货"}\n\n{"text": "both", "intents": ["a", "b", "a"]}\r\n{"text": "rain?", "intent": "oos"}\n'
  const examples = [
    { text: '我要退货', intents: ['退货'] },
    { text: 'both', intents: ['a', 'b'] },
    { text: 'rain?', intents: [] },
  ]
  expect(await read('a.jsonl', lines)).toEqual({ examples, bad: [] })
  expect(await read('a.jsonl.gz', gzipSync(lines))).toEqual({ examples, bad: [] })
  expect([...byIntent(examples).keys()]).toEqual(['退货', 'a', 'b', 'out_of_scope'])
})

test('a CSV file needs a header that names its columns', async () => {
  expect(await read('a.csv', 'Intent;Text\nreturns;"Send it back; now"\na | b;both\n;rain?\n')).toEqual({
    examples: [
      { text: 'Send it back; now', intents: ['returns'] },
      { text: 'both', intents: ['a', 'b'] },
      { text: 'rain?', intents: [] },
    ],
    bad: [],
  })
  await expect(read('b.csv', 'x,y\n1,2\n')).rejects.toMatchObject({ code: 'bad_file' })
  await expect(readExampleFile(join(folder, 'none.csv'))).rejects.toMatchObject({ code: 'bad_file' })
})

test('a line that is no example is named with what is wrong', async () => {
  const long = JSON.stringify({ text: 'x'.repeat(INTENT_LIMITS.exampleCharsMax + 1), intent: 'a' })
  const { examples, bad } = await read(
    'c.jsonl',
    `{"text": ""}\n[]\n${long}\n{"text":"\\ud800","intent":"a"}\n{"text":"x","intent":"${'n'.repeat(65)}"}`,
  )
  expect(examples).toEqual([])
  expect(bad.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5])
  expect(bad[3]?.problem).toContain('half a character')
})

test('a plan sends what differs, in parts, and refuses what no set can hold', () => {
  const wanted = (count: number, chars = 10) => new Set(Array.from({ length: count }, (_, index) => `${index} ${'长'.repeat(chars)}`))
  const present = new Map([['a', new Set([exampleIdOf('old'), exampleIdOf('kept')])]])
  expect(planTeach(new Map([['a', new Set(['kept', 'new'])]]), present, { forgotten: [] })).toEqual({
    parts: [{ intent: 'a', add: ['new'], remove: [exampleIdOf('old')] }],
    added: 1,
    removed: 1,
  })
  expect(planTeach(new Map([['a', new Set(['kept', 'new'])]]), present, { forgotten: [], keepsOthers: true })).toMatchObject({
    parts: [{ intent: 'a', add: ['new'], remove: [] }],
    removed: 0,
  })
  const refused = { forgotten: [], countedBySet: new Map([['a', 0]]) }
  expect(planTeach(new Map([['a', new Set(['old', 'kept'])]]), present, refused).parts).toEqual([{ intent: 'a', add: [], remove: [] }])
  const large = planTeach(new Map([['b', wanted(500, 300)]]), present, { forgotten: ['a'] })
  expect(large.parts.length).toBeGreaterThan(4)
  for (const { add = [] } of large.parts) expect(Buffer.byteLength(add.join())).toBeLessThan(110_000)
  expect([large.added, large.removed]).toEqual([500, 2])
  expect(() => planTeach(new Map([['b', wanted(2_501)]]), present, { forgotten: [] })).toThrow(
    '"b" would have 2501 examples; at most 2500 an intent',
  )
  const many = new Map(Array.from({ length: 1_001 }, (_, index) => [`i${index}`, wanted(1)] as const))
  expect(() => planTeach(many, new Map(), { forgotten: [] })).toThrow('the set would have 1001 intents; at most 1000 a set')
  const huge = new Map(Array.from({ length: 41 }, (_, index) => [`i${index}`, wanted(2_500)] as const))
  expect(() => planTeach(huge, new Map(), { forgotten: [] })).toThrow('the set would have 102500 examples; at most 100000 a set')
})
