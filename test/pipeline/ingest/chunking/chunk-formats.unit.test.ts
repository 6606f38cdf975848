import { describe, expect, it } from 'vitest'
import { chunkDocument, type Format } from '../../../../pipeline/ingest/chunking/chunk-document.ts'

const chunksOf = (format: Format, text: string): readonly string[] => chunkDocument(format, text).chunks
const rows = Array.from({ length: 40 }, (_, index) => [`方案${index + 1}`, `含${index + 1}0GB流量。超出后限速。`, `${(index + 1) * 9}元`])

describe('a table', () => {
  const plans = `# 套餐\n\n| 套餐 | 说明 | 月费 |\n|:--|---|--:|\n${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`

  it('of Markdown is cut between rows, with the header in every chunk', () => {
    const chunks = chunksOf('markdown', plans)
    expect(chunks.length).toBeGreaterThanOrEqual(3)
    for (const chunk of chunks) {
      const [head, empty, header, rule, ...lines] = chunk.split('\n')
      expect([head, empty, header, rule]).toEqual(['# 套餐', '', '| 套餐 | 说明 | 月费 |', '|---|---|---|'])
      for (const line of lines) expect(rows.map((row) => `| ${row.join(' | ')} |`)).toContain(line)
    }
    for (const row of rows) expect(chunks.filter((chunk) => chunk.includes(`| ${row.join(' | ')} |`))).toHaveLength(1)
  })

  it('of Markdown keeps the cells behind its last column, such as those of a pipe in code', () => {
    expect(chunksOf('markdown', '| a | b |\n|---|---|\n| `x|y` | z |\n| 1 | 2 | 3 | 4\n| 5\n| 6 | 7 |\n')).toEqual([
      '| a | b |\n|---|---|\n| `x | y` \\| z |\n| 1 | 2 \\| 3 \\| 4 |\n| 5 |  |\n| 6 | 7 |',
    ])
    expect(chunksOf('markdown', '> | a | b |\n> |---|---|\n> | 1 | 2 |\n> | 1 | 2 | 3 |\n')).toEqual([
      '| a | b |\n|---|---|\n| 1 | 2 |\n| 1 | 2 \\| 3 |',
    ])
  })

  it('of a page is cut likewise, with cells over several rows and columns in each', () => {
    const body = rows.map(([name, text, fee], index) => `<tr>${index % 2 === 0 ? '<th rowspan=2>组' : ''}<td>${name}<td>${text}<td>${fee}`)
    const page = `<table><thead><tr><th rowspan=2>组<th rowspan=2>套餐<th colspan=2>细节<tr><th>说明<th>月费<tbody>${body.join('')}</table>`
    const chunks = chunksOf('html', page)
    for (const chunk of chunks) expect(chunk).toMatch(/^\| 组 \| 套餐 \| 细节 说明 \| 细节 月费 \|\n\|---\|---\|---\|---\|\n/)
    for (const row of rows) expect(chunks.filter((chunk) => chunk.includes(`| 组 | ${row.join(' | ')} |`))).toHaveLength(1)
  })

  it('that arranges a page is running text, and a heading in it counts', () => {
    expect(chunksOf('html', '<table><tr><td><h2>Hours</h2>We open at nine.<td>Call us.</table>')).toEqual([
      '# Hours\n\nWe open at nine. | Call us.',
    ])
  })

  it('names the cells of a row that is longer than a chunk, and cuts between them', () => {
    const long = 'It is long. '.repeat(200)
    const chunks = chunksOf('markdown', `| name | text |\n|-|-|\n| Lark | ${long} |\n| Wren | short |\n`)
    expect(chunks.length).toBeGreaterThan(2)
    expect(chunks[0]).toMatch(/^name: Lark/)
    expect(chunks.at(-1)).toContain('name: Wren\ntext: short')
  })

  it('that is short stays with the text around it; one in a list is found', () => {
    expect(chunksOf('markdown', '# A\n\nBefore.\n\n|a|b|\n|-|-|\n|1|`x\\|y`|\n\nAfter.\n')).toEqual([
      '# A\n\nBefore.\n\n| a | b |\n|---|---|\n| 1 | `x\\|y` |\n\nAfter.',
    ])
    expect(chunksOf('markdown', '- One\n\n  |a|b|\n  |-|-|\n  |1|2|\n')).toEqual(['- One\n\n| a | b |\n|---|---|\n| 1 | 2 |'])
  })
})

