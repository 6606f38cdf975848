import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { loadKinds } from '../../../infra/app/load-kinds.ts'
import { loadSettings } from '../../../infra/settings.ts'
import { createBudgets } from '../../../pipeline/models/budgets.ts'
import { tenantSettingsOf } from '../../../schemas/tenant-settings.ts'
import { completion, failure, type ModelEndpoint, startModelEndpoint } from '../../support/model-endpoint.ts'
import { replierKind } from '../../support/replier-kind.ts'
import { cliJson, runCli } from '../../support/run-cli.ts'
import { settingsFor, silent, startSystem, type System, temporaryFolder } from '../../support/test-system.ts'

let dataDir: string
let file: string
let system: System
let [quick, strong]: ModelEndpoint[] = []
const fileWith = (more = ''): string => `- name: quick
  tier: small
  baseUrl: ${quick?.url}
  model: tiny
  priceIn: 1
  priceOut: 2
- name: strong
  tier: large
  baseUrl: ${strong?.url}
  model: big
  priceIn: 100
  priceOut: 200
- {name: keyless, tier: medium, provider: anthropic, apiKeyEnv: NO_SUCH_KEY, model: claude}
${more}`

beforeAll(async () => {
  dataDir = await temporaryFolder()
  file = join(dataDir, 'models.yaml')
  ;[quick, strong] = [await startModelEndpoint(), await startModelEndpoint()]
  await writeFile(file, fileWith())
  const builtIn = await loadKinds(loadSettings({}, settingsFor(dataDir)).settings)
  system = await startSystem({ dataDir, kinds: [...builtIn.values(), replierKind], settings: { MODELS: file } })
})
beforeEach(() => {
  quick?.react(completion('from quick'))
  strong?.react(completion('from strong'))
})
afterAll(async () => {
  await system.stop()
  await Promise.all([quick?.stop(), strong?.stop()])
  await rm(dataDir, { recursive: true })
})

const run = (...args: string[]) => runCli(args, { dataDir, settings: { MODELS: file } })
const shown = <T>(...args: string[]) => cliJson<T>(args, { dataDir, settings: { MODELS: file } })
let lastId = 0
/** Asks the replier of a tenant. @returns the data of its reply */
async function ask(text: string, tenant = 'acme'): Promise<Record<string, unknown>> {
  const id = `c-${(lastId += 1)}`
  const replies = system.producer.subscribe(`out.${tenant}.replier.${id}.message.sent`, { max: 1 })
  system.producer.publish(`in.${tenant}.replier.${id}`, JSON.stringify({ type: 'message.received', id: 'q', data: { role: 'user', text } }))
  for await (const message of replies) return message.json<{ data: Record<string, unknown> }>().data
  throw new Error('no reply')
}
const HARD =
  'Compare the Basic, Pro and Enterprise plans for 12 people in 3 countries over 24 months: which one is cheaper, what are the pros and '
  + 'cons of each, and why? Explain what happens to our data if we downgrade, and plan the migration step by step. What do you recommend?'

test('a task of a kind generates by the tier of the question, and the turn tells tier, complexity, reason and cost', async () => {
  expect(await ask('几点开门？')).toMatchObject({
    text: 'from quick',
    model: 'quick',
    tier: 'small',
    tierReason: 'complexity',
    cost: 0.000138,
  })
  expect(await ask(HARD)).toMatchObject({ text: 'from strong', model: 'strong', tier: 'large' })
  await run('status', '--wait')
  const rows = await shown<Record<string, unknown>>(
    'sql',
    "SELECT model, tier, complexity, tier_reason, tokens_in FROM turns WHERE kind = 'replier' ORDER BY committed_at",
  )
  expect(rows).toMatchObject([
    { model: 'quick', tier: 'small', tier_reason: 'complexity', tokens_in: 120 },
    { model: 'strong', tier: 'large', tier_reason: 'complexity' },
  ])
  expect(await run('verify')).toMatchObject({ code: 0 })
})

test('models ls tells what each model is and how it fares; status tells the same', async () => {
  const models = await shown<Record<string, unknown>>('models', 'ls')
  expect(models).toMatchObject([
    { name: 'quick', tier: 'small', priceIn: 1, unusable: null, processes: [{ state: 'ready', requestsMax: 8 }] },
    { name: 'strong', processes: [{ state: 'ready' }] },
    { name: 'keyless', unusable: 'its key is missing: set the environment variable NO_SUCH_KEY', processes: [{ state: 'unusable' }] },
  ])
  const text = (await run('status')).stdout
  expect(text).toMatch(/quick\s.*small\s.*ready, 0 of 8 places taken/)
  expect(text).toContain('NO_SUCH_KEY')
})

test('models test asks each model, and its exit code tells that one fails', async () => {
  quick?.react((response, request) => completion('```json\n{"city":"Oslo","country":"Norway"}\n```')(response, request))
  strong?.react(failure(401))
  const tested = await run('models', 'test', '--json')
  expect(tested.code).toBe(1)
  const rows = tested.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object)
  expect(rows).toMatchObject([
    { name: 'quick', ok: true, text: { tokensIn: 120, tokensOut: 9, cost: 0.000138, error: null }, structure: { error: null } },
    { name: 'strong', ok: false, text: { error: { code: 'model_refused', remedy: 'Correct model, baseUrl or the key.' } } },
    { name: 'keyless', ok: false, text: { error: { code: 'no_model' } } },
  ])
  expect((await run('models', 'test')).stdout).toContain('answered 401')
})

