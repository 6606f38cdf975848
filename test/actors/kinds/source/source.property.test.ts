import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sourceKind } from '../../../../actors/kinds/source/kind.ts'
import { contextSchema, emptyContext, idsIn } from '../../../../actors/kinds/source/revision.ts'
import { explore } from '../../../../actors/testkit/explore/explore.ts'
import { given } from '../../../../actors/testkit/scenario.ts'
import { knowledgeOf } from '../../../../pipeline/indexer/knowledge-texts.ts'
import { documentPartsOf } from '../../../../pipeline/ingest/document-parts.ts'
import { actorIdOf } from '../../../../schemas/actor-id.ts'
import { chunkIdOf, KNOWLEDGE_LIMITS, knowledgeChanged, type SourceTaught } from '../../../../schemas/knowledge-events.ts'
import { LIMITS } from '../../../../schemas/limits.ts'
import { TOKEN } from '../../../../schemas/subjects.ts'

const ids = (...texts: string[]): string[] => texts.map(chunkIdOf)
const taught = (revision: string, chunks: string[], more: object = {}) => ({ source: 'faq', revision, chunks, ...more })

describe('a source', () => {
  const first = given(sourceKind).when('source.taught', taught('r1', ['A', 'B', 'A']))

  test('has the chunks of its upload; equal texts are one chunk', () => {
    first.thenState('known').thenEmitted('knowledge.changed', { source: 'faq', revision: 'r1', added: ids('A', 'B'), removed: [] })
  })

  test('replaces only changed chunks, and ignores an identical upload', () => {
    first
      .when('source.taught', taught('r2', ['B', 'C']))
      .thenEmitted('knowledge.changed', { source: 'faq', revision: 'r2', added: ids('C'), removed: ids('A') })
      .when('source.taught', taught('r2', ['B', 'C']))
      .thenNotEmitted()
  })

  test('keeps its chunks until all parts of a change have arrived', () => {
    first
      .when('source.taught', taught('r2', ['C'], { part: 1, parts: 2 }))
      .thenState('arriving')
      .thenEmitted('knowledge.changed', { source: 'faq', revision: 'r1', added: ids('C'), removed: [] })
      .when('source.taught', taught('r2', ['B'], { part: 2, parts: 2 }))
      .thenState('known')
      .thenEmitted('knowledge.changed', { source: 'faq', revision: 'r2', added: [], removed: ids('A') })
  })

  test('ignores parts out of order, and drops an incomplete change when the next one starts', () => {
    const started = first.when('source.taught', taught('r2', ['C'], { part: 1, parts: 3 }))
    started
      .when('source.taught', taught('r2', ['D'], { part: 3, parts: 3 }))
      .thenState('arriving')
      .thenNotEmitted()
    started
      .when('source.taught', taught('r1', ['A', 'B']))
      .thenState('known')
      .thenEmitted('knowledge.changed', { source: 'faq', revision: 'r1', added: [], removed: ids('C') })
    first
      .when('source.taught', taught('r2', ['D'], { part: 2, parts: 2 }))
      .thenState('known')
      .thenNotEmitted()
  })

  test('removes all chunks, also those of an incomplete change, and accepts uploads afterwards', () => {
    first
      .when('source.taught', taught('r2', ['C'], { part: 1, parts: 2 }))
      .when('source.forgotten', {})
      .thenState('forgotten')
      .thenEmitted('knowledge.changed', { source: 'faq', revision: null, added: [], removed: ids('A', 'B', 'C') })
      .when('source.forgotten', {})
      .thenNotEmitted()
      .when('source.taught', taught('r1', ['A']))
      .thenState('known')
      .thenEmitted('knowledge.changed', { source: 'faq', revision: 'r1', added: ids('A'), removed: [] })
  })

  test('is named after its actor by default, and needs nothing but chunks', () => {
    given(sourceKind)
      .when('source.taught', { chunks: ['A'] })
      .thenState('known')
      .when('source.taught', { chunks: ['B'] })
      .thenEmitted('knowledge.changed', { revision: '', added: ids('B'), removed: ids('A') })
  })

  test('has the tags of its last upload, and tells them as long as it has or had any', () => {
    const tags = { product: 'otter', lang: 'zh' }
    const tagged = first.when('source.taught', taught('r2', ['A', 'B'], { tags }))
    tagged.thenEmitted('knowledge.changed', { source: 'faq', revision: 'r2', added: [], removed: [], tags })
    expect(tagged.records.at(-1)?.label).toMatchObject({ tags: JSON.stringify(tags) })
    const without = tagged.when('source.taught', taught('r3', ['A', 'B']))
    without.thenEmitted('knowledge.changed', { source: 'faq', revision: 'r3', added: [], removed: [], tags: {} })
    without
      .when('source.taught', taught('r4', ['A']))
      .thenEmitted('knowledge.changed', { source: 'faq', revision: 'r4', added: [], removed: ids('B') })
    tagged
      .when('source.forgotten', {})
      .thenEmitted('knowledge.changed', { source: 'faq', revision: null, added: [], removed: ids('A', 'B'), tags: {} })
    tagged
      .when('source.taught', taught('r5', ['C'], { part: 1, parts: 2, tags: { product: 'beaver' } }))
      .thenEmitted('knowledge.changed', { source: 'faq', revision: 'r2', added: ids('C'), removed: [], tags: { product: 'beaver' } })
  })

  test('of version 1 has no tags', () => {
    const { tags: _tags, ...context } = emptyContext('faq')
    expect(sourceKind.migrate[1]?.({ value: 'known', context })).toEqual({ value: 'known', context: emptyContext('faq') })
  })

  test('refuses more tags than it may have', () => {
    const tags = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`k${index}`, 'v']))
    first.when('source.taught', taught('r2', ['A'], { tags })).thenRejected('bad_data')
  })

  test('survives random walks without a fault', () => {
    explore(sourceKind, { runs: 8 })
  })
})

