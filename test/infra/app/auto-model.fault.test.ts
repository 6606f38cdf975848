import { type ChildProcess, spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelFolders } from '../../../bench/eval/eval-models.ts'
import { readIndexModel } from '../../../infra/app/index-model.ts'
import { readStatus, waitUntilCaughtUp } from '../../../infra/app/system-status.ts'
import { AUTO_PRESET, type Preset, presetOf } from '../../../infra/servers/models/presets.ts'
import { createSearchClient } from '../../../pipeline/search/search-client.ts'
import { readTaughtSet } from '../../../pipeline/understanding/taught/taught-set.ts'
import { trainedName } from '../../../pipeline/understanding/training/trained-models.ts'
import { type FileMirror, startFileMirror } from '../../support/file-mirror.ts'
import { INDEX_PROCESS, type IndexProcess } from '../../support/index-process.ts'
import { cliJson, runCli } from '../../support/run-cli.ts'
import { publishAll } from '../../support/system-assertions.ts'
import { settingsFor, startSystem, type System } from '../../support/test-system.ts'

/** A model that is in a folder beside the repository stands for the one that `auto` means, which tests cannot download. */
const folder = modelFolders('en').find((path) => path.endsWith('all-minilm-l6-v2')) ?? ''
const WEIGHTS = 'onnx/model_quantized.onnx'
const FILES = ['config.json', 'tokenizer.json', 'tokenizer_config.json', WEIGHTS]
const FILLER = 150

/** A process with a search index of its own: the built-in model until its mirror has the other one. */
interface Worker {
  readonly process: ChildProcess
  readonly url: string
}

let system: System
let preset: Preset
let mirrors: readonly [FileMirror, FileMirror]
const workers: ChildProcess[] = []
let published = 0

