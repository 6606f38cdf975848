import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chunkDocument, FORMATS } from '../../../../pipeline/ingest/chunking/chunk-document.ts'
import { sizeOf } from '../../../../pipeline/ingest/chunking/pack-chunks.ts'
import { chunkIdOf, KNOWLEDGE_LIMITS, splitHeading } from '../../../../schemas/knowledge-events.ts'
import { cases } from '../../../support/property-cases.ts'

/** Distinct sentences, so that each can be found in the chunks. */
const english = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => {
    const end = index % 3 === 0 ? 'and "sealed."' : 'then sent!'
    return `Rule ${from + index} says that part ${((from + index) * 7919) % 10_007} of the parcel is weighed, ${end}`
  })
const chinese = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => {
    const end = index % 3 === 0 ? '。”' : '！'
    return `第${from + index}条规定：编号${((from + index) * 7919) % 10_007}的包裹要先称重，再由客服人员登记${end}`
  })

const textOf = (sentences: readonly string[], perParagraph: number, between: string): string =>
  sentences.map((sentence, index) => `${sentence}${(index + 1) % perParagraph === 0 ? '\n\n' : between}`).join('')

describe('chunks of a text', () => {
  const languages = [
    ['English', english, ' '],
    ['Chinese', chinese, ''],
  ] as const
  it.each(languages)('cover it, have a bounded size, and end with sentences: %s', (_, sentences, between) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 60 }), (count, perParagraph) => {
        const all = sentences(0, count)
        const { chunks } = chunkDocument('text', textOf(all, perParagraph, between))
        for (const sentence of all)
          expect(
            chunks.some((chunk) => chunk.includes(sentence)),
            sentence,
          ).toBe(true)
        for (const chunk of chunks) {
          expect(sizeOf(chunk)).toBeLessThanOrEqual(345)
          expect(chunk).toMatch(/[.!"。！”]$/)
          expect(chunk).toMatch(/^(Rule|第)/)
        }
        // The overlap is bounded.
        expect(chunks.reduce((sum, chunk) => sum + sizeOf(chunk), 0)).toBeLessThan(sizeOf(all.join(between)) * 1.4 + 1)
      }),
      { numRuns: 25 },
    )
  })

  it.each(languages)('stay the same when a sentence elsewhere is added, removed or replaced: %s', (_, sentences) => {
    const before = sentences(0, 300).map((sentence, index) => `${sentence}${index % 7 === 0 ? '\n\n' : ' '}`)
    const idsOf = (text: readonly string[]): Set<string> => new Set(chunkDocument('text', text.join('')).chunks.map(chunkIdOf))
    const old = idsOf(before)
    const changes = [
      [0, ['This one is new. 这句是新的。']],
      [1, []],
      [1, ['This one is new. 这句是新的。']],
    ] as const
    const changed = before
      .flatMap((_sentence, place) =>
        changes.map(([removed, added]) => old.difference(idsOf(before.toSpliced(place, removed, ...added))).size),
      )
      .sort((a, b) => a - b)
    const quantile = (share: number): number => changed[Math.floor((changed.length - 1) * share)] ?? Infinity
    expect([quantile(0.5), quantile(0.9)]).toEqual([1, expect.toSatisfy((count: number) => count <= 3)])
    // Cuts depend on nearby text: some changes affect several chunks before an unchanged cut.
    expect(quantile(1)).toBeLessThan(old.size / 2)
  })

  it('are deterministic and have a bounded size for any input in every format', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3_000 }),
      fc.string({ unit: 'grapheme', maxLength: 3_000 }),
      fc
        .array(
          fc.constantFrom(
            '# a\n',
            '## b\n\n',
            '```\n',
            '<p>',
            '</p>',
            '<h1>',
            '"',
            ',',
            ';',
            '\n',
            '\n\n',
            ' ',
            'word ',
            '中文。',
            '👩‍👩‍👧',
            'مرحبا ',
            '\u200b',
            '\ud800',
            '\0',
            'def f():\n',
            '  class X {\n',
            '---\n',
            '1. One\n',
            '第一章 总则\n',
            '摘要\n',
            '|',
            '\r\n',
          ),
          { maxLength: 300 },
        )
        .map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(fc.constantFrom(...FORMATS), anything, fc.option(fc.string({ maxLength: 400 })), (format, text, title) => {
        let chunked
        try {
          chunked = chunkDocument(format, text, title ?? undefined)
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad_table' })
          return
        }
        expect(chunkDocument(format, text, title ?? undefined)).toEqual(chunked)
        for (const chunk of chunked.chunks) {
          expect(chunk.isWellFormed()).toBe(true)
          expect(chunk.trim()).not.toBe('')
          expect(chunk.length).toBeLessThanOrEqual(KNOWLEDGE_LIMITS.chunkCharsMax)
        }
        expect(new Set(chunked.chunks).size).toBe(chunked.chunks.length)
        expect(chunked.title === undefined || chunked.title.length <= KNOWLEDGE_LIMITS.titleCharsMax).toBe(true)
      }),
      { numRuns: cases(120) },
    )
  })

  it('are found in bounded time in a megabyte of any text', () => {
    for (const text of [' '.repeat(1e6), '字'.repeat(4e5), '。'.repeat(4e5), 'a('.repeat(5e5)]) chunkDocument('text', text)
    chunkDocument('markdown', '```\n'.repeat(2e5))
    chunkDocument('code', '\n  f(x)'.repeat(1e5))
    expect(chunkDocument('text', english(0, 15_000).join(' ')).chunks.length).toBeLessThan(KNOWLEDGE_LIMITS.chunksMax)
    // A quadratic step would take minutes and exceed the time limit of the test.
  })
})

