import { expect, test } from 'vitest'
import type { DocumentRequest } from '../../../actors/kinds/document/render-task.ts'
import { createDocumentMaker } from '../../../pipeline/documents/document-maker.ts'

const never = new AbortController().signal
const forTenant = (tenant: string, signal = never) => ({ tenant, signal })
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
const LIMITS = { threadsMax: 2, makeMsMax: 60_000, heapMiBMax: 256, idleMsMax: 60_000 }

test('what takes for ever ends its thread, and the next document is made', async () => {
  const make = createDocumentMaker({ ...LIMITS, makeMsMax: 3_000 })
  const [hung, next] = await Promise.all([make(HANGS, forTenant('a')), make(request('after'), forTenant('a'))])
  expect(hung).toMatchObject({ code: 'document_too_costly', problem: 'making it took longer than 3000 ms' })
  expect(next).toMatchObject({ files: { markdown: 'after' } })
}, 120_000)

test('a document that is given up ends its thread, and one that waits is not begun', async () => {
  const make = createDocumentMaker(LIMITS)
  const giveUp = new AbortController()
  const [hung, waiting] = ['hangs', 'waits'].map(() => make(HANGS, forTenant('a', giveUp.signal)))
  giveUp.abort(new Error('given up'))
  await expect(hung).rejects.toThrow('given up')
  await expect(waiting).rejects.toThrow('given up')
  expect(await make(request('after'), forTenant('a'))).toMatchObject({ files: { markdown: 'after' } })
}, 120_000)

test('documents of other tenants are made while those of one take for ever', async () => {
  const make = createDocumentMaker(LIMITS)
  const giveUp = new AbortController()
  const endless = Array.from({ length: 20 }, () => make(HANGS, forTenant('endless', giveUp.signal)))
  for (const index of [1, 2, 3]) {
    expect(await make(request(`text ${index}`), forTenant('acme'))).toMatchObject({ files: { markdown: `text ${index}` } })
  }
  giveUp.abort(new Error('given up'))
  expect(await Promise.allSettled(endless)).toMatchObject(endless.map(() => ({ status: 'rejected' })))
}, 120_000)