test('models ls tells no running system from one that cannot be asked', async () => {
  const none = await runCli(['models', 'ls'], { dataDir: await temporaryFolder(), settings: { MODELS: file, NATS_PORT: '0' } })
  expect([none.code, none.stderr]).toEqual([0, ''])
  expect(none.stdout).toContain('no system runs')
  const away = await runCli(['models', 'ls'], { dataDir, settings: { MODELS: file, NATS_URL: 'nats://127.0.0.1:1' } })
  expect(away.code).toBe(0)
  expect(away.stderr).toMatch(/cannot be asked how its models fare \(nats_unreachable\): .*127\.0\.0\.1:1/)
  expect(away.stdout).toContain('unknown')
  expect(away.stdout).not.toContain('no system runs')
})

test('a file that breaks while the system runs is told by status, and the models of before stay', async () => {
  await writeFile(file, '- {name: quick')
  await expect.poll(async () => (await run('status', '--problems')).stdout, { interval: 200 }).toContain('bad_models')
  expect(await ask('How long does shipping take?')).toMatchObject({ text: expect.stringContaining('from') as string })
  const refused = await run('models', 'ls')
  expect([refused.code, refused.stderr]).toMatchObject([1, expect.stringContaining('models.yaml')])
  await writeFile(file, fileWith())
  await expect.poll(async () => (await run('status', '--problems')).stdout, { interval: 200 }).not.toContain('bad_models')
})

test('check --models tells what recorded turns would have cost with other models', async () => {
  const other = join(dataDir, 'other.json')
  await writeFile(
    other,
    JSON.stringify([{ name: 'one', tier: 'medium', baseUrl: 'http://127.0.0.1:1/v1', model: 'x', priceIn: 10, priceOut: 10 }]),
  )
  await run('status', '--wait')
  const rows = await shown<{ model: string; summary?: object; before: object; after: object }>(
    'check',
    '--models',
    other,
    '--tenant',
    'acme',
  )
  const summary = rows.at(-1)?.summary as { before: { turns: number }; after: { turns: number; cost: number } }
  expect(summary.after.turns).toBe(summary.before.turns)
  expect(summary.after.cost).toBeCloseTo(summary.after.turns * 0.00129)
  expect(rows.find(({ model }) => model === 'quick')).toMatchObject({ tier: 'small', after: { turns: 0 } })
  const text = (await run('check', '--models', other, '--tenant', 'acme')).stdout
  expect(text).toContain('Estimated: the tokens of 0 turns')
})

describe('budgets', () => {
  test('near its budget a tenant gets the smallest models, and beyond it an error', async () => {
    // One answer of strong costs 0.0138.
    await run('tenant', 'set', 'thrifty', 'BUDGET_DAY', '0.016')
    await expect.poll(async () => (await ask(HARD, 'thrifty'))['tierReason'], { interval: 200 }).toBe('budget')
    expect(await ask(HARD, 'thrifty')).toMatchObject({ model: 'quick', tier: 'small', tierReason: 'budget' })
    await run('tenant', 'set', 'thrifty', 'BUDGET_DAY', '0.001')
    await expect.poll(async () => (await ask(HARD, 'thrifty'))['text'], { interval: 200 }).toBe('model_budget')
    // Other tenants spend their own.
    expect(await ask(HARD)).toMatchObject({ model: 'strong' })
  })

  test('processes add up what they spend, a new day begins at 0, and a message costs no round trip', async () => {
    const { kv } = system.running
    let day = Date.parse('2026-11-30T10:00:00Z')
    const open = () => createBudgets({ kv, log: silent, now: () => day })
    const settings = tenantSettingsOf({ BUDGET_DAY: 10 })
    const [one, other] = [open(), open()]
    try {
      expect(await one.stateOf('shared', settings)).toBe('free')
      one.charge('shared', 5, settings)
      expect(await one.stateOf('shared', settings)).toBe('free')
      other.charge('shared', 3.5, settings)
      await one.stop()
      await other.stop()
      expect((await kv.get('spent.shared'))?.json()).toEqual({ day: '2026-11-30', micros: 8_500_000 })
      const later = open()
      expect(await later.stateOf('shared', settings)).toBe('smaller')
      later.charge('shared', 2, settings)
      expect(await later.stateOf('shared', settings)).toBe('spent')
      day += 24 * 3_600_000
      expect(await later.stateOf('shared', settings)).toBe('free')
      later.charge('shared', 1, settings)
      await later.stop()
      expect((await kv.get('spent.shared'))?.json()).toEqual({ day: '2026-12-01', micros: 1_000_000 })
    } finally {
      await Promise.all([one.stop(), other.stop()])
    }
  })
})

// The last one: the model rests for minutes.
test('a model that fails rests, and status says why', async () => {
  quick?.react(failure(429, { 'retry-after': '120' }))
  expect(await ask('How long does shipping take?')).toMatchObject({ model: 'strong', tierReason: 'fallback' })
  const [status] = await shown<{ models: { models: object[] }[] }>('status')
  expect(status?.models[0]?.models[0]).toMatchObject({ name: 'quick', state: 'resting', detail: expect.stringContaining('429') as string })
  expect((await run('models', 'ls')).stdout).toContain('resting for')
})
