import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitUntilCaughtUp } from '../../../infra/app/system-status.ts'
import { createSearchClient, type Search } from '../../../pipeline/search/search-client.ts'
import { createRemoteSearch } from '../../../pipeline/search/search-service.ts'
import { SEARCH_SUBJECT } from '../../../schemas/subjects.ts'
import { cliJson, runCli } from '../../support/run-cli.ts'
import { publishAll } from '../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../support/test-system.ts'
import { writeOverlapModel, writeWordVectors } from '../../support/tiny-models.ts'

const WORDS = ['nan', 'infinity', 'return', 'parcel', 'refund', 'oslo', '退', '货', '发', '票']
const TEXTS = [
  ['m0', 'parcel parcel parcel, and again a parcel'],
  ['m1', 'how to return a parcel to oslo'],
  ['m2', 'a parcel with nan in it'],
  ['m3', '我要退货'],
  ['m4', 'infinity parcels'],
] as const

let folder: string
let system: System
let url: string
let search: Search
beforeAll(async () => {
  folder = await temporaryFolder()
  const [vectors, overlap] = [join(folder, 'vectors'), join(folder, 'overlap')]
  await Promise.all([writeWordVectors(vectors, WORDS), writeOverlapModel(overlap, WORDS)])
  system = await startSystem({ settings: { EMBED_MODEL: vectors, RERANK_MODEL: overlap, RERANK_BUDGET_MS: '9000', EMBED_BATCH_MS: '10' } })
  url = system.running.http?.url ?? ''
  search = createSearchClient({ url })
  await publishAll(
    system,
    TEXTS.map(([id, text]) => ({
      subject: `in.acme.support.${id}`,
      body: { type: 'message.received', id, history: true, data: { role: 'user', text } },
    })),
  )
  await waitUntilCaughtUp(system.settings, 60_000)
}, 90_000)
afterAll(async () => {
  await system.stop()
  await rm(folder, { recursive: true, force: true })
})

const Q = 'parcel return oslo'
const sources = async (request: Partial<Parameters<Search>[0]> = {}): Promise<string[]> =>
  (await search({ tenant: 'acme', q: Q, ...request })).hits.map(({ source }) => source)

describe('a search with a cross-encoder', () => {
  it('is ordered by it over HTTP, over NATS and by the command, in both languages', async () => {
    const answer = await search({ tenant: 'acme', q: Q, explain: true })
    expect(answer.hits.map(({ source, score }) => [source, Math.round(score * 100)])).toEqual([
      ['m1', 98],
      ['m0', 21],
    ])
    expect(answer.reranked).toMatchObject({ model: join(folder, 'overlap'), texts: 2 })
    expect(answer.hits[0]?.explain).toMatchObject({ rerank: { score: 0.982 }, keyword: { place: 1 } })
    expect((await search({ tenant: 'acme', q: '退货' })).hits[0]).toMatchObject({ source: 'm3', score: 0.982 })
    const remote = await createRemoteSearch(system.running.jetstream.nc)({ tenant: 'acme', q: Q, explain: true })
    expect(remote.hits).toEqual(answer.hits)
    expect(await search({ tenant: 'acme', q: Q, rerank: false })).not.toHaveProperty('reranked')
    const [byCommand] = await cliJson<{ hits: readonly unknown[] }>(['search', Q, '--tenant', 'acme', '--explain'], {
      dataDir: system.settings.DATA_DIR,
    })
    expect(byCommand?.hits).toEqual(answer.hits)
  })

  it('tells people what lifted each hit, and how many are below the least score', async () => {
    const dataDir = system.settings.DATA_DIR
    const shown = await runCli(['search', Q, '--tenant', 'acme', '--explain'], { dataDir })
    expect(shown.stdout).toMatch(/meaning +\d\.\d{3} +\d.. +[+-]\d\.\d\d +words +\d\.\d{3} +1st +[+-]\d\.\d\d +re-ranked 0\.982, was \d../)
    expect(shown.stdout + shown.stderr).toMatch(/Re-ranked 2 texts by .*overlap in \d+ ms/)
    expect(shown.stdout + shown.stderr).toContain('Order by auto: meaning counts')
    const none = await runCli(['search', Q, '--tenant', 'acme', '--score-min', '0.99'], { dataDir })
    expect(none.stdout + none.stderr).toContain('2 hits below the least score')
    expect(await sources({ scoreMin: 0.5 })).toEqual(['m1'])
  })

  it.each([
    [['--score-min', '2'], "option '--score-min <score>' argument '2' is invalid. It must be a number from 0 to 1."],
    [['--dense-weight', 'much'], "option '--dense-weight <share>' argument 'much' is invalid"],
    [['--rrf-k', '0'], "option '--rrf-k <k>' argument '0' is invalid"],
    [['--rrf-k', '10'], '--rrf-k: has a meaning with the fusion rrf only'],
    [['--rrf-k', '20000', '--fusion', 'rrf'], '--rrf-k: must be at most 10000'],
    [['--dense-weight', '0.5', '--fusion', 'auto'], '--dense-weight: has no meaning with the fusion auto'],
    [['--half-life-hours', '1e7'], '--half-life-hours: must be at most 1000000'],
  ])('refuses %j under the name of the flag', async (flags, error) => {
    const { code, stderr } = await runCli(['search', Q, '--tenant', 'acme', ...flags], { dataDir: system.settings.DATA_DIR })
    expect(code).not.toBe(0)
    expect(stderr).toContain(error)
    expect(stderr).not.toMatch(/scoreMin|rrfK|denseWeight|halfLifeHours/)
  })
})

