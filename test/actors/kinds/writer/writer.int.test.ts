import { afterAll, beforeAll, expect, test } from 'vitest'
import { promptKind } from '../../../../actors/kinds/prompt/kind.ts'
import { newStrategy, seedOf, type StrategyContext, withArms, withChoice, withReward } from '../../../../actors/kinds/strategy/choices.ts'
import { strategyKind } from '../../../../actors/kinds/strategy/strategy-kind.ts'
import { tenantKind } from '../../../../actors/kinds/tenant/kind.ts'
import { createWriter } from '../../../../actors/kinds/writer/writer-kind.ts'
import { askQuestion } from '../../../../infra/reporting/questions/ask-question.ts'
import { armSchema } from '../../../../schemas/writing-events.ts'
import { completion, failure, type ModelEndpoint, startModelEndpoint } from '../../../support/model-endpoint.ts'
import { caughtUp, type Entry, publishAll, readLog, replayDifferences, rows, tablesBesideLog } from '../../../support/system-assertions.ts'
import { startSystem, type System } from '../../../support/test-system.ts'

const TIMEOUT_MS = 180_000
const WAIT = { timeout: 60_000, interval: 50 }
const KINDS = [strategyKind, createWriter(), promptKind, tenantKind]

let endpoint: ModelEndpoint
let system: System

beforeAll(async () => {
  endpoint = await startModelEndpoint()
  system = await startSystem({ kinds: KINDS, settings: { LLM_BASE_URL: endpoint.url, LLM_MODEL: 'tiny' } })
}, TIMEOUT_MS)
afterAll(async () => {
  await system.stop()
  await endpoint.stop()
})

let sent = 0
const publish = (key: string, type: string, data: object, id = `i-${++sent}`) =>
  publishAll(system, [{ subject: `in.acme.${key}`, body: { type, id, source: 'test', data } }])
const of = async (actor: string): Promise<Entry[]> => (await readLog(system)).filter((entry) => entry.actor === `acme/${actor}`)
const emitted = async (actor: string, type: string) =>
  (await of(actor))
    .flatMap(({ record }) => record.emitted)
    .filter((one) => one.type === type)
    .map(({ data }) => data)

/** What the model was told to do decides what it writes. */
const reactByInstructions = (): void =>
  endpoint.react((response, request) => {
    const told = endpoint.asked.at(-1)?.body.messages[0]?.content ?? ''
    return completion(told.includes('Be brief') ? 'Open on Sundays.' : 'The shop opens on Sundays from 10 to 16, and parking is free.')(
      response,
      request,
    )
  })

test(
  'a text is written by the version that an arm names, its feedback rewards the arm, and all of it is on record',
  async () => {
    reactByInstructions()
    await publish('prompt.news', 'prompt.set', { text: 'Write news for {{company}}.' })
    await publish('prompt.news', 'prompt.set', { text: 'Be brief. {{rules}}' })
    // Version 1 is what all get: an arm does not care.
    await publish('prompt.news', 'prompt.released', { version: 1 })
    await publish('strategy.news', 'strategy.set', { arms: [{ id: 'brief', prompt: 'news', version: 2, tone: 'warm', length: 30 }] })
    await expect.poll(() => emitted('strategy/news', 'strategy.changed'), WAIT).toHaveLength(1)
    await expect.poll(() => emitted('prompt/news', 'prompt.rolled_out'), WAIT).toHaveLength(1)
    await publish('writer.w-1', 'brief.given', {
      purpose: 'news',
      brief: 'Tell that the shop opens on Sundays.',
      facts: ['It opens from 10 to 16.'],
    })
    await expect
      .poll(() => emitted('writer/w-1', 'text.written'), WAIT)
      .toMatchObject([
        {
          ...{ text: 'Open on Sundays.', made: 'model', purpose: 'news', arm: 'brief', tone: 'warm', length: 30, lang: 'en' },
          ...{ brief: 'Tell that the shop opens on Sundays.', facts: ['It opens from 10 to 16.'], promptVersion: 'news@2', model: 'tiny' },
          ...{ tokensIn: 120, tokensOut: 9, quality: expect.any(Number) as number, evaluator: expect.stringContaining('rules@') as string },
        },
      ])
    await publish('writer.w-1', 'feedback.given', { rating: 4 })
    await expect
      .poll(() => emitted('strategy/news', 'choice.rewarded'), WAIT)
      .toMatchObject([{ arm: 'brief', reward: 0.75, by: 'feedback' }])
    await caughtUp(system)
    expect(
      await rows(system, `SELECT purpose, text, arm, tone, length, prompt_version, tokens_in, code FROM texts WHERE actor = 'w-1'`),
    ).toEqual([
      {
        purpose: 'news',
        text: 'Open on Sundays.',
        arm: 'brief',
        tone: 'warm',
        length: 30,
        prompt_version: 'news@2',
        tokens_in: 120,
        code: null,
      },
    ])
    expect(await rows(system, `SELECT action, arm, prompt, reward, reason FROM choices WHERE actor = 'news' ORDER BY seq, idx`)).toEqual([
      { action: 'made', arm: 'brief', prompt: 'news@2', reward: null, reason: null },
      { action: 'rewarded', arm: 'brief', prompt: null, reward: 0.75, reason: 'feedback' },
    ])
    const period = { tenant: 'acme', from: new Date(Date.now() - 3_600_000), to: new Date(Date.now() + 60_000) }
    const answer = await askQuestion(system.running.client ?? expect.unreachable('no tables'), 'strategies', period)
    const arm = { chosen: 1, rewarded: 1, by_feedback: 1, reward: 0.75, reward_low: null, texts: 1, failed: 0 }
    expect(answer).toMatchObject([
      { total: true, ...arm },
      { total: false, strategy: 'news', arm: 'brief', ...arm },
    ])
  },
  TIMEOUT_MS,
)

