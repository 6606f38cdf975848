import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitUntilCaughtUp } from '../../../infra/app/system-status.ts'
import { createSearchClient, type Search } from '../../../pipeline/search/search-client.ts'
import { cliJson, runCli } from '../../support/run-cli.ts'
import { publishAll } from '../../support/system-assertions.ts'
import { startSystem, type System } from '../../support/test-system.ts'

let system: System
let search: Search
let url: string

const messages = [
  ['c1', 'Where is my parcel from Oslo? The tracking says nothing.', 'en'],
  ['c1', '我的订单什么时候发货？', 'zh'],
  ['c2', 'I returned the parcel and want a refund.', 'en'],
  ['c2', 'I returned the parcel and want a refund!!', 'en'],
  ['c3', '请问发票可以重新开吗 👩‍👩‍👧 مرحبا', 'zh'],
] as const

beforeAll(async () => {
  system = await startSystem({ settings: { EMBED_BATCH_MS: '10' } })
  url = system.running.http?.url ?? ''
  search = createSearchClient({ url })
  await publishAll(
    system,
    messages.map(([actor, text], index) => ({
      subject: `in.acme.support.${actor}`,
      body: {
        type: 'message.received',
        id: `m${index}`,
        history: true,
        time: `2026-0${index + 1}-01T00:00:00Z`,
        data: { role: 'user', text },
      },
    })),
  )
  await publishAll(system, [
    {
      subject: 'in.other.support.c1',
      body: { type: 'message.received', id: 'o1', history: true, data: { role: 'user', text: 'our secret parcel' } },
    },
  ])
  await waitUntilCaughtUp(system.settings, 60_000)
})
afterAll(() => system.stop())

const sources = async (request: Omit<Parameters<Search>[0], 'tenant'>): Promise<string[]> =>
  (await search({ tenant: 'acme', ...request })).hits.map(({ source }) => source)

describe('search over messages', () => {
  it.each(['hybrid', 'dense', 'keyword'] as const)('finds messages in both languages in the mode %s', async (mode) => {
    expect((await sources({ q: 'tracking of my parcels', mode }))[0]).toBe('m0')
    expect((await sources({ q: '订单发货', mode }))[0]).toBe('m1')
    expect((await sources({ q: '发票', mode }))[0]).toBe('m4')
  })

  it('drops near-duplicates, applies filters, and returns properties and highlights of hits', async () => {
    expect((await sources({ q: 'returned parcel refund' })).filter((source) => source === 'm2' || source === 'm3')).toHaveLength(1)
    expect((await sources({ q: 'returned parcel refund', all: true })).filter((source) => source === 'm2' || source === 'm3')).toHaveLength(
      2,
    )
    expect(await search({ tenant: 'acme', q: 'returned parcel refund' })).toMatchObject({ duplicates: 1 })
    expect(await search({ tenant: 'acme', q: 'returned parcel refund', all: true })).toMatchObject({ duplicates: 0 })
    expect(await sources({ q: 'parcel', conversation: 'c1', mode: 'keyword' })).toEqual(['m0'])
    expect(await sources({ q: 'parcel', since: '2026-02-01T00:00:00Z', mode: 'keyword' })).toHaveLength(1)
    expect(await sources({ q: 'parcel', in: 'knowledge' })).toEqual([])
    const {
      hits: [hit],
      model,
    } = await search({ tenant: 'acme', q: 'parcel from OSLO', limit: 1 })
    expect(model).toBe('lexical')
    expect(hit).toMatchObject({ kind: 'support', actor: 'c1', in: 'messages', lang: 'en', at: '2026-01-01T00:00:00.000Z' })
    expect(hit?.highlights.map(([from, to]) => hit.text.slice(from, to))).toEqual(['parcel', 'Oslo'])
    const {
      hits: [zh],
    } = await search({ tenant: 'acme', q: '订单', limit: 1 })
    expect(zh?.highlights.map(([from, to]) => zh.text.slice(from, to))).toEqual(['订单'])
  })

  it('gives scores that are comparable between queries: full, partial and no match', async () => {
    const best = async (q: string): Promise<number> => (await search({ tenant: 'acme', q })).hits[0]?.score ?? 0
    const all = await best(messages[0][1])
    const some = await best('tracking of an unheard-of zeppelin')
    const none = await best('zeppelin xylophone')
    expect(all).toBeGreaterThan(0.6)
    expect(some).toBeGreaterThan(none)
    expect(some).toBeLessThan(0.5)
    expect(none).toBeLessThan(0.15)
    const aged = (await search({ tenant: 'acme', q: messages[0][1], halfLifeHours: 24 })).hits[0]
    expect(aged?.score).toBeLessThan(all / 2)
  })

  it('never returns messages of another tenant', async () => {
    expect((await search({ tenant: 'other', q: 'parcel' })).hits.map(({ source }) => source)).toEqual(['o1'])
    expect((await search({ q: 'parcel' })).hits).toEqual([])
  })

  it('refuses invalid requests with the name of the field, and accepts any text as a query', async () => {
    const invalid = [
      ['tenant=acme', 'q'],
      ['q=', 'q'],
      ['q=%20', 'q'],
      ['q=x&limit=0', 'limit'],
      ['q=x&tenant=%27%20OR%201=1', 'tenant'],
      ['q=x&mode=fast', 'mode'],
      [`q=${'x'.repeat(9_000)}`, 'q'],
      ['q=x&since=soon', 'since'],
      ['q=x&all=maybe', 'all'],
    ]
    for (const [query, field] of invalid) {
      const response = await fetch(`${url}/v1/search?${query}`)
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ code: 'bad_query', detail: expect.stringContaining(field ?? '') as string })
    }
    for (const q of ['👩‍👩‍👧', 'مرحبا', '\u200b\u200d x', "'; DROP TABLE memory; --", '\ud800', '{{term:String}}', '?!', '的']) {
      expect((await search({ tenant: 'acme', q })).hits.length).toBeLessThanOrEqual(messages.length)
    }
    expect((await sources({ q: 'مرحبا', mode: 'keyword' }))[0]).toBe('m4')
  })

  it('is available as a command that prints text or JSON', async () => {
    const options = { dataDir: system.settings.DATA_DIR }
    const refunds = ['search', 'returned parcel refund', '--tenant', 'acme', '--mode', 'keyword']
    expect(await runCli(refunds, options)).toMatchObject({ stderr: expect.stringContaining('1 near-duplicate is not shown') as string })
    expect((await runCli([...refunds, '--all'], options)).stdout).toMatch(/refund\.[^]*refund!!|refund!![^]*refund\./)
    const asText = await runCli(['search', 'refund', '--tenant', 'acme', '--limit', '1'], options)
    expect(asText).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('support/c2') as string,
      stderr: expect.stringContaining('words, not meaning') as string,
    })
    const asJson = await cliJson(['search', '发票', '--tenant', 'acme', '--mode', 'keyword'], options)
    expect(asJson).toMatchObject([{ model: 'lexical', hits: [{ source: 'm4' }] }])
    expect(await runCli(['search', ' '], options)).toMatchObject({ code: 1, stdout: '' })
  })
})
