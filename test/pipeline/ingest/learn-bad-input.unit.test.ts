import { mkdir, mkdtemp, open, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { strToU8, zipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Document } from '../../../pipeline/ingest/document-parts.ts'
import { findFiles, sourceOf } from '../../../pipeline/ingest/find-files.ts'
import { learnFiles, type LearnSummary } from '../../../pipeline/ingest/learn-files.ts'
import type { Tags } from '../../../schemas/tags.ts'
import { docx, encryptedPdf, textPdf } from '../../support/office-files.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'colloquy-bad-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function write(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true })
    await writeFile(join(folder, name), content)
  }
}
interface Learned {
  readonly summary: LearnSummary
  readonly documents: Document[]
}
const learn = (...paths: string[]): Promise<Learned> => learnWith({}, ...paths)
async function learnWith(tags: Tags, ...paths: string[]): Promise<Learned> {
  const documents: Document[] = []
  const summary = await learnFiles(findFiles(paths.map((path) => join(folder, path))), {
    tags,
    knowledge: {
      async upload(document) {
        documents.push(document)
        return { source: document.source, outcome: 'learned', chunks: document.chunks.length, added: document.chunks.length, removed: 0 }
      },
      forget: () => Promise.resolve(0),
    },
  })
  return { summary, documents }
}
const problemsOf = ({ bad }: LearnSummary): Record<string, string> =>
  Object.fromEntries(
    bad.map(({ file, line, problem }) => [`${file.slice(folder.length + 1)}${line === undefined ? '' : `:${line}`}`, problem]),
  )
const MiB = 1024 * 1024

describe('tags of a learn', () => {
  it('are those of each document; those of a line go before them', async () => {
    const lines = [
      { id: 'a', text: 'x', tags: { lang: '中文', formula: 'a=b=c' } },
      { id: 'b', text: 'x' },
      { id: 'c', text: 'x', tags: null },
    ]
    await write({ 'tags/a.md': 'Fine.', 'tags/b.jsonl': lines.map((line) => JSON.stringify(line)).join('\n') })
    const { documents } = await learnWith({ product: 'otter', lang: 'en' }, 'tags/a.md', 'tags/b.jsonl')
    const common = { product: 'otter', lang: 'en' }
    expect(documents.map(({ tags }) => tags)).toEqual([common, { product: 'otter', lang: '中文', formula: 'a=b=c' }, common, common])
  })

  it('of a bad line are named with the bound, and the other lines are learned', async () => {
    const tags = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']))
    const bad = [tags(10_000), tags(32), { '': 'x' }, { k: '' }, { k: 7 }, ['k=v'], 'k=v', { k: '\ud800' }]
    const lines = [...bad, tags(31)].map((own, index) => JSON.stringify({ id: String(index), text: 'x', tags: own }))
    await write({ 'bad-tags.jsonl': lines.join('\n') })
    const { summary, documents } = await learnWith({ product: 'otter' }, 'bad-tags.jsonl')
    expect(documents.map(({ source }) => source)).toEqual(['8'])
    expect(summary.badCount).toBe(bad.length)
    expect(problemsOf(summary)).toMatchObject({
      'bad-tags.jsonl:1': 'tags: must have at most 32 tags, and has 10000',
      'bad-tags.jsonl:2': 'tags, with those of --tag: must have at most 32 tags, and has 33',
      'bad-tags.jsonl:3': expect.stringContaining('the key') as string,
      'bad-tags.jsonl:4': expect.stringContaining('tags.k: must have 1 to 256 characters') as string,
      'bad-tags.jsonl:5': 'tags.k: must be a text',
      'bad-tags.jsonl:6': 'tags: must be a JSON object',
    })
  })
})

