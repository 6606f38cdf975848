import { expect, test } from 'vitest'
import type { DocumentRequest } from '../../../actors/kinds/document/render-task.ts'
import { createDocumentMaker } from '../../../pipeline/documents/document-maker.ts'

const never = new AbortController().signal
const request = (text: string, more: Partial<DocumentRequest> = {}): DocumentRequest => ({
  template: { text, lang: 'en' },
  data: {},
  id: 'd1',
  formats: ['markdown'],
  at: '2026-11-30T10:00:00.000Z',
  ...more,
})
/** A pattern that takes for ever with these data. */
const HANGS = request('x', {
  template: { text: 'x', lang: 'en', schema: { type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } } },
  data: { a: `${'a'.repeat(60)}b` },
})
const LIMITS = { makeMsMax: 60_000, heapMiBMax: 256, idleMsMax: 60_000 }

test('what takes for ever ends its thread, and the next document is made', async () => {
  const make = createDocumentMaker({ ...LIMITS, makeMsMax: 3_000 })
  const [hung, next] = await Promise.all([make(HANGS, never), make(request('after'), never)])
  expect(hung).toMatchObject({ code: 'document_too_costly', problem: 'making it took longer than 3000 ms' })
  expect(next).toMatchObject({ files: { markdown: 'after' } })
}, 120_000)

test('a document that is given up ends its thread, and one that waits is not begun', async () => {
  const make = createDocumentMaker(LIMITS)
  const giveUp = new AbortController()
  const [hung, waiting] = [make(HANGS, giveUp.signal), make(request('never'), giveUp.signal)]
  giveUp.abort(new Error('given up'))
  await expect(hung).rejects.toThrow('given up')
  await expect(waiting).rejects.toThrow('given up')
  expect(await make(request('after'), never)).toMatchObject({ files: { markdown: 'after' } })
}, 120_000)