describe('the head of a chunk', () => {
  const heads = (format: 'markdown' | 'html' | 'text' | 'code', text: string, title?: string): (string | undefined)[] =>
    chunkDocument(format, text, title).chunks.map((chunk) => splitHeading(chunk).head)

  it('has the headings of Markdown outside fenced code, and the title of its front matter', () => {
    const markdown =
      '---\ntitle: "Shop help"\n---\nWelcome.\n\n# Shipping\n\nTo Norway.\n\n```sh\n# no heading\n```\n\n'
      + '## Costs ##\n\n12 €\n\nReturns\n=======\n\n### 45 days\n'
    expect(chunkDocument('markdown', markdown).title).toBe('Shop help')
    expect(heads('markdown', markdown)).toEqual([
      'Shop help',
      'Shop help › Shipping',
      'Shop help › Shipping › Costs',
      'Shop help › Returns › 45 days',
    ])
    expect(chunkDocument('markdown', markdown).chunks[1]).toContain('# no heading')
    expect(chunkDocument('markdown', '# 退货\n\n四十五天内。').chunks).toEqual(['# 退货\n\n四十五天内。'])
  })

  it('has the headings of a page, even with invalid markup', () => {
    const page =
      '<title>Ship &amp; go</title><style>p{}</style><nav>Menu</nav><h1>Shipping</h1><p>To <b>Norway</b> it\n takes<p>3 days.'
      + '<h2>费用</h2><table><tr><td>a<td>b</table><script>evil()</script></div>'
    expect(chunkDocument('html', page)).toEqual({
      title: 'Ship & go',
      chunks: ['# Ship & go › Shipping\n\nTo Norway it takes\n\n3 days.', '# Ship & go › Shipping › 费用\n\na | b'],
    })
  })

  it('has the sections of a paper, a statute or a report in plain text', () => {
    const paper = (title: string, ...sections: string[]): string =>
      sections.map((section) => `${section}\n\n${title} says something here.\n`).join('\n')
    expect(heads('text', paper('It', 'Abstract', '1 Introduction', '2 Methods', '2.1 Data', 'References'), 'On parcels')).toEqual(
      ['Abstract', '1 Introduction', '2 Methods', '2 Methods › 2.1 Data', 'References'].map((head) => `On parcels › ${head}`),
    )
    expect(heads('text', paper('它', '摘 要', '一、引言', '二、方法', '（一）数据', '参考文献'))).toEqual([
      '摘 要',
      '一、引言',
      '二、方法',
      '二、方法 › （一）数据',
      '参考文献',
    ])
    expect(heads('text', 'Abstract\n\nOne heading is no paper.')).toEqual([undefined])
  })

  it('is absent in code, which is cut before the comments of its definitions', () => {
    const unit = (name: string, length: number): string => {
      const body = Array.from({ length }, (_, line) => `  step(${line}, '${name}')`).join('\n')
      return `/** What ${name} does. */\n@traced\nexport async function ${name}(a: string) {\n${body}\n}\n\n`
    }
    const code = `import x from 'y'\n\n${['one', 'two', 'three', 'four', 'five'].map((name, index) => unit(name, 20 + index)).join('')}`
    const { chunks } = chunkDocument('code', code)
    for (const name of ['one', 'two', 'three', 'four', 'five']) {
      const chunk = chunks.find((one) => one.includes(`function ${name}(`))
      expect(chunk).toContain(`/** What ${name} does. */\n@traced`)
      expect(chunk).toContain(`step(19, '${name}')`)
    }
    expect(chunkDocument('code', 'class A:\n    """What A is."""\n    def run(self):\n        return 1\n').chunks).toHaveLength(1)
  })

  it('has the names of the columns in each row of a table', () => {
    const { chunks } = chunkDocument('csv', 'name;价格;note\n"Lark; Mini";59;"two\nlines"\nLark Max;149;\n')
    expect(chunks).toEqual(['name: Lark; Mini\n价格: 59\nnote: two\nlines\n\nname: Lark Max\n价格: 149'])
    expect(chunkDocument('csv', '').chunks).toEqual([])
  })
})