async function startWorker(name: string, roles: string, mirror: FileMirror, more: IndexProcess['settings'] = {}): Promise<Worker> {
  const { DATA_DIR: dataDir } = system.settings
  const { running } = system
  const passwordOf = async (server: string): Promise<string> => (await readFile(join(dataDir, `${server}-password`), 'utf8')).trim()
  const settings = settingsFor(join(dataDir, name), {
    NATS_URL: running.nats.url,
    NATS_USER: 'colloquy',
    NATS_PASSWORD: await passwordOf('nats'),
    CLICKHOUSE_URL: running.clickhouse?.url ?? '',
    CLICKHOUSE_USER: 'colloquy',
    CLICKHOUSE_PASSWORD: await passwordOf('clickhouse'),
    ROLES: roles,
    EMBED_MODEL: 'auto',
    EMBED_HUB_URL: mirror.url,
    CACHE_DIR: join(dataDir, name, 'cache'),
    EMBED_BATCH_MS: '10',
    EMBED_BATCH_RECORDS_MAX: '32',
    ...more,
  })
  const given: IndexProcess = { settings, autoPreset: preset }
  const process_ = spawn(process.execPath, [INDEX_PROCESS, JSON.stringify(given)], { stdio: ['ignore', 'pipe', 'inherit'] })
  workers.push(process_)
  const [url] = (await once(createInterface(process_.stdout), 'line')) as [string]
  return { process: process_, url }
}
const end = async ({ process: child }: Worker, signal: NodeJS.Signals): Promise<void> => {
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}
const publish = async (texts: readonly string[]): Promise<void> => {
  await publishAll(
    system,
    texts.map((text) => ({
      subject: `in.acme.support.c${published % 7}`,
      body: { type: 'message.received', id: `m${published++}`, history: true, data: { role: 'user', text } },
    })),
  )
}
const find = async (worker: Worker, q: string): Promise<{ readonly model: string; readonly first: string | undefined }> => {
  const { model, hits } = await createSearchClient({ url: worker.url })({ tenant: 'acme', q, mode: 'dense', limit: 3 })
  return { model, first: hits[0]?.text }
}
const embedDetail = async (): Promise<string> => (await readStatus(system.settings)).stages.embed?.detail ?? ''
const understandingVersion = async (worker: Worker): Promise<string> => {
  const body = JSON.stringify({ tenant: 'acme', text: 'I would like my money back' })
  const response = await fetch(new URL('/v1/understand', worker.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  return ((await response.json()) as { version: string }).version
}
const trainedWith = async (vectors: string | null): Promise<string> => {
  const { version, seq } = await readTaughtSet(system.running.jetstream, { tenant: 'acme', set: 'main' })
  return `main@${version}-${trainedName({ tenant: 'acme', set: 'main', version, seq, vectors }).slice(0, 12)}`
}

/** The question shares no word with the text that answers it. */
const ANSWER = 'Purchases can be reimbursed within thirty days of delivery.'
const QUESTION = 'how do I get my money back'

describe.skipIf(folder === '')('EMBED_MODEL=auto (skipped without ../shared/models/all-minilm-l6-v2)', () => {
  beforeAll(async () => {
    system = await startSystem({ settings: { ROLES: 'host,dispatch,project' } })
    const known = presetOf('all-MiniLM-L6-v2') ?? AUTO_PRESET
    const sums = FILES.map(async (file) => [file, hash('sha256', await readFile(join(folder, file)))] as const)
    preset = { ...known, sha256: Object.fromEntries(await Promise.all(sums)) }
    mirrors = [await startFileMirror(preset, folder), await startFileMirror(preset, folder)]
    await publish([ANSWER, ...Array.from({ length: FILLER }, (_, index) => `day ${index}: the cat gets back to my house`)])
  })
  afterAll(async () => {
    for (const child of workers) child.kill('SIGKILL')
    for (const mirror of mirrors) await mirror.stop()
    await system.stop()
  })

  let first: Worker
  let second: Worker
  let fingerprint = ''

  it('starts with the built-in model and says why it stays with it while the model cannot be had', async () => {
    first = await startWorker('first', 'embed,train,serve', mirrors[0])
    const intents = join(system.settings.DATA_DIR, 'intents.jsonl')
    const examples = [
      ['refund', 'refund please'],
      ['refund', 'send the money back'],
      ['refund', 'I want to return it'],
      ['status', 'where is my parcel'],
      ['status', 'when will it arrive'],
      ['status', 'track my order'],
    ]
    await writeFile(intents, examples.map(([intent, text]) => JSON.stringify({ intent, text })).join('\n'))
    expect(await runCli(['intents', 'teach', intents, '--tenant', 'acme'], { dataDir: system.settings.DATA_DIR })).toMatchObject({
      code: 0,
    })
    await waitUntilCaughtUp(system.settings, 60_000)
    await expect.poll(() => understandingVersion(first)).toContain(await trainedWith(null))
    await expect.poll(embedDetail).toMatch(/embed model: cannot get it \(.*does not exist/)
    const { stdout, code } = await runCli(['status', '--problems'], { dataDir: system.settings.DATA_DIR })
    expect([code, stdout]).toEqual([1, expect.stringContaining(`auto_model_missing  process ${first.process.pid ?? 0}: ${preset.name}: `)])
    expect(stdout).toMatch(
      /cannot get it \(.*does not exist: use a hub or a mirror.*\) since .*; attempt \d+ at |attempt \d+, after a failure/,
    )
    expect(stdout).toContain('COLLOQUY_EMBED_HUB_URL')
    expect(await find(first, QUESTION)).toEqual({ model: 'lexical', first: expect.stringContaining('the cat') as string })
  })

  it('downloads from a mirror that has only files, shows how far it is, and goes on after kill -9', async () => {
    second = await startWorker('second', 'serve', mirrors[1])
    const release = mirrors[0].hold(WEIGHTS, 5_000_000)
    mirrors[0].setOpen(true)
    await expect.poll(embedDetail, { interval: 200 }).toMatch(/embed model: downloading 5 of 23 MB/)
    const [status] = await cliJson<{ stages: { embed: { ok: boolean; detail: string } } }>(['status'], {
      dataDir: system.settings.DATA_DIR,
    })
    expect(status?.stages.embed).toMatchObject({ ok: true, detail: expect.stringContaining('downloading 5 of 23 MB') as string })
    expect(await find(first, QUESTION)).toMatchObject({ model: 'lexical' })
    await end(first, 'SIGKILL')
    release()
    first = await startWorker('first', 'embed,train,serve', mirrors[0])
    await expect.poll(() => mirrors[0].requests.filter(({ path }) => path.endsWith(WEIGHTS)).at(-1)?.range).toMatch(/^bytes=\d{6,}-$/)
    expect(new Set(mirrors[0].requests.filter(({ status: code }) => code !== 404).map(({ path }) => path))).toEqual(
      new Set(FILES.map((file) => `/${preset.name}/resolve/${preset.revision}/${file}`)),
    )
  })

  it('waits with the switch for a process that cannot get the model, and names it', async () => {
    const waiting = `embed model: waiting for process ${second.process.pid ?? 0} on ${hostname()}`
    await expect.poll(embedDetail, { timeout: 120_000, interval: 500 }).toContain(waiting)
    await publish(['One more customer asks for a reimbursement of a broken kettle.'])
    await waitUntilCaughtUp(system.settings, 60_000)
    expect(await find(first, QUESTION)).toMatchObject({ model: 'lexical' })
    expect(await understandingVersion(first)).toContain(await trainedWith(null))
    expect((await readIndexModel(system.running.kv))?.settings).toEqual({})
  })

  it(
    'switches every process once all have it: search by meaning, intents of the new vectors, and nothing is missing',
    { timeout: 300_000 },
    async () => {
      // A process that is stopped does not wait for its download, which the next one resumes.
      mirrors[1].hold(WEIGHTS, 5_000_000)
      mirrors[1].setOpen(true)
      const asked = (): unknown => mirrors[1].requests.findLast(({ path, status }) => path.endsWith(WEIGHTS) && status !== 404)
      await expect.poll(asked).toBeDefined()
      await end(second, 'SIGTERM')
      second = await startWorker('second', 'serve', mirrors[1])
      for (const worker of [first, second])
        await expect
          .poll(() => find(worker, QUESTION), { timeout: 120_000, interval: 500 })
          .toEqual({ model: 'semantic', first: expect.stringMatching(/reimburse/) as string })
      const agreed = await readIndexModel(system.running.kv)
      expect(agreed).toMatchObject({ settings: { EMBED_MODEL: preset.name }, fingerprint: expect.stringContaining('minilm') as string })
      fingerprint = agreed?.fingerprint ?? ''
      await expect.poll(() => understandingVersion(first)).toContain(await trainedWith(fingerprint))
      await publish(['the very last message'])
      await waitUntilCaughtUp(system.settings, 60_000)
      const [verified] = await cliJson<{ tables: Record<string, unknown> }>(['verify'], { dataDir: system.settings.DATA_DIR })
      expect(verified?.tables['search_index']).toEqual({ rows: published, differences: 0 })
      await expect.poll(embedDetail).not.toContain('embed model')
    },
  )

  it('stays with it after a restart without a network', async () => {
    for (const mirror of mirrors) mirror.setOpen(false)
    const before = mirrors[0].requests.length
    await end(first, 'SIGTERM')
    first = await startWorker('first', 'embed,train,serve', mirrors[0])
    expect(await find(first, QUESTION)).toMatchObject({ model: 'semantic' })
    expect(await understandingVersion(first)).toContain(await trainedWith(fingerprint))
    expect(mirrors[0].requests.length).toBe(before)
  })
})

it.runIf(existsSync(folder))('is a preset with the checksum of each file, so that a mirror needs no API', () => {
  for (const known of [AUTO_PRESET, presetOf('all-MiniLM-L6-v2')]) expect(Object.keys(known?.sha256 ?? {}).sort()).toEqual(FILES.toSorted())
})
