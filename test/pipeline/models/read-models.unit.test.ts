import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ModelRegistry, openModelRegistry } from '../../../pipeline/models/model-registry.ts'
import { readModelsFile } from '../../../pipeline/models/read-models.ts'
import { messageOf } from '../../../schemas/errors.ts'
import { generationWith } from '../../support/generation-setup.ts'
import { completion, type ModelEndpoint, startModelEndpoint } from '../../support/model-endpoint.ts'

let folder: string
let file: string
let registry: ModelRegistry | undefined
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'colloquy-models-'))
  file = join(folder, 'models.yaml')
})
afterEach(async () => {
  await registry?.stop()
  registry = undefined
  await rm(folder, { recursive: true })
})

const YAML = `# the models
- name: quick
  tier: small
  baseUrl: http://127.0.0.1:1/v1
  model: tiny
- name: claude
  tier: large
  provider: anthropic
  apiKeyEnv: CLAUDE_KEY
  model: claude-x
  priceIn: 3
  priceOut: 15
`
const write = (text: string): Promise<void> => writeFile(file, text)
const open = async (keys: Record<string, string>): Promise<ModelRegistry> =>
  (registry = await openModelRegistry({
    source: { file, keyOf: (variable) => keys[variable] },
    now: () => performance.now(),
    log: pino({ level: 'silent' }),
  }))
const problemWith = async (text: string): Promise<string> => {
  await write(text)
  return readModelsFile(file).then(
    () => 'none',
    (error: unknown) => messageOf(error),
  )
}

test('YAML and JSON are read, with defaults', async () => {
  await write(YAML)
  const fromYaml = await readModelsFile(file)
  expect(fromYaml[0]).toMatchObject({ provider: 'openai-compatible', contextMax: 32_768, requestsMax: 8, totalMs: 20_000 })
  await write(JSON.stringify(fromYaml))
  expect(await readModelsFile(file)).toEqual(fromYaml)
})

test.each([
  ['a wrong tier', YAML.replace('tier: large', 'tier: huge'), ':7: models.1.tier: must be one of "small", "medium", "large"'],
  ['a missing model', YAML.replace('  model: tiny\n', ''), ':2: models.0.model: is missing; it must be a text'],
  ['a misspelt field', YAML.replace('priceIn', 'pricein'), ':6: models.1: unknown field "pricein"'],
  ['one price alone', YAML.replace('  priceIn: 3\n', ''), ':6: models.1.priceIn: is missing; set both prices or neither'],
  ['a name twice', YAML.replace('name: claude', 'name: quick'), ':6: models.1.name: is the name of models[0], too'],
  ['no address', YAML.replace('  baseUrl: http://127.0.0.1:1/v1\n', ''), ':2: models.0.baseUrl: is missing'],
  ['a key in place of a variable', YAML.replace('CLAUDE_KEY', 'sk-ant-123'), ':9: models.1.apiKeyEnv: must be the name of an environment'],
  ['no key', YAML.replace('  apiKeyEnv: CLAUDE_KEY\n', ''), ':6: models.1.apiKeyEnv: is missing; it names the environment variable'],
  ['a negative price', YAML.replace('priceIn: 3', 'priceIn: -3'), ':11: models.1.priceIn: must be at least 0'],
  ['no list', 'name: quick', ':1: models: must be a list'],
  ['an empty list', '[]', ':1: models: must not be empty'],
  ['an empty file', '', 'models: must be a list'],
  ['no YAML', '- {name: quick', 'it is no YAML or JSON'],
  [
    'too many models',
    JSON.stringify(Array.from({ length: 33 }, (_, index) => ({ name: `m${index}`, tier: 'small', baseUrl: 'http://a/', model: 'x' }))),
    'at most 32',
  ],
])('%s is told with its file, line and field', async (_, text, problem) => {
  const told = await problemWith(text)
  expect(told).toContain(problem)
  expect(told).toContain(file)
})

test('a file that does not exist names the setting', async () => {
  await expect(readModelsFile(join(folder, 'nowhere.yaml'))).rejects.toMatchObject({
    code: 'bad_models',
    message: expect.stringContaining('does not exist; COLLOQUY_MODELS names it') as string,
  })
})

test('a model whose key is missing cannot be used, and says which variable; the others can', async () => {
  await write(YAML)
  const { pools } = await open({})
  expect(pools().map(({ entry, unusable }) => [entry.name, unusable])).toEqual([
    ['quick', undefined],
    ['claude', 'its key is missing: set the environment variable CLAUDE_KEY'],
  ])
})

test('a file of models whose keys are all missing refuses the start', async () => {
  await write(YAML.replace('  baseUrl', '  apiKeyEnv: QUICK_KEY\n  baseUrl'))
  await expect(open({})).rejects.toMatchObject({
    code: 'bad_models',
    message: expect.stringContaining('set QUICK_KEY, CLAUDE_KEY') as string,
  })
})

test('a file that changes is read again: new models come, and those that stay keep their health', async () => {
  await write(YAML)
  const models = await open({ CLAUDE_KEY: 'k' })
  const [quick, claude] = models.pools()
  await write(
    YAML.replace('priceIn: 3', 'priceIn: 4').replace(
      '- name: claude',
      '- name: third\n  tier: medium\n  baseUrl: http://127.0.0.1:1/v1\n  model: x\n- name: claude',
    ),
  )
  await expect.poll(() => models.pools().map(({ entry }) => entry.name)).toEqual(['quick', 'third', 'claude'])
  expect(models.pools()[0]).toBe(quick)
  expect(models.pools()[2]).not.toBe(claude)
})

test('a file that breaks while it is used changes nothing, and the problem is told until it is right again', async () => {
  await write(YAML)
  const models = await open({ CLAUDE_KEY: 'k' })
  const before = models.pools()
  await write('- {name: quick')
  await expect.poll(() => models.problem()).toContain('it is no YAML or JSON')
  expect(models.pools()).toBe(before)
  await write(YAML)
  await expect.poll(() => models.problem()).toBeUndefined()
})

test('requests that run while the file changes are answered by the model that they have', async () => {
  const endpoint: ModelEndpoint = await startModelEndpoint()
  const released = Promise.withResolvers<void>()
  endpoint.react(async (response, request) => {
    await released.promise
    await completion('hello')(response, request)
  })
  try {
    const entry = (name: string) => `- {name: ${name}, tier: small, baseUrl: "${endpoint.url}", model: tiny}\n`
    await write(entry('before'))
    const models = await open({})
    const { generate } = generationWith(models.pools)
    const ask = () => generate('acme', { messages: [{ role: 'user', content: 'Hi' }] }, new AbortController().signal)
    const running = Array.from({ length: 20 }, ask)
    await expect.poll(() => endpoint.asked.length).toBe(8)
    await write(entry('after'))
    await expect.poll(() => models.pools()[0]?.entry.name).toBe('after')
    released.resolve()
    expect((await Promise.all(running)).map(({ model }) => model)).toEqual(running.map(() => 'before'))
    expect((await ask()).model).toBe('after')
  } finally {
    await endpoint.stop()
  }
})
