import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { strToU8, zipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DocumentFormat } from '../../../../pipeline/ingest/find-files.ts'
import { createDocumentReader } from '../../../../pipeline/ingest/reading/document-reader.ts'
import { readDocument } from '../../../../pipeline/ingest/reading/read-file.ts'
import { chineseCsv, chinesePdf, docx, encryptedPdf, textPdf } from '../../../support/office-files.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'colloquy-read-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function fileOf(format: DocumentFormat, content: string | Uint8Array, name = 'file') {
  const path = join(folder, name)
  await writeFile(path, content)
  return { path, source: name, format, bytes: content.length }
}
const read = async (format: DocumentFormat, content: string | Uint8Array, name?: string) =>
  readDocument(await fileOf(format, content, name))
const problem = (format: DocumentFormat, content: string | Uint8Array, name?: string): Promise<string> =>
  read(format, content, name).then(
    () => 'none',
    (error: unknown) => (error instanceof Error ? error.message : ''),
  )

describe('a text', () => {
  it.each([
    ['utf-16le with its mark', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('# 退货\n\n四十五天。', 'utf16le')])],
    ['utf-16be with its mark', Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from('# 退货\n\n四十五天。', 'utf16le').swap16()])],
    ['UTF-8 with its mark', Buffer.from('\ufeff# 退货\n\n四十五天。')],
  ])('is read as %s', async (_, bytes) => {
    expect((await read('markdown', bytes)).chunks).toEqual(['# 退货\n\n四十五天。'])
  })

  it('is read in the charset that it declares', async () => {
    const latin = Buffer.from('<meta charset="iso-8859-1"><p>Le caf\xe9 est ferm\xe9.', 'latin1')
    expect(await read('html', latin)).toMatchObject({ chunks: ['Le café est fermé.'], charset: 'windows-1252' })
    expect(await read('code', Buffer.from('# -*- coding: gbk -*-\nx = "\xcd\xcb\xbb\xf5"\n', 'latin1'))).toMatchObject({
      chunks: [expect.stringContaining('"退货"')],
    })
    expect(await problem('html', Buffer.from('<meta charset="klingon"><p>\xe9', 'latin1'))).toContain('"klingon", which is unknown')
    // A page that was saved as UTF-8 later often keeps its old declaration.
    expect((await read('html', '<meta charset="gb2312"><p>退货')).chunks).toEqual(['退货'])
  })

  it('is recognised as GB18030, while a text that may be anything is refused with the place', async () => {
    expect(await read('csv', chineseCsv)).toMatchObject({
      chunks: ['问题: 怎么开发票？\n答案: 登录后在订单页申请电子发票。\n\n问题: 运费多少？\n答案: 满99元包邮。'],
      charset: 'GB18030',
    })
    expect(await problem('text', Buffer.from('Le caf\xe9 est ferm\xe9, d\xe9j\xe0.', 'latin1'))).toMatch(/not UTF-8 \(byte \d\)/)
    expect(await problem('text', Buffer.from([1, 0, 2]))).toContain('binary')
  })
})

describe('a document of an office', () => {
  it('is read from a PDF, with lines joined to paragraphs, and Chinese fonts that it does not contain', async () => {
    expect(await read('pdf', textPdf)).toMatchObject({
      title: 'On returns',
      chunks: ['# On returns\n\nReturns\nYou can send it back for free.'],
    })
    expect((await read('pdf', chinesePdf)).chunks).toEqual(['退货政策：四十五天内可以退货。'])
    // The content counts, not the name.
    expect((await read('text', chinesePdf)).chunks).toEqual(['退货政策：四十五天内可以退货。'])
  })

  it('is read from a DOCX, with headings and tables', async () => {
    expect(
      (
        await read(
          'docx',
          docx(
            '<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Returns</w:t></w:r></w:p><w:p><w:r>'
              + '<w:t>Within 45 days.</w:t></w:r></w:p>',
          ),
        )
      ).chunks,
    ).toEqual(['# Returns\n\nWithin 45 days.'])
  })

  it('is read from a notebook', async () => {
    const cells = [
      { cell_type: 'markdown', source: ['# Load\n', 'First.'] },
      { cell_type: 'code', source: 'x = 1 # "```"' },
    ]
    expect((await read('notebook', JSON.stringify({ cells, metadata: { language_info: { name: 'python' } } }))).chunks).toEqual([
      '# Load\n\nFirst.\n\n````python\nx = 1 # "```"\n````',
    ])
    expect(await problem('notebook', '{"cells": 5}')).toContain('no notebook')
    expect(await problem('notebook', '{"cells": [')).toContain('not JSON')
  })

  it('that cannot be read is refused with the reason', async () => {
    expect(await problem('pdf', encryptedPdf)).toContain('encrypted and needs a password')
    expect(await problem('pdf', textPdf.subarray(0, 9))).toBe('the file cannot be read as PDF: it is damaged or cut')
    expect(await problem('pdf', '')).toBe('the file is empty')
    expect(await problem('pdf', 'no pdf')).toContain('does not start with %PDF-')
    expect(await problem('docx', zipSync({ 'a.txt': strToU8('x') }))).toContain('is a ZIP archive and no DOCX')
    expect(await problem('docx', 'text')).toContain('no ZIP archive')
    expect(await problem('docx', Buffer.from('d0cf11e0a1b11ae100', 'hex'))).toContain('encrypted or old Office file')
    expect(await problem('text', Buffer.from('89504e470d0a1a0a', 'hex'))).toContain('a PNG picture')
    const bomb = zipSync({ 'word/document.xml': new Uint8Array(200 * 1024 * 1024) })
    expect(bomb.length).toBeLessThan(1024 * 1024)
    expect(await problem('docx', bomb)).toContain('would unpack to more than 134217728 bytes')
    expect(await problem('text', '', 'x.gz')).not.toBe('none')
  })

  it('may be cut at any byte', async () => {
    const whole = docx('<w:p><w:r><w:t>Within 45 days.</w:t></w:r></w:p>')
    for (const [format, bytes] of [
      ['docx', whole],
      ['pdf', textPdf],
    ] as const) {
      for (let length = 0; length < bytes.length; length += 61)
        expect(typeof (await problem(format, bytes.subarray(0, length)))).toBe('string')
    }
    expect(await problem('docx', whole.subarray(0, whole.length - 30))).toContain('damaged or cut')
  })
})

describe('the reader process', () => {
  it('names a file that takes too long or too much memory, and reads the next', async () => {
    const slow = await fileOf('html', '<div>'.repeat(400) + '<p>some words'.repeat(300_000), 'slow')
    const small = await fileOf('text', 'Fine.', 'small')
    const reader = createDocumentReader({ readMsMax: 20, heapMiBMax: 1_024, memoryMiBMax: 2_048 })
    expect(await reader.read(slow)).toEqual({ problem: 'reading it took longer than 20 ms' })
    await reader.close()
    const tight = createDocumentReader({ readMsMax: 60_000, heapMiBMax: 48, memoryMiBMax: 2_048 })
    expect(await tight.read(slow)).toEqual({ problem: expect.stringContaining('48 MiB of memory') as string })
    expect(await tight.read(small)).toEqual({ read: { title: undefined, chunks: ['Fine.'] } })
    await tight.close()
  })
})
