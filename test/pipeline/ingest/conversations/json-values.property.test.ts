import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonValues } from '../../../../pipeline/ingest/conversations/json-values.ts'
import { parseJson } from '../../../../schemas/json.ts'
import { cases } from '../../../support/property-cases.ts'

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function valuesIn(text: string, size = 7): Promise<{ values: unknown[]; problems: string[] }> {
  const values: unknown[] = []
  const problems: string[] = []
  for await (const { bytes, problem } of jsonValues(chunksOf(Buffer.from(text), size))) {
    const value = problem === undefined ? parseJson(Buffer.from(bytes).toString()) : undefined
    if (value === undefined) problems.push(problem ?? 'not JSON')
    else values.push(value)
  }
  return { values, problems }
}

/** An object with texts that look like JSON. */
const objects = fc.dictionary(
  fc.string({ maxLength: 5 }),
  fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.stringMatching(/^[[\]{}",:\\\n 你]*$/)),
  { minKeys: 1, maxKeys: 4 },
)
// JSON knows no -0.
const lists = fc.array(objects, { maxLength: 5 }).map((values) => JSON.parse(JSON.stringify(values)) as unknown[])
const layouts: readonly (readonly [name: string, (values: readonly unknown[]) => string])[] = [
  ['lines', (values) => values.map((value) => JSON.stringify(value)).join('\n')],
  ['lines with CRLF and blank lines', (values) => values.map((value) => `${JSON.stringify(value)}\r\n\r\n`).join('')],
  ['an array', (values) => JSON.stringify(values)],
  ['an array laid out over lines', (values) => JSON.stringify(values, undefined, 2)],
  ['values laid out over lines', (values) => values.map((value) => JSON.stringify(value, undefined, 2)).join('\n')],
]

test.each(layouts)('%s: the values come back, however the bytes arrive', async (_, layout) => {
  await fc.assert(
    fc.asyncProperty(lists, fc.integer({ min: 1, max: 50 }), async (values, size) => {
      expect(await valuesIn(layout(values), size)).toEqual({ values, problems: [] })
    }),
    { numRuns: cases(100) },
  )
})

test.each(layouts)('%s, cut at any byte: what is whole comes back, and at most one problem', async (_, layout) => {
  await fc.assert(
    fc.asyncProperty(lists, fc.nat(), async (values, at) => {
      const bytes = Buffer.from(layout(values))
      const cut = bytes.subarray(0, at % (bytes.length + 1))
      const found = await valuesIn(cut.toString(), 1 + (at % 9))
      expect(values.slice(0, found.values.length)).toEqual(found.values)
      expect(found.problems.length).toBeLessThan(2)
      if (found.problems.length === 0 && cut.length === bytes.length) expect(found.values).toEqual(values)
    }),
    { numRuns: cases(100) },
  )
})

test('a line that is cut off or no JSON is a problem, and the next lines go on', async () => {
  const { values, problems } = await valuesIn('garbage\n{"a":"cut\n{"a":1}\n{"b":[1,\n{"a":2}\n{"a":3} {"a":4}\n')
  expect(values).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }, { a: 4 }])
  expect(problems).toHaveLength(3)
})

test('words that are JSON are values, and text after an array is named', async () => {
  for (const text of ['5', '"x"\n', 'null', 'true\r\n']) expect(await valuesIn(text)).toMatchObject({ problems: [] })
  for (const text of ['[{"a":1}] trailing', '[{"a":1}]trailing\n{"a":2}'])
    expect(await valuesIn(text)).toMatchObject({ problems: ['not JSON: there is text after the end of the array'] })
})

test('a value of 50 MB is skipped with bounded memory, in a line and in an array', async () => {
  const long = `{"a":"${'x'.repeat(50 * 1024 * 1024)}"}`
  for (const text of [`{"a":1}\n${long}\n{"a":2}\n`, `[{"a":1},${long},{"a":2}]`, `{"a":1}\n${'x'.repeat(50 * 1024 * 1024)}\n{"a":2}`]) {
    const { values, problems } = await valuesIn(text, 65_536)
    expect(values).toEqual([{ a: 1 }, { a: 2 }])
    expect(problems).toEqual([expect.stringMatching(/^it has \d+ bytes; at most 16777216 are allowed$/)])
  }
})