test('in any order of inputs, the events add and remove exactly the chunks of the state; the last complete revision is known', () => {
  const text = fc.constantFrom('A', 'B', 'C', 'D', 'E')
  const step = fc.oneof(
    { weight: 1, arbitrary: fc.constant(undefined) },
    {
      weight: 6,
      arbitrary: fc
        .record({
          revision: fc.constantFrom('r1', 'r2', 'r3'),
          part: fc.integer({ min: 1, max: 3 }),
          parts: fc.integer({ min: 1, max: 3 }),
          chunks: fc.array(text, { minLength: 1, maxLength: 4 }),
        })
        .filter(({ part, parts }) => part <= parts),
    },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const found = new Set<string>()
      let scenario = given(sourceKind)
      for (const one of steps) {
        scenario = one === undefined ? scenario.when('source.forgotten', {}) : scenario.when('source.taught', { source: 'faq', ...one })
        const record = scenario.records.at(-1)
        const change = knowledgeChanged.optional().parse(record?.emitted[0]?.data)
        for (const id of change?.removed ?? []) expect(found.delete(id)).toBe(true)
        for (const id of change?.added ?? []) {
          expect(found.has(id)).toBe(false)
          found.add(id)
        }
        const context = contextSchema.parse(record?.state?.context)
        expect(found).toEqual(idsIn(context.chunks).union(idsIn(context.coming?.chunks)))
        if (record?.state?.value === 'known' && change !== undefined && one !== undefined && one.parts === 1) {
          expect(found).toEqual(new Set(one.chunks.map(chunkIdOf)))
        }
      }
    }),
    { numRuns: 80 },
  )
})

