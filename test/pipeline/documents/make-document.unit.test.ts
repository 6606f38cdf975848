import mammoth from 'mammoth'
import { describe, expect, test } from 'vitest'
import type { DocumentRequest, MadeDocument } from '../../../actors/kinds/document/render-task.ts'
import { DOCUMENT_SAMPLES, sampleText } from '../../../infra/demo/demo-documents.ts'
import { makeDocument, MARKDOWN_BYTES_MAX } from '../../../pipeline/documents/make-document.ts'
import { pdfText } from '../../../pipeline/ingest/reading/pdf-text.ts'
import { FORMAT_NAMES } from '../../../schemas/document-events.ts'

const AT = '2026-11-30T10:00:00.000Z'
const request = (text: string, data: DocumentRequest['data'] = {}, more: Partial<DocumentRequest> = {}): DocumentRequest => ({
  template: { text, lang: 'en' },
  data,
  id: 'd1',
  formats: ['markdown'],
  at: AT,
  ...more,
})

async function made(of: DocumentRequest): Promise<MadeDocument> {
  const result = await makeDocument(of)
  if ('problem' in result) throw new Error(JSON.stringify(result))
  return result
}
const markdownOf = async (text: string, data: DocumentRequest['data'] = {}): Promise<string> =>
  (await made(request(text, data))).files.markdown
const bytesOf = (file: string | Uint8Array | undefined): Buffer => Buffer.from(file ?? expect.unreachable('no such file'))
/** What is read, without what formats do with blanks and lists: numbers, bullets, and what `pdfText` writes between cells. */
const lettersOf = (text: string): string => text.replace(/[\s•|]/g, '')