describe('a CSV file', () => {
  it.each([
    [
      'semicolons, with commas in quotes',
      '"Question (short, plain, in words)";"Answer"\n"How big is the tank?";"Two litres"\n"Is it quiet?";"Yes; below 40 dB"\n',
      [
        'Question (short, plain, in words): How big is the tank?\nAnswer: Two litres\n\n'
          + 'Question (short, plain, in words): Is it quiet?\nAnswer: Yes; below 40 dB',
      ],
    ],
    [
      'no header',
      'How do I open the lid?,Press the red button.\nWhere is the filter?,Behind the back plate.\n',
      ['How do I open the lid?\nPress the red button.\n\nWhere is the filter?\nBehind the back plate.'],
    ],
    ['a line sep=', 'sep=|\nname|price\nLark|1,5\n', ['name: Lark\nprice: 1,5']],
    [
      'a title above the header',
      'Prices 2026,,\n,,\nname,price,note\nLark,59,new\nWren,149,\n',
      ['# Prices 2026\n\nname: Lark\nprice: 59\nnote: new\n\nname: Wren\nprice: 149'],
    ],
    ['decimal commas', 'name;price\nLark;1,5\nWren;2,5\n', ['name: Lark\nprice: 1,5\n\nname: Wren\nprice: 2,5']],
    ['tabs', 'name\tnote\nLark\tred, green, blue\n', ['name: Lark\nnote: red, green, blue']],
    ['backslashes before quotes', 'q,a\n"the \\"big\\" one, please?",yes\n', ['q: the "big" one, please?\na: yes']],
    ['numbers only', '1,2\n3,4\n', ['1\n2\n\n3\n4']],
    ['years as names', 'region,2024,2025\nNorth,5,6\n', ['region: North\n2024: 5\n2025: 6']],
    [
      'questions as names, as surveys have',
      'Are you content?,Would you buy again?\n5,4\n3,2\n',
      ['Are you content?: 5\nWould you buy again?: 4\n\nAre you content?: 3\nWould you buy again?: 2'],
    ],
    [
      'one column',
      'answer\nNo, thanks\nYes\nPerhaps, later, who knows\nYes, please\nNo\nNo\nNo\nNo\n',
      [expect.stringContaining('answer: Perhaps, later, who knows')],
    ],
    ['a byte order mark and CRLF', '\ufeffname,price\r\nLark,59\r\n', ['name: Lark\nprice: 59']],
  ] as const)('is read with %s', (_, text, chunks) => {
    expect(chunksOf('csv', text)).toEqual(chunks)
  })

  it('that ends inside of quotes is refused with the line', () => {
    expect(() => chunksOf('csv', 'q,a\n"x",y\n"cut')).toThrow(/cannot be parsed as CSV.*a quote that begins a cell is never closed/)
  })
})