describe('bad files', () => {
  it('are named with the reason, and all others are learned', async () => {
    await write({
      'mixed/good.md': '# Good\r\n\r\nFine.\r\n',
      'mixed/bom.txt': '\ufeffFine.',
      'mixed/locked.pdf': encryptedPdf,
      'mixed/good.pdf': textPdf,
      'mixed/good.docx': docx('<w:p><w:r><w:t>Fine.</w:t></w:r></w:p>'),
      'mixed/archive.docx': zipSync({ 'a.txt': strToU8('x') }),
      'mixed/bomb.docx': zipSync({ 'word/document.xml': new Uint8Array(200 * MiB) }),
      'mixed/bomb.txt.gz': gzipSync(new Uint8Array(100 * MiB)),
      'mixed/photo.png': 'x',
      'mixed/data.zip': 'x',
    })
    await using huge = await open(join(folder, 'mixed/huge.md'), 'w')
    await huge.truncate(100 * MiB)
    await symlink('..', join(folder, 'mixed/loop'))
    await symlink('self', join(folder, 'mixed/self'))
    const { summary, documents } = await learn('mixed', 'mixed/self')
    expect(documents.map(({ source }) => source.slice(folder.length + 1)).sort()).toEqual(
      ['bom.txt', 'good.docx', 'good.md', 'good.pdf'].map((name) => `mixed/${name}`),
    )
    expect(documents.find(({ source }) => source.endsWith('good.md'))?.chunks).toEqual(['# Good\n\nFine.'])
    expect(problemsOf(summary)).toEqual({
      'mixed/locked.pdf': expect.stringContaining('encrypted') as string,
      'mixed/archive.docx': expect.stringContaining('no DOCX') as string,
      'mixed/bomb.docx': expect.stringContaining('would unpack to more than') as string,
      'mixed/bomb.txt.gz': expect.stringContaining('unpacks to more than') as string,
      'mixed/huge.md': expect.stringContaining(`${100 * MiB} bytes; at most`) as string,
      'mixed/self': expect.stringContaining('links form a loop') as string,
    })
    expect(summary.skipped.map(({ file, reason }) => [file.slice(folder.length + 7), reason])).toEqual([
      ['data.zip', 'no text of a known type'],
      ['loop', 'a link'],
      ['photo.png', 'no text of a known type'],
      ['self', 'a link'],
    ])
  })

  it('may have a line of 50 MB: it is named, the lines around it are learned, in bounded memory', async () => {
    await write({
      'long.jsonl': `{"id":"a","text":"one"}\n{"id":"b","text":"${'x'.repeat(50 * MiB)}"}\n{"id":"c","text":"two"}\n`,
      'long.txt': 'word '.repeat(2 * MiB),
    })
    const { summary, documents } = await learn('long.jsonl', 'long.txt')
    expect(documents.map(({ source }) => source)).toEqual(['a', 'c'])
    expect(problemsOf(summary)).toEqual({
      'long.jsonl:2': expect.stringContaining('at most 16777216') as string,
      'long.txt': expect.stringContaining('split it into several files') as string,
    })
  })

  it('may be one of 10,000 in a folder', async () => {
    await mkdir(join(folder, 'many'))
    for (let index = 0; index < 10_000; index++)
      await writeFile(join(folder, 'many', `${index}.md`), index === 77 ? Uint8Array.of(0xff, 0) : `Note ${index}.`)
    const { summary } = await learn('many')
    expect(summary).toMatchObject({ files: 10_000, learned: 9_999, badCount: 1 })
  })

  it('may be cut at any byte: each is learned, or named', async () => {
    const files = {
      md: Buffer.from(
        '\ufeff# 退货\r\n\r\n| a | b |\r\n|---|---|\r\n| 1 | 二 |\r\n\r\n<details><summary>为什么？</summary>\r\n\r\n因为。\r\n',
      ),
      html: Buffer.from(
        '<html><head><meta charset="utf-8"><title>退货</title></head><body><table><tr><th>a<th>b<tr><td>1'
          + '<td>二</table><button>为什么？</button><p>因为。',
      ),
      csv: Buffer.from('\ufeff"问题";"答案"\r\n"怎么; 开?";"是 ""这样"""\r\n'),
      ipynb: Buffer.from(JSON.stringify({ cells: [{ cell_type: 'markdown', source: ['# 退货'] }] })),
      jsonl: Buffer.from('{"id":"a","text":"退货"}\r\n{"id":"b","text":"二"}\r\n'),
      txt: Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('退货。四十五天。', 'utf16le')]),
    }
    let count = 0
    await mkdir(join(folder, 'cut'))
    for (const [extension, bytes] of Object.entries(files)) {
      for (let length = 0; length <= bytes.length; length++, count++)
        await writeFile(join(folder, 'cut', `${length}.${extension}`), bytes.subarray(0, length))
    }
    const { summary } = await learn('cut')
    expect(summary.files).toBe(count)
    expect(summary.bad.every(({ problem }) => problem !== '' && !/undefined|is not a function|Cannot read prop/.test(problem))).toBe(true)
    expect(summary.learned + summary.badCount).toBeGreaterThan(count / 2)
  })

  it('may be a PDF or DOCX that is cut anywhere, each named with the reason', async () => {
    const files = { pdf: textPdf, docx: docx('<w:p><w:r><w:t>退货。</w:t></w:r></w:p>') }
    await mkdir(join(folder, 'cut-office'))
    for (const [extension, bytes] of Object.entries(files)) {
      const steps = [...Array.from({ length: 40 }, (_, index) => Math.floor((bytes.length * index) / 40)), bytes.length - 1]
      for (const length of steps) await writeFile(join(folder, 'cut-office', `${length}.${extension}`), bytes.subarray(0, length))
      await writeFile(join(folder, 'cut-office', `whole.${extension}`), bytes)
    }
    const { summary, documents } = await learn('cut-office')
    const sources = documents.map(({ source }) => source.slice(folder.length + 'cut-office'.length + 2))
    expect(sources).toEqual(expect.arrayContaining(['whole.pdf', 'whole.docx']))
    expect(summary.learned + summary.badCount).toBe(summary.files)
    const docxProblems = Object.entries(problemsOf(summary)).filter(([name]) => name.endsWith('.docx'))
    expect(docxProblems).toHaveLength(41)
    expect(docxProblems.every(([, problem]) => /^the file (?:is no DOCX|has no text|is empty)/.test(problem))).toBe(true)
    expect(summary.bad.every(({ problem }) => /PDF|DOCX|text|empty/.test(problem))).toBe(true)
  })

  it('may have CRLF and a byte order mark: their chunks are those of the file without', async () => {
    const files = {
      'a.md': '# Returns\n\n| a | b |\n|---|---|\n| 1 | 二 |\n\n```\n# code\n```\n\n## 退货\n\n因为。\n',
      'b.html': '<title>退货</title>\n<h1>退货</h1>\n<p>四十五天。</p>\n<button>Why?</button>\n<p>Because.</p>\n',
      'c.csv': 'Question,Answer\nHow?,"One\ntwo"\n怎么开?,这样\n',
      'd.txt': 'One sentence.\n\n退货。四十五天。\n',
      'e.ipynb': JSON.stringify({ cells: [{ cell_type: 'markdown', source: ['# 退货\n', '四十五天。'] }] }, undefined, 1),
      'f.jsonl': '{"id":"f1","text":"退货"}\n{"id":"f2","text":"two"}\n',
    }
    const chunks: Record<string, readonly string[]>[] = []
    for (const form of ['lf', 'crlf'] as const) {
      await write(
        Object.fromEntries(
          Object.entries(files).map(([name, text]) => [`${form}/${name}`, form === 'lf' ? text : `\ufeff${text.replaceAll('\n', '\r\n')}`]),
        ),
      )
      const { summary, documents } = await learn(form)
      expect(problemsOf(summary)).toEqual({})
      chunks.push(Object.fromEntries(documents.map(({ source, chunks: own }) => [source.split('/').at(-1) ?? '', own])))
    }
    expect(Object.keys(chunks[0] ?? {})).toHaveLength(7)
    expect(chunks[1]).toEqual(chunks[0])
  })

  it('have one name for one path, however its accents are written', () => {
    expect(sourceOf('docs/cafe\u0301.md')).toBe('docs/caf\u00e9.md')
  })
})