/** Markdown without its marks. */
const plainOf = (markdown: string): string =>
  markdown
    .replace(/^\|[-:| ]+\|$/gm, '')
    .replace(/^(#+|>|-(?!--)|---$)/gm, '')
    .replace(/\*\*|(?<!\\)\|/g, '')
    .replace(/\\([^\n])/g, '$1')
    .replace(/\\\n/g, '\n')

describe.each(DOCUMENT_SAMPLES)('the sample $template', (sample) => {
  const { lang, schema, data, title } = sample
  const template = { text: sampleText(sample), lang, schema, title }

  test('has the text of its source in every format', async () => {
    const { files } = await made(request('', data, { template, formats: FORMAT_NAMES }))
    const source = lettersOf(plainOf(files.markdown))
    expect(source.length).toBeGreaterThan(100)
    expect(lettersOf((await pdfText(bytesOf(files.pdf))).text)).toBe(source)
    const docx = await mammoth.extractRawText({ buffer: bytesOf(files.docx) })
    expect(docx.messages).toEqual([])
    // Word processors count lists by themselves.
    expect(lettersOf(docx.value)).toBe(lettersOf(plainOf(files.markdown.replace(/^\d+\. /gm, ''))))
    expect(files.html).toContain(`<title>${title}</title>`)
  })

  test('is the same bytes when it is made again', async () => {
    const [one, other] = [
      await made(request('', data, { template, formats: FORMAT_NAMES })),
      await made(request('', data, { template, formats: FORMAT_NAMES })),
    ]
    expect(one).toEqual(other)
  })
})

describe('data', () => {
  test.each([
    ['**bold** _it_ `code`', '<p>a **bold** _it_ `code`</p>'],
    ['<script>alert(1)</script>', '<p>a &lt;script&gt;alert(1)&lt;/script&gt;</p>'],
    ['x\n\n## Clause 9\n\nAll is free', '<p>a x<br>\n## Clause 9<br>\nAll is free</p>'],
    ['x\n- y\n1. z\n> q\n---', '<p>a x<br>\n- y<br>\n1. z<br>\n&gt; q<br>\n---</p>'],
    ['[here](javascript:alert(1)) ![p](http://x/y.png)', '<p>a [here](javascript:alert(1)) ![p](http://x/y.png)</p>'],
    ['&lt; &copy; \\', '<p>a &amp;lt; &amp;copy; \\</p>'],
    ['甲\n乙', '<p>a 甲<br>\n乙</p>'],
  ])('are text and never Markdown: %j', async (x, html) => {
    const { files } = await made(request('a {{ x }}', { x }, { formats: ['html'] }))
    expect(files.html).toContain(html)
  })

  test('stay in their cell of a table', async () => {
    const { files } = await made(request('| a |\n|---|\n| {{ x }} |', { x: 'b | c | d' }, { formats: ['html'] }))
    expect(files.html).toContain('<td>b | c | d</td>')
  })

  test('are Markdown where the template says so', async () => {
    const { files } = await made(request('{{ x | raw }}', { x: '**bold** <b>' }, { formats: ['html'] }))
    expect(files.html).toContain('<strong>bold</strong> &lt;b&gt;')
  })

  test('lists are joined, nothing is empty, numbers are as they are', async () => {
    expect(await markdownOf('{{ a }}|{{ b }}|{{ c }}|{{ d }}', { a: ['x', 'y_'], b: null, c: -1.5, d: true })).toBe('x, y\\_||-1.5|true')
  })
})

describe('a template', () => {
  test('has the time of the document, in UTC', async () => {
    expect(await markdownOf('{{ "now" | date: "%Y-%m-%d %H:%M" }} {{ "today" | date_to_xmlschema }}')).toBe(
      '2026-11-30 10:00 2026-11-30T10:00:00+00:00',
    )
  })

  test.each([
    ['a\n\n{{ customer.name }}', {}, { code: 'template_failed', line: 3, column: 4, problem: 'undefined variable: customer' }],
    ['a\n{{ customer }}', { customer: { name: 'Ann' } }, { code: 'template_failed', line: 2 }],
    ['{{ x.constructor }}', { x: 'a' }, { code: 'template_failed', line: 1 }],
    ['{% for i in (1..900000000) %}x{% endfor %}', {}, { code: 'template_failed', line: 1 }],
    [
      '{% assign x = "aaaaaaaa" %}{% for i in (1..40) %}{% assign x = x | append: x %}{% endfor %}',
      {},
      { code: 'template_failed', line: 1 },
    ],
    ['{% for i in (1..60000) %}0123456789{% endfor %}', {}, { code: 'document_too_large' }],
    ['😀', {}, { code: 'no_glyph', problem: expect.stringContaining('U+1F600') as string }],
  ] as const)('%j with %j is a problem', async (text, data, problem) => {
    expect(await makeDocument(request(text, data, { formats: ['pdf'] }))).toMatchObject(problem)
  })

  test('has a schema, which names the field', async () => {
    const schema = { type: 'object', properties: { items: { type: 'array', items: { type: 'object', required: ['price'] } } } }
    const problem = await makeDocument(request('', { items: [{ price: 1 }, {}] }, { template: { text: 'x', lang: 'en', schema } }))
    expect(problem).toMatchObject({ code: 'bad_document_data', problem: expect.stringMatching(/^data\.items\.1/) as string })
  })

  test('loads nothing: an image is its text, a link goes to the web or by mail only', async () => {
    const { files } = await made(
      request('![logo](http://x/y.png) [a](file:///etc/passwd) [b](mailto:a@b.c)', {}, { formats: ['html', 'docx', 'pdf'] }),
    )
    expect(files.html).toContain('<p>logo [a](file:///etc/passwd) <a href="mailto:a@b.c">b</a></p>')
    expect(files.html).toContain(`content="default-src 'none'`)
  })

  test('writes every block in every format', async () => {
    const text = [
      '# One\n\nTwo **three** *four* ~~five~~ `six` [seven](https://example.com)\\\neight',
      '- nine\n  1. ten\n  2. eleven\n- twelve\n\n  thirteen',
      '> fourteen\n>\n> - fifteen',
      '```\nsixteen\n  seventeen\n```',
      '| a | b |\n|---|---|\n| eighteen | **nineteen** |',
      '---',
      '3. twenty\n4.\n\n##### last',
    ].join('\n\n')
    const { files } = await made(request(text, {}, { formats: ['html', 'docx', 'pdf'] }))
    const words = ['two', 'seven', 'eight', 'eleven', 'thirteen', 'fifteen', 'seventeen', 'nineteen', 'twenty', 'last']
    const [pdf, docx] = [(await pdfText(bytesOf(files.pdf))).text, (await mammoth.extractRawText({ buffer: bytesOf(files.docx) })).value]
    for (const word of words) for (const read of [files.html, pdf, docx]) expect(String(read).toLowerCase()).toContain(word)
    const { value } = await mammoth.convertToHtml({ buffer: bytesOf(files.docx) })
    for (const part of ['<h1>', '<strong>three</strong>', '<em>four</em>', '<ol>', '<table>', 'href="https://example.com"'])
      expect(value).toContain(part)
  })

  test('of many pages has numbers of pages, and rows beyond a page lose nothing', async () => {
    const rows = Array.from({ length: 120 }, (_, index) => `| row ${index} | ${'long '.repeat(index === 60 ? 2_000 : 5)} |`)
    const { files } = await made(request(`| a | b |\n|---|---|\n${rows.join('\n')}`, {}, { formats: ['pdf'] }))
    const { text } = await pdfText(bytesOf(files.pdf))
    expect(text.match(/long/g)).toHaveLength(119 * 5 + 2_000)
    expect(text).toMatch(/1 \/ \d+/)
  })

  test('has control characters and halves of characters removed', async () => {
    expect(await markdownOf('a{{ x }}b', { x: '\u0000\u0007\u001b[1m\ud800' })).toBe('a\\[1m\ufffdb')
    expect(MARKDOWN_BYTES_MAX).toBe(524_288)
  })
})