describe('a page of questions', () => {
  const answered = (html: string): readonly string[] =>
    chunksOf('html', `<html><head><title>Help</title></head><body><main>${html}</main></body></html>`)
  const both = ['# Help › Do you ship to Iceland?\n\nNo, only inside the EU.', '# Help › Can I pay with a voucher?\n\nYes, enter its code.']

  it.each([
    [
      'buttons in headings',
      '<h2><button>Do you ship to Iceland?</button></h2><div>No, only inside the EU.</div><h2>'
        + '<button>Can I pay with a voucher?</button></h2><div>Yes, enter its code.</div>',
    ],
    [
      'buttons beside panels',
      '<button aria-expanded=false>Do you ship to Iceland?</button><div hidden>No, only inside the EU.'
        + '</div><button>Can I pay with a voucher?</button><div>Yes, enter its code.</div>',
    ],
    [
      'items with a header and a sign',
      '<div class=item><div><button>Do you ship to Iceland?</button><i>+</i></div>'
        + '<div>No, only inside the EU.</div></div><div class=item><div><button>Can I pay with a voucher?'
        + '</button></div><div>Yes, enter its code.</div></div>',
    ],
    [
      'details',
      '<details><summary>Do you ship to Iceland?</summary>No, only inside the EU.</details><details>'
        + '<summary>Can I pay with a voucher?</summary><p>Yes, enter its code.</details>',
    ],
    [
      'a list of terms',
      '<dl><dt>Do you ship to Iceland?<dd>No, only inside the EU.<dt>Can I pay with a voucher?<dd>Yes, enter its code.</dl>',
    ],
    [
      'classes',
      '<div class="faq-item"><div class="faq-question">Do you ship to Iceland?</div>'
        + '<div>No, only inside the EU.</div></div><div class="faq-item">'
        + '<span class="question">Can I pay with a voucher?</span><p>Yes, enter its code.</div>',
    ],
  ])('keeps each above its answer: %s', (_, html) => {
    expect(answered(html)).toEqual(both)
  })

  it.each([
    [
      'tabs that panels name',
      '<div role=tablist><button role=tab id=t1>Do you ship to Iceland?</button>'
        + '<button role=tab id=t2>Can I pay with a voucher?</button></div>'
        + '<div role=tabpanel aria-labelledby=t1>No, only inside the EU.</div>'
        + '<div role=tabpanel aria-labelledby=t2>Yes, enter its code.</div>',
    ],
    [
      'tabs that name their panels, in a navigation',
      '<nav><div class=nav role=tablist><button data-bs-toggle=tab data-bs-target="#a">Do you ship to Iceland?</button>'
        + '<button data-bs-toggle=tab data-bs-target="#b">Can I pay with a voucher?</button></div></nav><div class=tab-content>'
        + '<div id=a class=tab-pane>No, only inside the EU.</div><div id=b class=tab-pane hidden>Yes, enter its code.</div></div>',
    ],
    [
      'links of Bootstrap',
      '<div class=card><div class=card-header><a data-toggle=collapse href="#a">Do you ship to Iceland?</a></div>'
        + '<div id=a class=collapse>No, only inside the EU.</div></div>'
        + '<a data-bs-toggle=collapse data-bs-target="#b" role=button>Can I pay with a voucher?</a><div id=b>Yes, enter its code.</div>',
    ],
    [
      'buttons in headings that name their panels',
      '<h3><button aria-controls=a>Do you ship to Iceland?</button></h3><div id=a hidden>No, only inside the EU.</div>'
        + '<h3><button aria-controls=b>Can I pay with a voucher?</button></h3><div id=b hidden>Yes, enter its code.</div>',
    ],
    [
      'options',
      '<select><option value=a>Do you ship to Iceland?<option value="#b">Can I pay with a voucher?</select>'
        + '<div id=a>No, only inside the EU.</div><div id=b hidden>Yes, enter its code.</div>',
    ],
    [
      'classes of siblings',
      '<div class="faq-question">Do you ship to Iceland?</div><div class="faq-answer">No, only inside the EU.</div>'
        + '<div class="faq-question">Can I pay with a voucher?</div><div class="faq-answer">Yes, enter its code.</div>',
    ],
  ])('ends each with its answer, where that is known: %s', (_, html) => {
    expect(answered(`${html}<p>Call us.</p>`)).toEqual([...both, '# Help\n\nCall us.'])
  })

  it('loses no question whose answer is not there or is empty, and no answer that two ask for', () => {
    expect(answered('<a data-toggle=collapse href="#no">Why?</a><p>So.</p>').join()).toMatch(/Why\?\n\nSo\./)
    expect(answered('<button aria-controls=a>Why?</button><div id=a></div><p>So.</p>')).toEqual(['# Help › Why?\n\nSo.'])
    expect(answered('<button>Is it free?</button><div>Yes.</div>')).toEqual(['# Help › Is it free?\n\nYes.'])
    const shared = '<button role=tab aria-controls=a>Why?</button><button role=tab aria-controls=a>How?</button><div id=a>So it is.</div>'
    expect(answered(shared).join()).toMatch(/Why\?[^]*So it is\./)
    expect(
      answered('<h2>A</h2><p>One.</p><h3><button aria-controls=a>Why?</button></h3><div id=a>So.</div><table><tr><td>1<td>2</table>'),
    ).toEqual(['# Help › A\n\nOne.', '# Help › A › Why?\n\nSo.', '# Help › A\n\n1 | 2'])
  })

  it('does not take a question as the title of the page', () => {
    expect(chunkDocument('html', '<button aria-controls=a>Why?</button><div id=a>So.</div><p>Call us.</p>')).toEqual({
      title: undefined,
      chunks: ['# Why?\n\nSo.', 'Call us.'],
    })
  })

  it('leaves out what is hidden, unless something shows it', () => {
    expect(answered('<p hidden>Old.</p><div hidden><h2>Old</h2>Text.</div><p>Shown.</p><p hidden=until-found>Found.</p>')).toEqual([
      '# Help\n\nShown.\n\nFound.',
    ])
  })

  it('ends a question with its details, and drops other buttons', () => {
    expect(answered('<details><summary>Why?</summary>So.</details><p>Call us.</p><button>Add to cart</button>')).toEqual([
      '# Help › Why?\n\nSo.',
      '# Help\n\nCall us.',
    ])
    expect(answered('<div class="accordion-header"><h3>Why so?</h3><p>Because.</p></div>')).toEqual(['# Help › Why so?\n\nBecause.'])
  })

  it('keeps the options of a list and the terms of a glossary', () => {
    expect(answered('<select><optgroup label="About"><option>Which size fits me?<option>Where is my order?</select>')).toEqual([
      '# Help\n\nAbout\nWhich size fits me?\nWhere is my order?',
    ])
    expect(answered('<dl><dt>Returns<dd>45 days<dt>Shipping<dd>3 days</dl>')).toEqual(['# Help\n\nReturns\n45 days\nShipping\n3 days'])
  })

  it('has the title of its head, not that of a drawing, and is read without an end of the head', () => {
    expect(chunkDocument('html', '<svg><title>Logo</title></svg><h1>Lamp</h1><p>Bright.').title).toBe('Lamp')
    expect(chunkDocument('html', '<html><head><title>Lamp</title><body><svg><title>Logo</title></svg><p>Bright.')).toEqual({
      title: 'Lamp',
      chunks: ['# Lamp\n\nBright.'],
    })
  })
})