test(
  'an arm of a version that there is not fails, and says which there are',
  async () => {
    await publish('strategy.gone', 'strategy.set', { arms: [{ id: 'ninth', prompt: 'news', version: 9 }] })
    await publish('writer.w-gone', 'brief.given', { purpose: 'gone', brief: 'Tell it.' })
    await expect
      .poll(() => emitted('writer/w-gone', 'text.failed'), WAIT)
      .toMatchObject([{ code: 'no_prompt_version', message: expect.stringContaining('versions 1 to 2') as string, arm: 'ninth' }])
    await expect.poll(() => emitted('strategy/gone', 'choice.rewarded'), WAIT).toMatchObject([{ reward: 0, by: 'failure' }])
  },
  TIMEOUT_MS,
)

test(
  'a model that fails is asked again by the policy, and then the text has failed',
  async () => {
    endpoint.react(failure(500))
    await publish('writer.w-fails', 'brief.given', { purpose: 'unheard-of', brief: 'Tell it.' })
    await expect
      .poll(() => emitted('writer/w-fails', 'text.failed'), { ...WAIT, timeout: 120_000 })
      .toMatchObject([{ arm: 'default', brief: 'Tell it.', promptVersion: expect.stringContaining('write@built-in') as string }])
    await expect.poll(() => emitted('strategy/unheard-of', 'choices.dropped'), WAIT).toMatchObject([{ reason: 'withdrawn' }])
    await caughtUp(system)
    expect(await rows(system, `SELECT action, reason FROM choices WHERE actor = 'unheard-of' ORDER BY seq, idx`)).toEqual([
      { action: 'made', reason: null },
      { action: 'dropped', reason: 'withdrawn' },
    ])
  },
  TIMEOUT_MS,
)

test(
  'live choices are those of the simulation, a replay agrees with both, and verify with the tables',
  async () => {
    const ARMS = ['plain', 'best', 'other'].map((id) => armSchema.parse({ id }))
    const RATES: Readonly<Record<string, number>> = { plain: 0.2, best: 0.9, other: 0.4 }
    const ROUNDS = 60
    await publish('strategy.sim', 'strategy.set', { arms: ARMS, feedback: '0s' })
    let expected: StrategyContext = withArms(newStrategy, ARMS, '0s').context
    const arms: string[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const { arm, ...made } = withChoice(expected, `c-${round}`, seedOf({ source: 'test', id: `ask-${round}` }))
      arms.push(arm.id)
      expected = withReward(made.context, `c-${round}`, RATES[arm.id] ?? 0)
      await publish('strategy.sim', 'choice.asked', { choice: `c-${round}` }, `ask-${round}`)
      await publish('strategy.sim', 'reward.given', { choice: `c-${round}`, reward: RATES[arm.id] ?? 0 })
    }
    await expect.poll(() => emitted('strategy/sim', 'choice.rewarded'), WAIT).toHaveLength(ROUNDS)
    expect((await emitted('strategy/sim', 'choice.made')).map(({ arm }) => (arm as { id: string }).id)).toEqual(arms)
    expect((await of('strategy/sim')).at(-1)?.record.state?.context).toEqual(expected)
    expect(arms.slice(ROUNDS / 2).filter((arm) => arm === 'best').length).toBeGreaterThan(ROUNDS / 3)
    await caughtUp(system)
    expect(await replayDifferences(system, KINDS)).toEqual([])
    expect(await tablesBesideLog(system)).toEqual([])
  },
  TIMEOUT_MS,
)
