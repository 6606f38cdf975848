import { hash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { writeRandomBert } from '../../../../bench/scenarios/embed/random-bert.ts'
import { obtainModel } from '../../../../infra/servers/models/obtain-model.ts'
import { obtainReranker } from '../../../../infra/servers/models/obtain-reranker.ts'
import { AUTO_PRESET, type Preset, presetOf } from '../../../../infra/servers/models/presets.ts'
import { loadSettings, type SettingName } from '../../../../infra/settings.ts'
import { createEmbedder } from '../../../../pipeline/embedding/embedder.ts'
import { fingerprintOf } from '../../../../pipeline/embedding/embedding-model.ts'
import { createMetrics } from '../../../../pipeline/runtime/metrics.ts'
import { messageOf } from '../../../../schemas/errors.ts'
import { expectRejection } from '../../../support/expect-rejection.ts'
import { startFileMirror } from '../../../support/file-mirror.ts'
import { startHub, type TestHub } from '../../../support/model-hub.ts'
import { silent, temporaryFolder } from '../../../support/test-system.ts'

const WEIGHTS = 'onnx/model_quantized.onnx'
const SMALL = { layers: 1, hidden: 32, heads: 2, feedForward: 64, positions: 64, dtype: 'q8' } as const

let folder: string
let cacheDir: string
let files: Map<string, Uint8Array>
let hub: TestHub

beforeAll(async () => {
  folder = await temporaryFolder()
  const model = await writeRandomBert(join(folder, 'local'), SMALL)
  const paths = ['config.json', 'tokenizer.json', 'tokenizer_config.json', WEIGHTS]
  files = new Map(await Promise.all(paths.map(async (path) => [path, new Uint8Array(await readFile(join(model.folder, path)))] as const)))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

beforeEach(async () => {
  cacheDir = await temporaryFolder()
  hub = await startHub(files)
  return async () => {
    await hub.stop()
    await rm(cacheDir, { recursive: true, force: true })
  }
})

const obtain = (model: string, more: Partial<Record<SettingName, string>> = {}, onProgress = () => undefined) =>
  obtainModel(loadSettings({}, { EMBED_MODEL: model, EMBED_HUB_URL: hub.url, CACHE_DIR: cacheDir, ...more }).settings, silent, {
    onProgress,
  })

const weightsIn = (commit = hub.commit): string => join(cacheDir, 'models', 'org', 'tiny', commit, WEIGHTS)
const asked = (): string[] => hub.requests.map(({ path }) => path)

/** Hands every request on to where `target` says. */
async function startProxy(target: (url: string) => URL) {
  const server = createServer((incoming, outgoing) => {
    const { host: _host, ...headers } = incoming.headers
    request(target(incoming.url ?? ''), { headers }, (answer) =>
      answer.pipe(outgoing.writeHead(answer.statusCode ?? 500, answer.headers)),
    ).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

describe('advice fits the setting that names the model', () => {
  const settings = (more: Partial<Record<SettingName, string>>) =>
    loadSettings({}, { EMBED_HUB_URL: hub.url, CACHE_DIR: cacheDir, ...more }).settings
  const rejection = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'none', messageOf)

  it('where a file is changed or missing: another revision for a named model, another mirror for that of auto', async () => {
    const preset: Preset = { ...AUTO_PRESET, sha256: Object.fromEntries([...files.keys()].map((path) => [path, hash('sha256', path)])) }
    const mirror = await startFileMirror(preset, join(folder, 'local'))
    const getAuto = (): Promise<unknown> =>
      obtainModel(settings({ EMBED_MODEL: preset.name, EMBED_HUB_URL: mirror.url }), silent, { presets: [preset], isAuto: true })
    const missing = await rejection(getAuto())
    expect(missing).toMatch(/does not exist: use a hub or a mirror that has this revision \(COLLOQUY_EMBED_HUB_URL\)$/)
    mirror.setOpen(true)
    const changed = await rejection(getAuto())
    expect(changed).toMatch(/try another one, or fill COLLOQUY_CACHE_DIR on a machine that gets the right file, and copy it$/)
    for (const text of [missing, changed]) expect(text).not.toMatch(/COLLOQUY_EMBED_MODEL|COLLOQUY_RERANK_MODEL|another revision/)
    await mirror.stop()

    const own = Uint8Array.from(files.get(WEIGHTS) ?? [])
    own[100] = (own[100] ?? 0) ^ 1
    hub.fail(WEIGHTS, { instead: own })
    expect(await rejection(obtain('org/tiny'))).toMatch(/or another revision in COLLOQUY_EMBED_MODEL \(org\/name@revision\)$/)
  })

  it('a re-ranker is named by its own setting alone', async () => {
    const errors = [
      await rejection(obtainReranker('org/tiny@no-such-branch', settings({}), silent)),
      await rejection(obtainReranker('org/tiny', settings({ EMBED_HUB_URL: 'http://127.0.0.1:9' }), silent)),
      await rejection(obtainReranker(await temporaryFolder(), settings({}), silent)),
    ]
    for (const text of errors) {
      expect(text).toContain('COLLOQUY_RERANK_MODEL')
      expect(text).not.toMatch(/COLLOQUY_EMBED_MODEL|COLLOQUY_EMBED_DTYPE/)
    }
  })

  it('an own folder with damaged files is restored by its owner, and is not said to be in the cache', async () => {
    const home = join(cacheDir, 'own')
    await cp(join(folder, 'local'), home, { recursive: true })
    await writeFile(join(home, WEIGHTS), 'rubbish')
    const model = await obtain(home)
    const text = await rejection(
      createEmbedder({ model, threads: 1, cacheBytesMax: 1, textsMax: 1, log: silent, metrics: createMetrics() }),
    )
    expect(text).toMatch(/name the folder of an embedding model in COLLOQUY_EMBED_MODEL, or restore its files$/)
  })

  it('a failed request of a hub is told while the next tries run', async () => {
    const told: unknown[] = []
    const ended = new AbortController()
    const away = settings({ EMBED_MODEL: 'org/tiny', EMBED_HUB_URL: 'http://127.0.0.1:9' })
    const onRetry = (error: unknown): void => {
      told.push(messageOf(error))
      ended.abort()
    }
    await expect(obtainModel(away, silent, { onRetry, signal: ended.signal })).rejects.toThrow()
    expect(told).toEqual([expect.stringContaining('127.0.0.1:9')])
  })
})

describe('a model of the hub', () => {
  it('is downloaded once, pinned to the commit of the branch, and then used without the network', async () => {
    const model = await obtain('org/tiny')
    expect(model).toMatchObject({
      name: 'org/tiny',
      kind: 'semantic',
      revision: hub.commit,
      dtype: 'q8',
      pooling: 'mean',
      dimension: 32,
      tokensMax: 64,
    })
    const first = asked().length
    hub.push(new Map([...files, [WEIGHTS, Uint8Array.of(1)]]))
    expect(await obtain('org/tiny')).toEqual(model)
    expect(asked().length).toBe(first)
    await hub.stop()
    expect(await obtain('org/tiny')).toEqual(model)

    const embedder = await createEmbedder({ model, threads: 1, cacheBytesMax: 1e6, textsMax: 16, log: silent, metrics: createMetrics() })
    expect(await embedder.embed(['hello'], 'query')).toHaveLength(1)
    await embedder.close()
  })

  it('resumes a download that broke off, in this run and in the next', async () => {
    hub.fail(WEIGHTS, { cutAfter: 20_000 }, { status: 503 })
    await obtain('org/tiny')
    const ranges = hub.requests.filter(({ path }) => path.endsWith(WEIGHTS)).map(({ range }) => range)
    expect(ranges).toEqual([undefined, 'bytes=20000-', 'bytes=20000-'])

    const whole = await readFile(weightsIn())
    await rm(weightsIn())
    await writeFile(`${weightsIn()}.part`, whole.subarray(0, 1_000))
    await obtain('org/tiny')
    expect(hub.requests.at(-1)).toMatchObject({ range: 'bytes=1000-' })
    expect(await readFile(weightsIn())).toEqual(whole)
  })

  it('is not complete where the server sent less than the size of a file', async () => {
    hub.fail(WEIGHTS, { shortBy: 500 })
    await obtain('org/tiny')
    expect(new Uint8Array(await readFile(weightsIn()))).toEqual(files.get(WEIGHTS))
  })

  it("is refused where a file differs from the hub's checksum, and leaves nothing behind", async () => {
    const changed = Uint8Array.from(files.get(WEIGHTS) ?? [])
    changed[100] = (changed[100] ?? 0) ^ 1
    hub.fail(WEIGHTS, { instead: changed })
    await expectRejection(obtain('org/tiny'), 'wrong_checksum', /model_quantized.*SHA-256/s)
    expect(await readdir(join(weightsIn(), '..'))).toEqual([])
    const small = Uint8Array.from(files.get('config.json') ?? [])
    small[3] = 0x20
    hub.fail('config.json', { instead: small })
    await expectRejection(obtain('org/tiny', { CACHE_DIR: join(cacheDir, 'other') }), 'wrong_checksum', 'Git')
  })

  it("is refused where a file of a mirror differs from a preset's checksum", async () => {
    const revision = presetOf('multilingual-e5-small')?.revision ?? ''
    const mirror = await startHub(files)
    try {
      // Serves our files under the preset's commit.
      const impostor = await startProxy((url) => new URL(url.replace(revision, mirror.commit), mirror.url))
      await expectRejection(obtain('multilingual-e5-small', { EMBED_HUB_URL: impostor.url }), 'wrong_checksum', 'config.json')
      await impostor.stop()
    } finally {
      await mirror.stop()
    }
  })

  it('comes from a mirror that has only files, if the checksums are known', async () => {
    const revision = 'a'.repeat(40)
    const sha256 = Object.fromEntries([...files].map(([path, content]) => [path, hash('sha256', content)]))
    const preset: Preset = { ...AUTO_PRESET, name: 'org/tiny', aliases: [], revision, sha256, dimension: 32, tokensMax: 64 }
    const mirror = await startFileMirror(preset, join(folder, 'local'))
    const { settings } = loadSettings({}, { EMBED_MODEL: 'org/tiny', EMBED_HUB_URL: mirror.url, CACHE_DIR: cacheDir })
    await expectRejection(obtainModel(settings, silent, { presets: [preset] }), 'model_not_found')
    mirror.setOpen(true)
    mirror.requests.length = 0
    expect(await obtainModel(settings, silent, { presets: [preset] })).toMatchObject({ name: 'org/tiny', revision })
    expect(mirror.requests.map(({ path }) => path)).toEqual([...files.keys()].map((path) => `/org/tiny/resolve/${revision}/${path}`))
    await writeFile(weightsIn(revision), 'rubbish')
    await obtainModel(settings, silent, { presets: [preset] })
    expect(new Uint8Array(await readFile(weightsIn(revision)))).toEqual(files.get(WEIGHTS))
    await mirror.stop()
  })

  it('is no longer waited for once its signal aborts, and the next attempt resumes the download', async () => {
    const revision = 'b'.repeat(40)
    const preset: Preset = { ...AUTO_PRESET, name: 'org/tiny', aliases: [], revision, sha256: {}, dimension: 32, tokensMax: 64 }
    const sha256 = Object.fromEntries([...files].map(([path, content]) => [path, hash('sha256', content)]))
    const mirror = await startFileMirror(preset, join(folder, 'local'))
    mirror.setOpen(true)
    const { settings } = loadSettings({}, { EMBED_MODEL: 'org/tiny', EMBED_HUB_URL: mirror.url, CACHE_DIR: cacheDir })
    mirror.hold(WEIGHTS, 5_000)
    const stop = new AbortController()
    const onProgress = (file: string, bytes: number): void => {
      if (file === WEIGHTS && bytes >= 5_000) stop.abort(new Error('stopped'))
    }
    const presets = [{ ...preset, sha256 }]
    await expect(obtainModel(settings, silent, { presets, onProgress, signal: stop.signal })).rejects.toThrow()
    await obtainModel(settings, silent, { presets })
    expect(mirror.requests.at(-1)).toMatchObject({ path: expect.stringContaining(WEIGHTS) as string, range: 'bytes=5000-' })
    await mirror.stop()
  })

  it('has damaged files downloaded again', async () => {
    await obtain('org/tiny')
    await writeFile(weightsIn(), 'rubbish')
    await obtain('org/tiny')
    expect(new Uint8Array(await readFile(weightsIn()))).toEqual(files.get(WEIGHTS))
  })

  it('reports a full disk, and resumes once there is space', async () => {
    await obtain('org/tiny')
    await rm(weightsIn())
    // Whatever is written there, the kernel says that there is no space left.
    await symlink('/dev/full', `${weightsIn()}.part`)
    await expectRejection(obtain('org/tiny'), 'disk_full', /is full.*COLLOQUY_CACHE_DIR/)
    expect(existsSync(weightsIn())).toBe(false)
    await rm(`${weightsIn()}.part`)
    await obtain('org/tiny')
    expect(existsSync(weightsIn())).toBe(true)
  })

  it('reports what to do where it does not exist, needs a token, or the hub does not answer', async () => {
    await expectRejection(obtain('org/tiny@no-such-branch'), 'model_not_found', 'COLLOQUY_EMBED_MODEL')
    hub.fail(WEIGHTS, { status: 401 })
    await expectRejection(obtain('org/tiny'), 'model_forbidden', 'COLLOQUY_EMBED_HUB_TOKEN')
    await expectRejection(obtain('org/tiny', { EMBED_DTYPE: 'fp16' }), 'model_not_found', 'COLLOQUY_EMBED_DTYPE')
    const emptyCache = join(cacheDir, 'empty')
    await expectRejection(
      obtain('org/tiny', { EMBED_HUB_URL: 'http://127.0.0.1:9', CACHE_DIR: emptyCache }),
      'hub_unreachable',
      'COLLOQUY_EMBED_PROXY_URL',
    )
    const noHub = await startProxy(() => new URL('/api/models/org/tiny/tree/none', hub.url))
    await expectRejection(obtain('org/tiny', { EMBED_HUB_URL: noHub.url, CACHE_DIR: emptyCache }), 'hub_refused', 'COLLOQUY_EMBED_HUB_URL')
    await noHub.stop()
    await expectRejection(obtain('../outside/of'), 'bad_setting')
    await expectRejection(obtain('org/..'), 'bad_setting')
    await expectRejection(obtain('nothing'), 'bad_setting', 'multilingual-e5-small')
  })

  it('is requested with the token, and through the proxy of the settings', async () => {
    const through: string[] = []
    const proxy = await startProxy((url) => {
      through.push(new URL(url).host)
      return new URL(url)
    })
    await obtain('org/tiny', { EMBED_PROXY_URL: proxy.url, EMBED_HUB_TOKEN: 'secret-token' })
    expect(new Set(through)).toEqual(new Set([new URL(hub.url).host]))
    expect(through).toHaveLength(hub.requests.length)
    expect(hub.requests.every(({ authorization }) => authorization === 'Bearer secret-token')).toBe(true)
    await proxy.stop()
  })

  it('is downloaded by one process while others wait for it', async () => {
    const models = await Promise.all([obtain('org/tiny'), obtain('org/tiny'), obtain('org/tiny')])
    expect(new Set(models.map(fingerprintOf)).size).toBe(1)
    expect(asked().filter((path) => path.endsWith(WEIGHTS))).toHaveLength(1)
  })
})

describe('a local folder', () => {
  it('is described by its files and identified by their content', async () => {
    const local = join(folder, 'local')
    const model = await obtain(local)
    expect(model).toMatchObject({
      kind: 'semantic',
      dtype: 'q8',
      pooling: 'mean',
      dimension: 32,
      tokensMax: 64,
      prefixes: { query: '', passage: '' },
    })
    await mkdir(join(local, '1_Pooling'), { recursive: true })
    await writeFile(join(local, '1_Pooling', 'config.json'), '{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}')
    await writeFile(join(local, 'config_sentence_transformers.json'), '{"prompts": {"query": "Q: ", "document": "D: "}}')
    const told = await obtain(local)
    expect(told).toMatchObject({ pooling: 'cls', prefixes: { query: 'Q: ', passage: 'D: ' } })
    expect(fingerprintOf(told)).not.toBe(fingerprintOf(model))
    expect(fingerprintOf(told)).toMatch(/^local-q8-32-[0-9a-f]{8}$/)
    expect(await obtain(local, { EMBED_POOLING: 'mean', EMBED_QUERY_PREFIX: 'ask: ' })).toMatchObject({
      pooling: 'mean',
      prefixes: { query: 'ask: ' },
    })
  })

  it('without a model is refused, and the error names the missing file', async () => {
    const empty = join(cacheDir, 'empty')
    await mkdir(empty)
    await expectRejection(obtain(empty), 'bad_model', 'config.json')
    await writeFile(join(empty, 'config.json'), '{"hidden_size": 32}')
    await expectRejection(obtain(empty), 'bad_model', 'onnx/model_quantized.onnx')
    await writeFile(join(empty, 'config.json'), '{"hidden_size": "many"}')
    await expectRejection(obtain(empty), 'bad_model', 'hidden_size')
  })
})