describe('a model that gives numbers which are not finite', () => {
  it('does not stop the index: these texts are in DEAD, and all others are found', async () => {
    const { state } = await system.running.jetstream.jsm.streams.info('DEAD', { subjects_filter: 'dead.embed_failed.>' })
    expect(Object.keys(state.subjects ?? {})).toHaveLength(2)
    expect(await sources({ rerank: false, all: true })).toEqual(expect.arrayContaining(['m0', 'm1']))
  })

  it('is told by learn --wait, which names what search cannot find', async () => {
    const [folder, dataDir] = [await temporaryFolder(), system.settings.DATA_DIR]
    await writeFile(join(folder, 'good.md'), '# Good\n\nA parcel takes four days.\n')
    expect((await runCli(['learn', folder, '--tenant', 'bad-model', '--wait'], { dataDir })).code).toBe(0)
    await writeFile(join(folder, 'bad.md'), '# Bad\n\nA parcel with nan in it.\n')
    const { code, stdout, stderr } = await runCli(['learn', folder, '--tenant', 'bad-model', '--wait'], { dataDir })
    expect(stdout).toContain('1 learned')
    expect(stderr).toMatch(/1 source of bad-model cannot be found by search:\n .*not_all_learned/s)
    expect(code).toBe(1)
    await rm(folder, { recursive: true })
  })

  it.each(['nan', 'infinity'])(
    'answers the question "%s" with an error that says what to do, and by words with what there is',
    async (q) => {
      const response = await fetch(`${url}/v1/search?tenant=acme&q=${q}`)
      expect(response.status).toBe(422)
      expect(await response.json()).toMatchObject({ code: 'embed_failed', detail: expect.stringContaining('mode keyword') as string })
      expect((await search({ tenant: 'acme', q, mode: 'keyword' })).hits).toEqual([])
      expect(await sources()).toEqual(['m1', 'm0'])
    },
  )
})

describe('a question of a megabyte', () => {
  const q = '退'.repeat(1024 * 1024)

  it('is refused with the bound: by the client, over NATS, over HTTP, and by the command', async () => {
    const refusal = { code: 'bad_query', message: expect.stringContaining('8192') as string }
    await expect(search({ tenant: 'acme', q })).rejects.toMatchObject(refusal)
    await expect(createRemoteSearch(system.running.jetstream.nc)({ tenant: 'acme', q })).rejects.toMatchObject(refusal)
    const { nc } = system.running.jetstream
    const byNats = await nc.request(SEARCH_SUBJECT, JSON.stringify({ tenant: 'acme', q: 'x'.repeat(1_000_000) }), { timeout: 10_000 })
    expect(byNats.json()).toMatchObject({ error: refusal })
    const byHttp = await fetch(`${url}/v1/search?tenant=acme&q=${'x'.repeat(1024 * 1024)}`)
    expect(byHttp.status).toBe(431)
    expect(await byHttp.json()).toMatchObject({ code: 'headers_too_large', detail: expect.stringContaining('16384') as string })
    // The system takes no longer argument than 128 KiB.
    const byCommand = await runCli(['search', 'x'.repeat(120_000), '--tenant', 'acme'], { dataDir: system.settings.DATA_DIR })
    expect(byCommand).toMatchObject({ code: 1, stderr: expect.stringContaining('8192') as string })
    expect(await sources()).toEqual(['m1', 'm0'])
  })
})