describe('a Markdown text', () => {
  it('has fences, headings and HTML as CommonMark defines them', () => {
    expect(
      chunksOf('markdown', '# Weather\n\n```npm install weather```\n\n## Configure\n\nSet it.\n\n## Uninstall\n\nRemove it.\n'),
    ).toEqual(['# Weather\n\n```npm install weather```', '# Weather › Configure\n\nSet it.', '# Weather › Uninstall\n\nRemove it.'])
    expect(
      chunksOf('markdown', '~~~~\n~~~\n# no heading\n~~~~\n\n    # code\n\n<!--\n# comment\n-->\n\nTwo\nlines\n---\n\nText.\n'),
    ).toEqual(['# Two lines\n\n~~~~\n~~~\n# no heading\n~~~~\n\n    # code', '# Two lines\n\nText.'])
    expect(
      chunkDocument('markdown', '<h1 align="center">Lamp</h1>\n\n<p><img src="a.svg" alt="logo"></p>\n\n## Features\n\nBright.\n'),
    ).toEqual({ title: 'Lamp', chunks: ['# Lamp › Features\n\nBright.'] })
  })

  it('has the questions of its HTML, with Markdown as answers, and plain headings', () => {
    const text =
      '# The `lamp` of [us](x) ![pic](y)\n\n<details>\n<summary>Is it <b>bright</b>?</summary>\n\nYes, *very*.\n\n</details>\n\nEnd.\n'
    expect(chunksOf('markdown', text)).toEqual(['# The lamp of us › Is it bright?\n\nYes, *very*.', '# The lamp of us\n\nEnd.'])
    expect(chunksOf('markdown', '[a]: https://a.test\n\nSee [a].')).toEqual(['[a]: https://a.test\n\nSee [a].'])
  })

  it('and a page of any kind take linear time', () => {
    const texts = {
      markdown: ['a\n===\n', '> ', '[', '|a|b|\n|-|-|\n', '- x\n'],
      html: ['<p>some words ', '<div>', '<button aria-expanded=1>q?</button><p>x', '<table><tr><td>', '<dl><dt>a?<dd>b'],
    } as const
    for (const format of ['markdown', 'html'] as const) for (const text of texts[format]) chunksOf(format, text.repeat(8_000))
    // A quadratic step would exceed the time limit of the test.
  })
})