describe('a document as inputs', () => {
  const sizes = (parts: readonly SourceTaught[]): number[] =>
    parts.map((data) => Buffer.byteLength(JSON.stringify({ type: 'source.taught', id: 'x'.repeat(64), source: 'learn', data })))

  test('of any size has parts within the limit of INBOX, with all chunks in order', () => {
    for (const chunks of [
      ['one'],
      Array.from({ length: 1_000 }, (_, index) => `${index} ${'字'.repeat(400)}`),
      Array.from({ length: 200 }, (_, index) => `${index}${'\u0001"\\'.repeat(1_300)}`),
    ]) {
      const tags = Object.fromEntries(Array.from({ length: 14 }, (_, index) => [`k${index}`, '"'.repeat(128)]))
      const { parts } = documentPartsOf({ source: 's'.repeat(1_024), title: '题'.repeat(300), url: 'u'.repeat(2_048), tags, chunks })
      expect(parts.map((part) => part.tags)).toEqual(parts.map(() => tags))
      expect(parts.flatMap((part) => part.chunks)).toEqual(chunks)
      expect(parts.map(({ from }) => from)).toEqual(
        parts.map((_, index) => parts.slice(0, index).reduce((sum, part) => sum + part.chunks.length, 0)),
      )
      expect(Math.max(...sizes(parts))).toBeLessThanOrEqual(LIMITS.inputBytesMax)
    }
  })

  test('of the largest size, replaced by another of that size, stays far below the limits of a state and a record', () => {
    const teach = (mark: string) =>
      documentPartsOf({
        source: '字'.repeat(KNOWLEDGE_LIMITS.sourceCharsMax),
        title: '题'.repeat(KNOWLEDGE_LIMITS.titleCharsMax),
        url: '网'.repeat(KNOWLEDGE_LIMITS.urlCharsMax),
        tags: Object.fromEntries(Array.from({ length: 15 }, (_, index) => [`k${index}`, '字'.repeat(84)])),
        chunks: Array.from({ length: KNOWLEDGE_LIMITS.chunksMax }, (_, index) => `${mark} ${index} ${'x'.repeat(900)}`),
      }).parts
    let scenario = given(sourceKind)
    for (const part of [...teach('old'), ...teach('new')]) scenario = scenario.when('source.taught', part)
    scenario.thenState('known')
    for (const record of scenario.records) {
      expect(Buffer.byteLength(JSON.stringify(record.state))).toBeLessThan(LIMITS.stateBytesMax)
      expect(Buffer.byteLength(JSON.stringify(record))).toBeLessThan(LIMITS.recordBytesMax)
    }
  })

  test('has a revision of its own for other tags in any order, and without tags that of earlier versions', () => {
    const revisionOf = (tags?: Readonly<Record<string, string>>): string => documentPartsOf({ source: 'faq', tags, chunks: ['A'] }).revision
    expect(revisionOf()).toBe(revisionOf({}))
    expect(revisionOf()).toBe('cmBXh5gufezApohgKgFAIB')
    expect(revisionOf({ a: '1', b: '2' })).toBe(revisionOf({ b: '2', a: '1' }))
    expect(new Set([revisionOf(), revisionOf({ a: '1' }), revisionOf({ a: '2' }), revisionOf({ b: '1' })]).size).toBe(4)
  })

  test('without a text, or with too much of it, is refused', () => {
    expect(() => documentPartsOf({ source: 'a', chunks: [] })).toThrow('has no text')
    expect(() =>
      documentPartsOf({ source: 'a', chunks: Array.from({ length: KNOWLEDGE_LIMITS.chunksMax + 1 }, (_, index) => `${index}`) }),
    ).toThrow('at most')
  })
})

test('every source has its own actor, with a readable id where possible', () => {
  expect(actorIdOf('faq-12')).toBe('faq-12')
  expect(actorIdOf('docs/faq.md')).toMatch(/^docs-faq-md--[\w-]{22}$/)
  expect(actorIdOf(actorIdOf('docs/faq.md'))).not.toBe(actorIdOf('docs/faq.md'))
  const names = fc.constantFrom('退货.md', '/', '--', 'a'.repeat(500), 'a--0123456789012345678901')
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }), names), (source) => {
      expect(actorIdOf(source)).toMatch(TOKEN)
      expect(actorIdOf(`${source} `)).not.toBe(actorIdOf(source))
    }),
  )
})

test("the indexer takes the chunks of a record, and ignores a user's kind of the same name", () => {
  const address = { tenant: 'acme', kind: 'source', id: 'faq' }
  const [record] = given(sourceKind).when('source.taught', taught('r1', ['How long?', '多久能到？', 'How long?'], { from: 7 })).records
  if (record === undefined) throw new Error('no record')
  const { texts, forgotten } = knowledgeOf(address, record, 12)
  expect(texts).toMatchObject([
    { key: `acme/source/faq/${chunkIdOf('How long?')}`, in: 'knowledge', source: 'faq', chunk: 7, lang: 'en', seq: 12, text: 'How long?' },
    { chunk: 8, lang: 'zh', text: '多久能到？' },
  ])
  expect(forgotten).toEqual([])
  const [tagged] = given(sourceKind).when('source.taught', taught('r1', ['A'], { tags: { lang: 'zh' } })).records
  if (tagged === undefined) throw new Error('no record')
  expect(knowledgeOf(address, tagged, 12).tags).toEqual({ tenant: 'acme', actor: 'faq', seq: 12, tags: { lang: 'zh' } })
  expect(knowledgeOf(address, record, 12).tags).toBeUndefined()
  expect(knowledgeOf({ ...address, kind: 'other' }, record, 12)).toEqual({ texts: [], forgotten: [] })
  expect(knowledgeOf(address, { ...record, emitted: [{ id: 'x', type: 'knowledge.changed', data: { added: 'all' } }] }, 12)).toEqual({
    texts: [],
    forgotten: [],
  })
})
